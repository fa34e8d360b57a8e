"""Modules kept from one run to the next: never an old one, never one that another user could have put there."""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import multiprocessing
import os
import pickle
import secrets
import shutil
import subprocess
import sys
import time
import zipfile
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch import packed

REPOSITORY = Path(__file__).resolve().parents[3]
LATER = time.time_ns() + 3600 * 10**9  # as if the packing began when all files here had long been as they are


# The files that a module is made from, without Ansible ------------------------------------------------------------


class Project:
    """A module that imports from Ansible, from an override of it and from its collection; and what is packed of it."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.place = base / "tmp" / "ansiballz_cache" / "probe-ZIP_DEFLATED-none"
        self.home = base / "second" / "ansible_collections" / "acme" / "tools"
        self.module = self.write(
            self.home / "plugins/modules/probe.py",
            b"from ansible.module_utils.basic import AnsibleModule\n"
            b"try:\n    from ansible_collections.acme.missing.plugins.module_utils import more\n"
            b"except ImportError:\n    more = None\nfrom ..module_utils import words\n",
        )
        self.ansible = base / "ansible"
        self.basic = self.write(self.ansible / "module_utils/basic.py", b"class AnsibleModule: ...\n")
        self.program = self.write(
            self.ansible / "executor/module_common.py", b"def recursive_finder(): ...\n"
        )
        self.own = self.write(base / "play/module_utils/own.py", b"OWN = 1\n")
        self.words = self.write(self.home / "plugins/module_utils/words.py", b"WORDS = 1\n")
        self.runtime = self.write(self.home / "meta/runtime.yml", b"requires_ansible: '>=2.19'\n")
        (base / "bare/ansible_collections").mkdir(parents=True)
        (base / "first/ansible_collections/acme").mkdir(parents=True)
        self.files = {
            "ansible/__init__.py": b'__version__ = "2"\n',
            "ansible/module_utils/__init__.py": b"__path__ = []\n",
            "ansible/module_utils/basic.py": self.basic.read_bytes(),
            "ansible/module_utils/own.py": self.own.read_bytes(),
            "ansible_collections/__init__.py": b"",
            "ansible_collections/acme/__init__.py": b"",
            "ansible_collections/acme/tools/__init__.py": b"",
            "ansible_collections/acme/tools/plugins/module_utils/words.py": self.words.read_bytes(),
            "ansible_collections/acme/tools/plugins/modules/probe.py": self.module.read_bytes(),
        }

    @staticmethod
    def write(path: Path, content: bytes) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def packing(self, **other: object) -> packed.Packing:
        given: dict[str, object] = {
            "module": str(self.module),
            "name": "ansible_collections.acme.tools.plugins.modules.probe",
            "ansible": str(self.ansible),
            "module_utils": (str(self.base / "play/module_utils"), str(self.ansible / "module_utils")),
            "collections": tuple(str(self.base / root) for root in ("absent", "bare", "first", "second")),
            "program": (str(self.program),),
            "settings": ("2.21", "3.13"),
        }
        return packed.Packing(**{**given, **other})  # type: ignore[arg-type]

    def again(self, root: str) -> None:
        """The same collection, without any module_utils."""
        (self.base / root / "ansible_collections/acme/tools").mkdir(parents=True)

    def keep(self, started: int = LATER) -> None:
        self.write(self.place, b"as Ansible packed it")
        packed.keep(self.packing(), self.place, self.files, started)

    def brought(self, **other: object) -> bytes | None:
        """What a next run finds at its place before it packs."""
        shutil.rmtree(self.place.parent, ignore_errors=True)
        there = packed.bring(self.packing(**other), self.place)
        assert there == self.place.exists()
        return self.place.read_bytes() if there else None

    @property
    def folder(self) -> Path:
        return self.base / "cache" / "cartable" / "modules"

    @property
    def kept(self) -> Path:
        [path] = self.folder.iterdir()
        return path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    (tmp_path / "cache").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Project(tmp_path)


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


# The folder -------------------------------------------------------------------------------------------------------


def open_to_others(path: Path) -> None:
    path.chmod(0o777 if path.is_dir() else 0o666)


def open_to_group(path: Path) -> None:
    path.chmod(0o770 if path.is_dir() else 0o660)


def of_another(path: Path) -> None:
    os.chown(path, 12345, -1)


def behind_a_link(path: Path) -> None:
    path.rename(path.with_name("moved"))
    path.symlink_to("moved")


@pytest.mark.parametrize("change", [open_to_others, open_to_group, of_another, behind_a_link])
@pytest.mark.parametrize("which", ["cache/cartable", "cache/cartable/modules", "file", "cache"])
def test_what_others_can_write_is_not_used(
    project: Project, which: str, change: Callable[[Path], None]
) -> None:
    if change is of_another and os.geteuid():
        pytest.skip("only root can give a file away")
    if change is behind_a_link and which == "cache":
        pytest.skip("a user may well keep the whole cache elsewhere")
    project.keep()
    path = project.kept if which == "file" else project.base / which
    change(path)
    with pytest.raises((packed.NotKept, OSError)):
        packed.bring(project.packing(), project.base / "place")
    assert not (project.base / "place").exists()
    if which != "file":
        before = sorted(project.base.rglob("cache/**/*"))
        with pytest.raises(packed.NotKept):
            project.keep()
        assert sorted(project.base.rglob("cache/**/*")) == before


def test_nothing_is_made_in_the_home_of_another(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid():
        pytest.skip("only root can give a folder away")
    home = project.base / "home"
    home.mkdir()
    of_another(home)
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(home))
    with pytest.raises(packed.NotKept):
        project.keep()
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("given", [None, "", "relative/cache"])
def test_the_cache_is_in_the_home(
    project: Project, monkeypatch: pytest.MonkeyPatch, given: str | None
) -> None:
    monkeypatch.setenv("HOME", str(project.base))
    if given is None:
        monkeypatch.delenv("XDG_CACHE_HOME")
    else:
        monkeypatch.setenv("XDG_CACHE_HOME", given)
    project.keep()
    assert len(list((project.base / ".cache/cartable/modules").iterdir())) == 1
    assert (project.base / ".cache").stat().st_mode & 0o777 == 0o700


def test_no_damaged_file_is_used(project: Project) -> None:
    project.keep()
    good = project.kept.read_bytes()
    spots = {0, 70, good.index(b"\n") + 5, len(good) // 2, len(good) - 1}
    damaged = [good[:spot] + bytes([good[spot] ^ 1]) + good[spot + 1 :] for spot in sorted(spots)]
    for content in [*damaged, good[:-5], good[:64], b"", b"\n\n\n", b"\xff" * 100]:
        project.kept.write_bytes(content)
        with pytest.raises((packed.NotKept, ValueError)):
            packed.bring(project.packing(), project.base / "place")
        assert not (project.base / "place").exists()
    project.kept.write_bytes(good)
    assert project.brought() == b"as Ansible packed it"


def test_the_folder_stays_small(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.keep()
    size = project.kept.stat().st_size
    monkeypatch.setattr(packed, "MOST", 3 * size)
    first = project.kept
    for age, name in enumerate(("a" * 64, "b" * 64, ".new-left"), start=1):
        path = project.write(project.folder / name, bytes(size))
        os.utime(path, (1000 + age, 1000 + age))
    project.keep()
    assert {path.name for path in project.folder.iterdir()} == {first.name, "b" * 64, ".new-left"}


def test_what_is_used_stays_longest(project: Project) -> None:
    project.keep()
    os.utime(project.kept, (1000, 1000))
    project.brought()
    assert project.kept.stat().st_mtime > 1000


def worker(project: Project, ready: multiprocessing.Barrier, said: multiprocessing.SimpleQueue) -> None:
    ready.wait()
    try:
        place = project.base / f"run{os.getpid()}" / "probe"
        brought = packed.bring(project.packing(), place)
        if not brought:
            project.write(place, b"as Ansible packed it")
            packed.keep(project.packing(), place, project.files, LATER)
        said.put((brought, place.read_bytes()))
    except BaseException as wrong:
        said.put((None, repr(wrong)))


def test_fifty_workers_at_once(project: Project) -> None:
    """Each a run of its own; with and without a file in the folder, and always a whole one."""
    many = multiprocessing.get_context("fork")
    for _ in range(2):
        ready, said = many.Barrier(50), many.SimpleQueue()
        workers = [many.Process(target=worker, args=(project, ready, said)) for _ in range(50)]
        for one in workers:
            one.start()
        answers = [said.get() for _ in workers]
        for one in workers:
            one.join()
        assert {content for _, content in answers} == {b"as Ansible packed it"}
    assert all(brought for brought, _ in answers), "the second time all find it"
    assert project.brought() == b"as Ansible packed it"  # and no temporary file beside it


def test_of_the_workers_of_one_run_one_keeps_it(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.keep()
    found: list[object] = []
    monkeypatch.setattr(packed, "_sources", lambda *_: found.append(1) or {})
    packed.keep(project.packing(), project.place, project.files, project.kept.stat().st_mtime_ns)
    assert found == [], "another worker has kept it since this one began to wait"
    with project.place.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        with pytest.raises(BlockingIOError):
            project.keep()
    assert found == [], "another worker is at it"


# With Ansible -----------------------------------------------------------------------------------------------------

PLAY = """
- hosts: all
  gather_facts: false
  roles: [probes]
  tasks:
    - name: Say what the modules said
      ansible.builtin.debug:
        msg: >-
          SAID {{ edited.value }} {{ utility.value }} {{ later.value }} {{ far.value }} {{ routed.value }}
          {{ stat.value | default('builtin') }}
"""
TASKS = """
- name: A module of the playbook's library
  edited: {token: "{{ token }}"}
  register: edited
- name: One with a module_utils of the playbook
  utility:
  register: utility
- name: One that tries a module_utils which is not there yet
  later:
  register: later
- name: One of a collection
  acme.tools.far:
  register: far
- name: One of a collection, with a module_utils that is redirected
  acme.tools.routed:
  register: routed
- name: One of Ansible
  stat: {path: /}
  register: stat
"""
MODULE = """#!/usr/bin/python
from ansible.module_utils.basic import AnsibleModule
IMPORT
module = AnsibleModule(argument_spec={"token": {}, "path": {}}, supports_check_mode=True)
module.exit_json(changed=False, value=VALUE)
"""
OPTIONAL = (
    "try:\n    from ansible.module_utils.later import VALUE\nexcept ImportError:\n    VALUE = 'without'"
)


def module(lines: str) -> str:
    """A module that is like no other, so that the target, this machine, has kept no files of an earlier test."""
    return MODULE.replace("IMPORT", f"{lines}\n# {secrets.token_hex(16)}")


class Runs:
    """A playbook with a batch; each run is another process, in check mode, which leaves nothing on the target."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.tools = base / "collections/ansible_collections/acme/tools"
        self.cache = base / "cache"
        self.cache.mkdir(mode=0o700)
        self.token = f"canary-{secrets.token_hex(12)}"
        for path, content in {
            "ansible.cfg": "[defaults]\n",
            "play.yml": PLAY,
            "hosts": "\n".join(f"h{n}" for n in range(4)),
            "roles/probes/tasks/main.yml": "- cartable.fleet.batch: {tasks_from: all.yml}",
            "roles/probes/tasks/all.yml": TASKS,
            "library/edited.py": module("VALUE = 'edited-1'"),
            "library/utility.py": module("from ansible.module_utils.own import VALUE"),
            "library/later.py": module(OPTIONAL),
            "module_utils/own.py": "VALUE = 'own-1'\n",
            f"{self.tools}/plugins/modules/far.py": module("from ..module_utils.words import VALUE"),
            f"{self.tools}/plugins/modules/routed.py": module("from ..module_utils.old import VALUE"),
            f"{self.tools}/plugins/module_utils/words.py": "VALUE = 'words-1'\n",
            f"{self.tools}/plugins/module_utils/old.py": "VALUE = 'old'\n",
        }.items():
            self.write(path, content)
        fleet = base / "collections/ansible_collections/cartable/fleet"
        fleet.parent.mkdir()
        fleet.symlink_to(REPOSITORY)

    def write(self, path: str, content: str) -> None:
        target = self.base / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)

    def settle(self) -> None:
        """Wait until everything is old enough to be kept."""
        newest = max(path.stat().st_ctime_ns for path in self.base.rglob("*"))
        while time.time_ns() < newest + packed.SETTLED + 10**8:
            time.sleep(0.05)

    def run(self, *more: str) -> tuple[str, int, int]:
        """What the modules said, on how many modules Ansible has packed, and how many it has taken as they were."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        environment |= {
            "ANSIBLE_CONFIG": str(self.base / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": str(self.base / "collections"),
            "ANSIBLE_DEBUG": "1",
            "ANSIBLE_HOME": str(self.base / "ansible-home"),
            "ANSIBLE_PIPELINING": "1",
            "XDG_CACHE_HOME": str(self.cache),
        }
        command = [
            Path(sys.executable).with_name("ansible-playbook"),
            "-i",
            "hosts",
            "-c",
            "local",
            "--check",
            *more,
        ]
        extra = {"token": self.token, "ansible_python_interpreter": sys.executable}
        done = subprocess.run(
            [*command, "-e", json.dumps(extra), "play.yml"],
            cwd=self.base,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        out = done.stdout
        assert done.returncode == 0, f"{out[-4000:]}\n{done.stderr}"
        said = {line.partition("SAID ")[2].strip('"') for line in out.splitlines() if '"msg": "SAID ' in line}
        assert len(said) == 1
        return (
            said.pop(),
            out.count("ANSIBALLZ: Creating module"),
            out.count("ANSIBALLZ: using cached module"),
        )

    @property
    def kept(self) -> list[Path]:
        return sorted((self.cache / "cartable/modules").iterdir())


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    runs = Runs(tmp_path)
    runs.settle()
    return runs


def test_the_next_run_does_not_pack(runs: Runs) -> None:
    said = "edited-1 own-1 without words-1 old builtin"
    assert runs.run("--forks", "4")[:2] == (said, 6)
    kept = {path: path.read_bytes() for path in runs.kept}
    assert len(kept) == 6
    assert runs.run("--limit", "h0") == (said, 0, 6)
    assert {path: path.read_bytes() for path in runs.kept} == kept
    for data in kept.values():
        digest, record, pickled = data.split(b"\n", 2)
        assert digest.decode() == hashlib.sha256(record + b"\n" + pickled).hexdigest()
        with zipfile.ZipFile(io.BytesIO(b64decode(pickle.loads(pickled).zip_data))) as archive:
            inside = b"".join(archive.read(name) for name in archive.namelist())
        assert b"AnsibleModule" in inside
        assert runs.token.encode() not in inside + data, "the arguments are kept with the module"

    # Files that are changed in place concern their modules only.
    runs.write("library/edited.py", module("VALUE = 'edited-2'"))
    runs.write("module_utils/own.py", "VALUE = 'own-2'\n")
    runs.write(f"{runs.tools}/plugins/module_utils/words.py", "VALUE = 'words-2'\n")
    assert runs.run("--limit", "h0") == ("edited-2 own-2 without words-2 old builtin", 3, 3)

    # What Ansible would now find elsewhere.
    runs.write("module_utils/later.py", "VALUE = 'with'\n")
    runs.write("library/stat.py", module("VALUE = 'instead'"))
    routing = "ansible_collections.acme.tools.plugins.module_utils.words"
    runs.write(
        f"{runs.tools}/meta/runtime.yml",
        f"plugin_routing: {{module_utils: {{old: {{redirect: {routing}}}}}}}",
    )
    said = "edited-2 own-2 with words-2 words-2 instead"
    runs.settle()
    assert runs.run("--limit", "h0") == (said, 6, 0)
    assert runs.run("--limit", "h0") == (said, 1, 5), "all but the one with a redirect"


def test_what_is_not_safe_is_packed_anew(runs: Runs) -> None:
    said = "edited-1 own-1 without words-1 old builtin"
    assert runs.run("--limit", "h0") == (said, 6, 0)
    for path in runs.kept:
        path.write_bytes(path.read_bytes()[:-100])
    assert runs.run("--limit", "h0") == (said, 6, 0)
    (runs.cache / "cartable/modules").chmod(0o777)
    assert runs.run("--limit", "h0") == (said, 6, 0)
