"""Task files at random, from a grammar: what a role may hold, in every combination that is quick to run."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

PATHS = [f"{{{{ box }}}}/{name}" for name in ("a", "b", "c")]
WORDS = ["one", "two", "drei", "été"]
# Variables begin with PREFIX, which becomes the case's own, so that no case sees another's.
REGISTERS = ["PREFIX_r", "PREFIX_s", "PREFIX_t"]

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
    st.just({"ansible.builtin.fail": {"msg": "on purpose"}}),
)
loops = st.one_of(
    st.lists(words, max_size=3),
    registers.map(lambda name: f"{{{{ [{read(name)}, 'more'] }}}}"),
)


@st.composite
def tasks(draw: st.DrawFn) -> dict[str, Any]:
    """One task with some keywords."""
    task: dict[str, Any] = {"name": draw(st.sampled_from(["Task", "Aufgabe", "Tâche"])), **draw(modules)}
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
    if draw(some):
        task["ignore_errors"] = draw(st.sampled_from([True, "{{ corpus_true }}"]))
    if draw(some):
        task["notify"] = draw(st.sampled_from(["First handler", "a topic"]))
    if draw(some):
        task["environment"] = {"COLOUR": draw(texts)}
    return task


@st.composite
def entries(draw: st.DrawFn, depth: int = 0) -> dict[str, Any]:
    """A task, or a block."""
    if depth > 1 or draw(st.integers(0, 4)) < 4:
        return draw(tasks())
    inner = st.lists(entries(depth + 1), min_size=1, max_size=3)
    block: dict[str, Any] = {"name": "Block", "block": draw(inner)}
    if draw(st.booleans()):
        block["rescue"] = draw(inner)
    if draw(st.booleans()):
        block["always"] = draw(inner)
    if draw(st.booleans()):
        block["when"] = draw(conditions)
    return block


# All of it in a block: handlers that were notified before a failure of the whole file are the known difference.
files = st.lists(entries(), min_size=2, max_size=5)


def some_files(count: int, start: int) -> dict[str, str]:
    """``count`` task files by name; the same for the same ``start``."""
    found: list[Any] = []

    @seed(start)
    @settings(
        max_examples=count * 3,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(files)
    def collect(file: Any) -> None:
        if len(found) < count and file not in found:
            found.append(file)

    collect()
    names = [f"random_{number:03d}" for number in range(len(found))]
    return {
        name: "# At random\n"
        + yaml.safe_dump(_rescued(file), allow_unicode=True, sort_keys=False).replace("PREFIX", name)
        for name, file in zip(names, found, strict=True)
    }


def _rescued(file: list[Any]) -> list[Any]:
    return [
        {
            "name": "All",
            "block": file,
            "rescue": [{"name": "End", "ansible.builtin.debug": {"msg": "rescued"}}],
        }
    ]
