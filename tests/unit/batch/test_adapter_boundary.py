"""Only the files of ``ansible_adapter`` use internals of ansible-core."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PLUGINS = Path(__file__).parents[3] / "plugins"
BATCH = PLUGINS / "plugin_utils" / "batch"
# What any plugin imports, as Ansible's documentation says; and the classes that tell a block from a task.
PUBLIC = {
    "ansible.errors",
    "ansible.playbook.block",
    "ansible.playbook.role_include",
    "ansible.playbook.task",
    "ansible.plugins.action",
    "ansible.plugins.callback",
    "ansible.release",
}
FILES = [*BATCH.glob("*.py"), PLUGINS / "action" / "batch.py", PLUGINS / "callback" / "batch.py"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_other_files_import_only_what_is_public(path: Path) -> None:
    imported = {
        node.module
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "ansible"
    }
    assert imported <= PUBLIC
