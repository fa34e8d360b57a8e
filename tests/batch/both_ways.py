"""Runs task files the ordinary way and in batches, on equal targets, and reports the differences.

A playbook run goes through all cases of a corpus, each in a block that rescues it; the callback plugin ``observed``
writes what was shown. Both ways run at the same time, since nothing of them is shared.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

import yaml

from tests.batch.normal import normal

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
WAYS = ("ordinary", "batch")
SHARED = ("templates", "files", "library", "defaults", "vars")
# What stands around the file of a case, and beside it.
AROUND: dict[str, dict[str, Any]] = {
    "around": {
        "environment": {"COLOUR": "red"},
        "ignore_errors": True,
        "module_defaults": {
            "ansible.builtin.copy": {"mode": "0604"},
            "ansible.builtin.file": {"mode": "0711"},
        },
        "vars": {"around_shade": "dark"},
    },
    "around_become": {"become": True, "become_user": "pupil"},
    "around_check_mode": {"check_mode": True},
    "around_no_log": {"no_log": True},
    "around_when": {"when": "around_when_said is not defined"},
    "timeout_around": {"timeout": 20},
}
BESIDE: dict[str, dict[str, Any]] = {
    "interpreter_auto": {"vars": {"ansible_python_interpreter": "auto"}},
    "reached_otherwise": {
        "vars": {
            "ansible_python_interpreter": "{{ reached_otherwise.stdout | default(ansible_playbook_python) }}"
        }
    },
    "variables_given": {"vars": {"given": "given", "given_lazily": "{{ inner }}"}},
}
# What the play may look at after a case, besides what its tasks register and set.
LOOKED_AT: dict[str, dict[str, str]] = {
    "block_rescue": {
        "failed": "{{ ansible_failed_task.name if block_rescue_failed.rc | default(0) else 'none' }}"
    },
    "facts_then_failure": {
        "fact": "{{ ansible_facts.facts_then_failure_cached | default('UNDEFINED') }}",
        "of_a_file": "{{ facts_then_failure_named | default('UNDEFINED') }}",
    },
}
Tree = dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Target:
    """Where a way works. ``root`` is the folder on the target; ``tree`` reads what is in it."""

    root: str
    variables: Mapping[str, str]
    tree: Callable[[], Tree]


@dataclass
class Seen:
    """What one playbook run of one way showed and left, by case."""

    events: dict[str, list[dict[str, Any]]]
    tree: dict[str, Tree]
    output: str


@dataclass
class Corpus:
    """Task files with what a role needs around them, laid out as a role in ``folder``."""

    folder: Path
    cases: Mapping[str, str]
    parts: Mapping[str, str] = field(default_factory=dict)
    before: tuple[str, ...] = ()  # what is put before ansible-playbook
    pipelining: bool = True
    callback: bool = True  # the batch has its part in the process of the play
    shards: int = 1  # of each way, in runs of their own: more, and no processor waits for the slower way

    def lay_out(self) -> None:
        """Write the role ``corpus`` and the settings."""
        role = self.folder / "roles" / "corpus"
        (role / "tasks").mkdir(parents=True)
        (role / "handlers").mkdir()
        for name in SHARED:
            (role / name).symlink_to(HERE / name)
        shutil.copy(HERE / "handlers.yml", role / "handlers" / "main.yml")
        (self.folder / "roles" / "other").symlink_to(HERE / "other")
        for name, text in {**self.cases, **self.parts}.items():
            (role / "tasks" / f"{name}.yml").write_text(text, encoding="utf-8")
        collections = self.folder / "collections" / "ansible_collections" / "cartable"
        collections.mkdir(parents=True)
        (collections / "fleet").symlink_to(PROJECT)
        (self.folder / "ansible.cfg").write_text(
            f"[defaults]\ncollections_path = {self.folder / 'collections'}\nroles_path = {self.folder / 'roles'}\n"
            f"callback_plugins = {HERE / 'plugins'}\ncallbacks_enabled = {self._callbacks()}\n"
            "retry_files_enabled = False\ninterpreter_python = /usr/bin/python3\nlocalhost_warning = False\n"
            f"[connection]\npipelining = {self.pipelining}\n",
            encoding="utf-8",
        )

    def _callbacks(self) -> str:
        return "observed, cartable.fleet.batch" if self.callback else "observed"

    def _entry(self, name: str, way: str) -> dict[str, Any]:
        run = {
            "ordinary": {"ansible.builtin.include_tasks": f"{name}.yml"},
            "batch": {"cartable.fleet.batch": {"tasks_from": f"{name}.yml"}},
        }[way]
        dump = {
            variable: f"{{{{ {variable} | default('UNDEFINED') }}}}"
            for variable in _registered(self.cases[name])
        } | LOOKED_AT.get(name, {})
        # Blocks around it, so that a failure ends one case and not the others. The tasks of the case are to inherit
        # nothing, so that the tag is not the block's.
        always = {"tags": ["always"]}
        around = AROUND.get(name, {})
        return {
            "name": f"Case {name}",
            **around,
            "vars": {"box": f"{{{{ root }}}}/{name}", **around.get("vars", {})},
            "block": [{"name": "Run it", **run, **BESIDE.get(name, {}), **always}],
            "rescue": [{"name": f"Failed {name}", "ansible.builtin.debug": {"msg": "rescued"}, **always}],
            "always": [
                {"name": "Handlers", "ansible.builtin.meta": "flush_handlers", **always},
                {"name": f"End {name}", "ansible.builtin.debug": {"msg": dump}, **always},
            ],
        }

    def run(
        self, targets: Mapping[str, Target], *arguments: str, only: Sequence[str] | None = None
    ) -> dict[str, Seen]:
        """Run each way that has a target, all cases or those of ``only``; way → what was seen."""
        cases = list(self.cases if only is None else only)
        parts = [cases[number :: self.shards] for number in range(min(self.shards, len(cases)))]
        seen = {way: Seen({}, {name: {} for name in self.cases}, "") for way in targets}
        with ThreadPoolExecutor(max_workers=2) as pool:
            runs = {
                (way, number): pool.submit(self._run, way, number, part, targets[way], arguments)
                for way in targets
                for number, part in enumerate(parts)
            }
        for (way, number), future in runs.items():
            seen[way].output += future.result()
            seen[way].events |= _by_case(self._observed(way, number), targets[way].root)
        for way, target in targets.items():
            for path, what in target.tree().items():
                case, _, rest = path.partition("/")
                tree = seen[way].tree.setdefault(case, {})
                tree[normal(rest, target.root)] = tuple(normal(what, target.root))
        return seen

    def _observed(self, way: str, number: int) -> Path:
        return self.folder / f"observed-{way}-{number}"

    def _run(
        self, way: str, number: int, cases: Sequence[str], target: Target, arguments: Sequence[str]
    ) -> str:
        """Run some cases one way; what ansible-playbook said."""
        name = f"all_{way}_{number}"
        tasks = self.folder / "roles" / "corpus" / "tasks" / f"{name}.yml"
        tasks.write_text(_yaml([self._entry(case, way) for case in cases]), encoding="utf-8")
        role = {"ansible.builtin.import_role": {"name": "corpus", "tasks_from": f"{name}.yml"}}
        playbook = self.folder / f"{name}.yml"
        playbook.write_text(
            _yaml([{"hosts": "target", "gather_facts": False, "tasks": [role]}]), encoding="utf-8"
        )
        inventory = self.folder / f"{way}-{number}-hosts.yml"
        hosts = {"target": {"root": target.root, **target.variables}}
        inventory.write_text(_yaml({"all": {"hosts": hosts}}), encoding="utf-8")
        ended = subprocess.run(
            [
                *self.before,
                Path(sys.executable).with_name("ansible-playbook"),
                "--inventory",
                inventory,
                *arguments,
                playbook,
            ],
            cwd=self.folder,
            env={
                **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
                "OBSERVED": str(self._observed(way, number)),
                "ANSIBLE_CONFIG": str(self.folder / "ansible.cfg"),
                "ANSIBLE_LOCAL_TEMP": str(self.folder / f"temporary-{way}-{number}"),
                "PYTHONHASHSEED": "0",  # some messages list a set
                "LC_ALL": "C.UTF-8",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=1800,
        )
        return ended.stdout


def local_targets(
    folder: Path, cases: Sequence[str], variables: Mapping[str, str] | None = None
) -> dict[str, Target]:
    """A folder of this machine for each way; their names are equally long, so that sizes are the same."""
    made = {}
    for way, name in zip(WAYS, ("one", "two"), strict=True):
        root = folder / "targets" / name
        for case in cases:
            (root / case).mkdir(parents=True)
        # Ansible looks for jobs in the home that /etc/passwd names, and writes them where HOME says.
        jobs = {"ansible_async_dir": str(folder / "jobs" / name)}
        told = {"ansible_connection": "local", **jobs, **(variables or {})}
        made[way] = Target(str(root), told, lambda root=root: dict(files_below(root)))
    return made


def files_below(root: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Relative path → kind, mode, owner, group, and the content's hash or the link's target."""
    for path in sorted(root.rglob("*")):
        found = path.lstat()
        if path.is_symlink():
            content = str(path.readlink())
        elif path.is_file():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            content = ""
        name = str(path.relative_to(root))
        yield name, (oct(found.st_mode), str(found.st_uid), str(found.st_gid), str(found.st_nlink), content)


def differences(seen: Mapping[str, Seen]) -> dict[str, list[str]]:
    """Case → what the batch did or showed otherwise than the ordinary run; empty when all is the same."""
    ordinary, batch = (seen[way] for way in WAYS)
    found: dict[str, list[str]] = {}
    for case in sorted({*ordinary.events, *batch.events}):
        told = [
            *_compare("shown", *(_shown(run.events.get(case, [])) for run in (ordinary, batch))),
            *_compare("tasks", *(_tasks(run.events.get(case, [])) for run in (ordinary, batch))),
        ]
        if told:
            found[case] = told
    for case in sorted({*ordinary.tree, *batch.tree}):
        left, right = ordinary.tree.get(case, {}), batch.tree.get(case, {})
        for path in sorted({*left, *right}):
            if left.get(path) != right.get(path):
                found.setdefault(case, []).append(
                    f"{path}: ordinary {left.get(path)}, batch {right.get(path)}"
                )
    return found


def _shown(events: Sequence[Mapping[str, Any]]) -> list[Any]:
    kinds = {"ok", "failed", "skipped", "unreachable", "diff", "retry", "handler"}
    return [event for event in events if event["event"] in kinds]


def _tasks(events: Sequence[Mapping[str, Any]]) -> list[str]:
    """Each task with its state, from the tasks of an ordinary run or the result of a batch."""
    tasks = []
    for event in events:
        if event["event"] == "task":
            tasks.append(event)
        elif event["event"] == "batch":
            tasks += event["tasks"] or []
    return [f"{task['name']}: {task['state']}, {task['changed']}, {task['ignored']}" for task in tasks]


def _compare(what: str, left: Sequence[Any], right: Sequence[Any]) -> Iterator[str]:
    for number, (one, two) in enumerate(zip_longest(left, right, fillvalue="nothing")):
        for place, first, second in _unlike(one, two, ""):
            of = f" of {one['what']!r}" if isinstance(one, dict) else ""
            yield f"{what} {number}{place}{of}:\n  ordinary {first!r}\n  batch    {second!r}"
        if one != two and len(left) != len(right):
            return  # the rest is only shifted


def _unlike(left: Any, right: Any, place: str) -> Iterator[tuple[str, Any, Any]]:
    """The innermost values that differ, with their places."""
    if isinstance(left, dict) and isinstance(right, dict) and left.get("event") == right.get("event"):
        for key in sorted({*left, *right}):
            yield from _unlike(left.get(key, "nothing"), right.get(key, "nothing"), f"{place}.{key}")
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for number, (one, two) in enumerate(zip(left, right, strict=True)):
            yield from _unlike(one, two, f"{place}[{number}]")
    elif left != right:
        yield place, left, right


def _by_case(observed: Path, root: str) -> dict[str, list[dict[str, Any]]]:
    cases: dict[str, list[dict[str, Any]]] = {}
    current: list[dict[str, Any]] = []
    for line in observed.read_text(encoding="utf-8").splitlines():
        event = normal(json.loads(line), root)
        if event["event"] == "task" and _ours(event["name"]):
            continue
        current.append(
            event
        )  # also that the play rescued the case: for it, the batch has to fail as an include does
        ended = event.get("what", "").partition(" : End ")[2]
        if ended:
            cases[ended] = current
            current = []
    if current:
        cases["after the last"] = current
    return cases


def _ours(name: str) -> bool:
    """Whether a task is of the generated play, and not of a case."""
    return name.partition(" : ")[2].startswith(("Failed ", "End "))


def _registered(text: str) -> list[str]:
    """The variables that the tasks of a file register or set."""
    names: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("register"), str):
                names.add(value["register"])
            facts = value.get("ansible.builtin.set_fact")
            if isinstance(facts, dict):
                names.update(name for name in facts if name.isidentifier() and name != "cacheable")
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(yaml.safe_load(text))
    return sorted(names)


def _yaml(value: Any) -> str:
    return yaml.safe_dump(value, allow_unicode=True, sort_keys=False)
