"""Which files travel inside a batch."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.playbook.task import Task
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.copying import LARGEST_FILE, copying
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.errors import NotBatchable
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.modules import Module

MODULE = Module("copy", None, "", "#!/usr/bin/python3", {"profile": "legacy"}, {})


def wire_of(source: Path) -> dict[str, Any]:
    """What the target would get to copy the file."""
    task = Task.load({"ansible.builtin.copy": {"src": str(source), "dest": "/there"}})
    handler: Any = SimpleNamespace(_task=task, _update_module_args=lambda *_: None)
    loader = SimpleNamespace(get_real_file=lambda path, decrypt: path)
    host: Any = SimpleNamespace(loader=loader, module=lambda *_: MODULE)
    wire, _ = copying(host, handler, str(source), source.name, "/there", {}, False)
    return wire


def test_a_large_file_goes_the_ordinary_way(tmp_path: Path) -> None:
    source = tmp_path / "file"
    source.write_bytes(b"x" * LARGEST_FILE)
    assert wire_of(source)["kind"] == "copy"
    source.write_bytes(b"x" * (LARGEST_FILE + 1))
    with pytest.raises(NotBatchable):
        wire_of(source)
