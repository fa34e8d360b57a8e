"""Modules kept from one run to the next: an old one is never brought, and what cannot be told is not kept."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch import packed

from tests.unit.batch.packing import Project


def test_a_kept_module_is_brought(project: Project) -> None:
    assert project.brought() is None
    project.keep()
    assert project.brought() == b"as Ansible packed it"
    assert project.folder.stat().st_mode & 0o777 == 0o700
    assert project.kept.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "other", [{"settings": ("2.22", "3.13")}, {"module_utils": ()}, {"collections": ()}, {"module": "/other"}]
)
def test_another_packing_has_another_file(project: Project, other: dict[str, object]) -> None:
    project.keep()
    assert project.brought(**other) is None


def same_date(path: Path, content: bytes) -> None:
    """Another content of the same size and date, in the same file."""
    was = path.stat()
    assert len(content) == was.st_size
    path.write_bytes(content)
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))


CHANGES: dict[str, Callable[[Project], object]] = {
    "the module": lambda p: p.write(p.module, p.module.read_bytes() + b"# more\n"),
    "the module, with its old date": lambda p: same_date(
        p.module, p.module.read_bytes().replace(b"None", b"none")
    ),
    "Ansible's module_utils": lambda p: p.write(p.basic, b"class AnsibleModule: pass\n"),
    "what is instead of Ansible's": lambda p: p.write(p.own, b"OWN = 22\n"),
    "the collection's module_utils": lambda p: p.write(p.words, b"WORDS = 22\n"),
    "the collection's redirects": lambda p: p.write(p.runtime, b"plugin_routing: {}\n"),
    "Ansible itself": lambda p: p.write(p.program, b"def recursive_finder(): pass\n"),
    "a removed file": lambda p: p.words.unlink(),
    "a file in an earlier folder": lambda p: p.write(p.base / "play/module_utils/basic.py", b""),
    "a package of the same name": lambda p: p.write(p.ansible / "module_utils/basic/__init__.py", b""),
    "a package deep in an earlier folder": lambda p: p.write(p.base / "play/module_utils/a/b/c.py", b""),
    "a module_utils that was missing": lambda p: p.write(p.home / "plugins/module_utils/more.py", b""),
    "a collection that was missing": lambda p: p.write(
        p.home.parent / "missing/plugins/module_utils/more.py", b""
    ),
    "the collection in an earlier folder": lambda p: p.again("first"),
    "its namespace in an earlier folder": lambda p: p.again("bare"),
    "an earlier folder of collections": lambda p: p.again("absent"),
    "a file behind a link": lambda p: p.write(p.base / "linked/basic.py", b""),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_has_changed_is_not_brought(project: Project, what: str) -> None:
    for folder in ("linked", "play/module_utils/a/b"):
        (project.base / folder).mkdir(parents=True)
    (project.base / "play/module_utils/link").symlink_to(project.base / "linked")
    project.keep()
    assert project.brought() is not None
    CHANGES[what](project)
    assert project.brought() is None


def test_what_python_writes_as_it_runs_is_no_change(project: Project) -> None:
    (project.ansible / "module_utils/__pycache__").mkdir()
    project.keep()
    project.write(project.ansible / "module_utils/__pycache__/basic.pyc", b"compiled")
    project.write(project.home / "tests/unit/test_probe.py", b"")
    assert project.brought() is not None


def also(name: str, content: bytes) -> Callable[[Project], object]:
    return lambda p: p.files.update({name: content})


DEPRECATION = b"plugin_routing: {module_utils: {words: {deprecation: {removal_version: 9.0.0}}}}\n"
PROBE = "ansible_collections/acme/tools/plugins/modules/probe.py"
UNTOLD: dict[str, Callable[[Project], object]] = {
    "a content that no file has": also("ansible/module_utils/basic.py", b"another"),
    "a content without a file": also("ansible/module_utils/redirected/__init__.py", b"import sys\n"),
    "a file from elsewhere": also("elsewhere/data.py", b"DATA = 1\n"),
    "a path that leads out": also("ansible/../play/module_utils/own.py", b"OWN = 1\n"),
    "a module that was replaced meanwhile": lambda p: p.write(
        p.module, b"from ..module_utils import words\n"
    ),
    "an import from outside the collection": lambda p: also(
        PROBE, p.write(p.module, b"from ....acme import x\n").read_bytes()
    )(p),
    "a deprecation that each run has to show": lambda p: p.write(p.runtime, DEPRECATION),
}


@pytest.mark.parametrize("what", UNTOLD)
def test_what_cannot_be_told_is_not_kept(project: Project, what: str) -> None:
    UNTOLD[what](project)
    with pytest.raises(packed.NotKept):
        project.keep()
    assert list(project.folder.iterdir()) == []


def test_an_import_inside_the_collection_is_kept(project: Project) -> None:
    content = project.write(project.module, b"from ... import plugins\n").read_bytes()
    project.files[PROBE] = content
    project.keep()
    assert project.brought() is not None


@pytest.mark.parametrize("imported", ["acme.missing", "acme . missing", "acme.\\\n missing"])
def test_a_collection_is_found_however_its_name_is_written(imported: str) -> None:
    content = f"import ansible_collections.{imported}.plugins.module_utils.more\n".encode()
    assert packed._collections({"ansible/modules/probe.py": content}) == {("acme", "missing")}


def test_what_was_written_just_now_is_not_kept(project: Project) -> None:
    """It may be written once more within the same time stamp."""
    with pytest.raises(packed.NotKept, match="too new"):
        project.keep(started=time.time_ns())
    lock = project.write(Path(f"{project.place}.lock"), b"")  # Ansible's, as old as the packing itself
    with pytest.raises(packed.NotKept, match="too new"):
        project.keep()
    lock.unlink()
    project.keep()
    assert project.brought() is not None
