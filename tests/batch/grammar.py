"""Generator of random task files, from a grammar of fast tasks that a role may contain."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

PATHS = [f"{{{{ box }}}}/{name}" for name in ("a", "b", "c")]
WORDS = ["one", "two", "drei", "été"]
# Variables begin with PREFIX, which becomes the case's own, so that no case sees another's.
REGISTERS = ["PREFIX_r", "PREFIX_s", "PREFIX_t"]
# Files that the task files include: name → text.
PARTS = {
    path.stem: path.read_text(encoding="utf-8") for path in (Path(__file__).parent / "parts").glob("*.yml")
}

paths = st.sampled_from(PATHS)
words = st.sampled_from(WORDS)
registers = st.sampled_from(REGISTERS)


def read(name: str) -> str:
    """An expression that reads what a task has registered, whether it has or not."""
    return f"({name} | default({{}})).stdout | default('no')"


texts = st.one_of(
    words,
    registers.map(lambda name: f"{{{{ {read(name)} }}}}"),
    registers.map(
        lambda name: f"{{{{ {name} is defined }}}} {{{{ {name} is changed if {name} is defined else '-' }}}}"
    ),
    st.just("{{ corpus_default }} {{ PREFIX_fact | default('none') }}"),
    st.just("{{ PREFIX_own | default('none') }}"),  # of a task or block that has such a variable
)
conditions = st.one_of(
    st.booleans(),
    registers.map(lambda name: f"{name} is defined and {name} is changed"),
    registers.map(lambda name: f"{name} is not defined or {name} is not failed"),
    registers.map(lambda name: f"{read(name)} == 'one'"),
    st.just("PREFIX_fact is defined"),
    st.just("nothing_of_the_kind"),
)
modules = st.one_of(
    st.builds(
        lambda path, text, mode: {
            "ansible.builtin.copy": {"dest": path, "content": text + "\n", "mode": mode}
        },
        paths,
        texts,
        st.sampled_from(["0600", "0644"]),
    ),
    st.builds(
        lambda path, line, create: {
            "ansible.builtin.lineinfile": {"path": path, "line": line, "create": create, "mode": "0644"}
        },
        paths,
        texts,
        st.booleans(),
    ),
    st.builds(
        lambda path, state: {"ansible.builtin.file": {"path": path, "state": state}},
        paths,
        st.sampled_from(["absent", "directory", "file", "touch"]),
    ),
    st.builds(
        lambda path: {"ansible.builtin.template": {"src": "seen.j2", "dest": path, "mode": "0600"}}, paths
    ),
    st.builds(lambda text: {"ansible.builtin.command": {"argv": ["echo", text]}}, texts),
    st.builds(lambda path: {"ansible.builtin.shell": f"cat {path}"}, paths),
    st.builds(lambda path: {"ansible.builtin.stat": {"path": path}}, paths),
    st.builds(lambda text: {"ansible.builtin.set_fact": {"PREFIX_fact": text}}, texts),
    st.builds(lambda text: {"ansible.builtin.debug": {"msg": text}}, texts),
    st.builds(lambda condition: {"ansible.builtin.assert": {"that": [condition]}}, conditions),
    st.just({"ansible.builtin.fail": {"msg": "on purpose"}}),
)
loops = st.one_of(
    st.lists(words, max_size=3),
    registers.map(lambda name: f"{{{{ [{read(name)}, 'more'] }}}}"),
)
sometimes = st.sampled_from([True, False, "{{ corpus_true }}"])
# Keywords of tasks and of blocks. A time that no task takes, even on a machine that is busy.
OF_BOTH: dict[str, st.SearchStrategy[Any]] = {
    "check_mode": sometimes,
    "diff": sometimes,
    "environment": st.builds(lambda text: {"COLOUR": text}, texts),
    "ignore_errors": sometimes,
    "no_log": sometimes,
    "tags": st.builds(lambda: ["red"]),
    "timeout": st.just(300),
    "vars": st.builds(
        lambda text: {"PREFIX_own": text}, words | registers.map(lambda r: f"{{{{ {read(r)} }}}}")
    ),
}
OF_TASKS: dict[str, st.SearchStrategy[Any]] = {
    **OF_BOTH,
    "delegate_to": st.sampled_from(["localhost", "{{ inventory_hostname }}"]),
    "ignore_unreachable": st.just(True),
    "loop_control": st.just({"label": "the {{ item }}", "index_var": "PREFIX_own"}),
    "notify": st.sampled_from(["First handler", "a topic"]),
    "until": registers.map(lambda name: f"{read(name)} == 'one'"),
}
OF_INCLUDES = ("ignore_errors", "no_log", "tags", "timeout")


@st.composite
def keywords(draw: st.DrawFn, known: Mapping[str, st.SearchStrategy[Any]]) -> dict[str, Any]:
    """A few of those that are known."""
    names = draw(st.lists(st.sampled_from(list(known)), max_size=3, unique=True))
    return {name: draw(known[name]) for name in names}


@st.composite
def includes(draw: st.DrawFn) -> dict[str, Any]:
    """A task that includes a part."""
    name, more = draw(st.sampled_from(["part.yml", "part_fails.yml"])), dict[str, Any]()
    if draw(st.booleans()):
        more["when"] = draw(conditions)
    if draw(st.booleans()):
        more |= {"loop": draw(loops), "loop_control": {"loop_var": "part"}}
    elif draw(st.booleans()):  # not in a loop: of a file that is not there Ansible tells once for each item
        name = "{{ 'part' if PREFIX_fact is defined else 'none' }}.yml"
    task = {"name": "Include", "ansible.builtin.include_tasks": name, "vars": {"part": draw(texts)}, **more}
    return task | draw(keywords({name: OF_BOTH[name] for name in OF_INCLUDES}))


@st.composite
def tasks(draw: st.DrawFn) -> dict[str, Any]:
    """One task with some keywords."""
    names = st.sampled_from(["Task", "Aufgabe", "Tâche", "Task {{ PREFIX_fact | default('none') }}"])
    task: dict[str, Any] = {"name": draw(names), **draw(modules), **draw(keywords(OF_TASKS))}
    some = st.integers(0, 3).map(lambda number: number == 3)  # what is first is drawn most
    if draw(some):
        task["when"] = draw(conditions)
    if draw(some):
        task["loop"] = draw(loops)
    if draw(st.booleans()):
        task["register"] = draw(registers)
        if draw(some):
            task["failed_when"] = draw(st.sampled_from([False, f"{read(task['register'])} == 'two'"]))
        if draw(some):
            task["changed_when"] = draw(st.sampled_from([False, True, f"{read(task['register'])} == 'one'"]))
    if "until" in task:
        task |= {"retries": 1, "delay": 0}
    return task


@st.composite
def entries(draw: st.DrawFn, depth: int = 0) -> dict[str, Any]:
    """A task, an include, or a block."""
    kind = draw(st.integers(0, 9))
    if depth > 1 or kind < 7:
        return draw(tasks())
    if kind == 7:
        return draw(includes())
    inner = st.lists(entries(depth + 1), min_size=1, max_size=3)
    block: dict[str, Any] = {"name": "Block", "block": draw(inner), **draw(keywords(OF_BOTH))}
    if draw(st.booleans()):
        block["rescue"] = draw(inner)
    if draw(st.booleans()):
        block["always"] = draw(inner)
    if draw(st.booleans()):
        block["when"] = draw(conditions)
    return block


files = st.lists(entries(), min_size=2, max_size=5)


def some_files(count: int, start: int) -> dict[str, str]:
    """``count`` task files by name; the same for the same ``start``."""
    found: list[Any] = []
    number = start * 1_000_000
    while len(found) < count:
        file = _file(number)
        number += 1
        if file not in found:
            found.append(file)
    names = [f"random_{number:03d}" for number in range(len(found))]
    return {
        name: "# At random\n"
        + yaml.safe_dump(file, allow_unicode=True, sort_keys=False).replace("PREFIX", name)
        for name, file in zip(names, found, strict=True)
    }


def _file(number: int) -> Any:
    """A file by its number, the second that Hypothesis draws: the first is always the simplest.

    Those that it draws after it would be much like it, as it looks for what makes a test fail.
    """
    drawn: list[Any] = []

    @seed(number)
    @settings(
        max_examples=2,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(files)
    def collect(file: Any) -> None:
        drawn.append(file)

    collect()
    return drawn[-1]
