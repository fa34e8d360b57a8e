"""What the batch uses of ansible-core's inside stands in the files of ``core``, named in ``test_core.py``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.batch import internals

PLUGINS = Path(__file__).parents[3] / "plugins"
CORE = PLUGINS / "plugin_utils" / "batch" / "core"
FILES = sorted(
    [
        *(PLUGINS / "plugin_utils" / "batch").rglob("*.py"),
        *PLUGINS.glob("module_utils/batch_*.py"),
        PLUGINS / "action" / "batch.py",
        PLUGINS / "callback" / "batch.py",
    ]
)
# What any plugin or module imports, as Ansible's documentation says.
PUBLIC = {
    "ansible.errors",
    "ansible.module_utils.basic",
    "ansible.plugins.action.ActionBase",
    "ansible.plugins.callback.CallbackBase",
}
# Outside core, and why.
ALLOWED = {
    "action/batch.py": {
        "_find_needle": "an action plugin has no other way to find a role's file",
        "_task": "nor to the task that it runs for",
    },
    "module_utils/batch_runner.py": {
        "ansible.module_utils._internal._ansiballz._loader": "runs on the target, where there is no core",
        "ansible.module_utils.common.json": "the same",
        "_exit": "of Python's own os",
        "_clear": "of Python's own atexit, as multiprocessing uses it for what it forks",
        "_run_exitfuncs": "the same",
    },
    "plugin_utils/batch/engine.py": {
        "ansible.playbook.block.Block": "to tell a block from a task",
        "ansible.playbook.task.Task": "the same",
    },
    "plugin_utils/batch/planning.py": {
        "ansible.playbook.block.Block": "to tell a block from a task",
        "ansible.playbook.task.Task": "the same",
    },
    "plugin_utils/batch/preparing.py": {"ansible.playbook.task.Task": "to say of what type a task is"},
    "plugin_utils/batch/refusals.py": {
        "ansible.playbook.block.Block": "to tell a block from a task",
        "ansible.playbook.role_include.IncludeRole": "to tell it from another task",
        "ansible.playbook.task.Task": "to say of what type a task is",
    },
}


def imported(tree: ast.Module) -> Iterator[str]:
    """What of Ansible's a file imports, with its module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name for name in found if name.split(".")[0] == "ansible")


def underscored(tree: ast.Module) -> Iterator[str]:
    """Attributes with one underscore, without those that a class of the file gives itself."""
    own = set(_given(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner, name = node.value, node.attr
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("getattr", "hasattr", "setattr"):
            owner, name = node.args[0], getattr(node.args[1], "value", "")
        else:
            continue
        is_own = ast.unparse(owner) in ("self", "cls") and name in own
        if re.match(r"_[^_]", str(name)) and not is_own:
            yield name


def _given(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield from [node.attr] if ast.unparse(node.value) == "self" else []


def rows() -> list[str]:
    """Each internal that ``test_core.py`` looks at, with its module: ``module.Class.name``."""
    of_parts = [*internals.ATTRIBUTES, *internals.ATTRIBUTES_OF_NEWER, *internals.ATTRIBUTES_OF_OLDER]
    parts = [(where, names) for where, _, names in of_parts] + list(internals.KEPT.items())
    whole = [*internals.BOTH, *internals.OF_NEWER, *internals.OF_OLDER, *internals.PARAMETERS]
    whole += [f"{where}.{name}" for where, names in parts for name in names.split()]
    return [where.replace(":", ".") for where in whole]


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def name_of(path: Path) -> str:
    return str(path.relative_to(PLUGINS))


@pytest.mark.parametrize("path", [path for path in FILES if CORE not in path.parents], ids=name_of)
def test_outside_core_nothing_of_the_inside_is_used(path: Path) -> None:
    allowed = {*PUBLIC, *ALLOWED.get(name_of(path), ())}
    found = {*imported(parsed(path)), *underscored(parsed(path))}
    others = {name for name in found if not any(f"{name}.".startswith(f"{one}.") for one in allowed)}
    assert not others, f"{others}: what is of ansible-core's inside belongs into a file of {CORE}"
    unused = {
        one for one in ALLOWED.get(name_of(path), ()) if not any(name.startswith(one) for name in found)
    }
    assert not unused, "they need no permission any more"


@pytest.mark.parametrize("path", [path for path in FILES if CORE in path.parents], ids=name_of)
def test_in_core_each_is_named(path: Path) -> None:
    known = rows()
    words = {word for row in known for word in row.split(".")}
    others = {name for name in underscored(parsed(path)) if name not in words}
    others |= {
        name
        for name in imported(parsed(path))
        if not name.startswith("ansible.errors.")
        and not any(f"{row}.".startswith(f"{name}.") for row in known)
    }
    assert not others, (
        f"{others}: give each a row in internals.py, so that a new core that moves it fails there"
    )


def test_what_is_looked_for_is_found() -> None:
    tree = ast.parse(
        "import ansible.executor.x\nfrom ansible._internal import y\nfrom ansible_collections.a import z\n"
        "class A:\n    def _own(self):\n        self._own()\n        self._theirs()\n        other._own.__name__\n"
        "        return getattr(other, '_told', None)\n"
    )
    assert set(imported(tree)) == {"ansible.executor.x", "ansible._internal.y"}
    assert sorted(underscored(tree)) == ["_own", "_theirs", "_told"]
