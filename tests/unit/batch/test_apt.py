"""The fast path of apt: Ansible's own module in the runner, with stand-ins for a target's python-apt and apt-config.

The stand-in notes that the cache was opened. So each case shows which way was taken, and that what is said without the
cache is, letter by letter, what the module says. tests/batch/test_apt.py compares both on a real machine.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ansible
import pytest
from ansible.module_utils.common.parameters import PASS_VARS
from ansible_collections.cartable.fleet.plugins.module_utils import batch_apt, batch_runner

Arguments = Mapping[str, Any]

# A newer Ansible shows the module's arguments only when asked.
SHOW = {"_ansible_inject_invocation": True} if "inject_invocation" in PASS_VARS else {}

STATUS = """\
Package: plain
Status: install ok installed
Architecture: all
Multi-Arch: foreign
Version: 1.0-1
Conffiles:
 /etc/plain 0123 obsolete
Description: holds what looks like another stanza
 Package: not-a-package
 Status: install ok installed

Package: epoch
Status: install ok installed
Architecture: amd64
Version: 2:1.2-3

Package: both
Status: install ok installed
Architecture: amd64
Multi-Arch: same
Version: 1.0

Package: both
Status: install ok installed
Architecture: i386
Multi-Arch: same
Version: 1.0

Package: foreign
Status: install ok installed
Architecture: i386
Version: 1.0

Package: held
Status: hold ok installed
Architecture: amd64
Version: 1.0

Package: automatic
Status: install ok installed
Architecture: amd64
Version: 1.0

Package: provider
Status: install ok installed
Architecture: amd64
Version: 1.0
Provides: virtual

Package: removed
Status: deinstall ok config-files
Architecture: amd64
Version: 1.0

Package: half
Status: install ok half-configured
Architecture: amd64
Version: 1.0

Package: waits
Status: install ok triggers-pending
Architecture: amd64
Version: 1.0

Package: broken
Status: install reinstreq installed
Architecture: amd64
Version: 1.0

Package: leaving
Status: deinstall ok installed
Architecture: amd64
Version: 1.0

Package: twice
Status: install ok installed
Architecture: amd64
Version: 1.0

Package: twice
Status: deinstall ok config-files
Architecture: all
Version: 0.9
"""
EXTENDED_STATES = """\
Package: plain
Architecture: amd64
Auto-Installed: 0

Package: automatic
Architecture: amd64
Auto-Installed: 1
"""
PYTHON_APT = {
    # Every package is installed in version 1.0-1, and none is newer.
    "apt/__init__.py": """
import os
from . import cache

class Cache:
    def __init__(self):
        open(os.environ["OPENED"], "w").close()
        self._cache = self

    def __getitem__(self, name):
        return Package

class Package:
    installed_files = []
    current_state = 6

    class installed:
        version = "1.0-1"
""",
    "apt/cache.py": "class LockFailedException(Exception): pass\nclass FetchFailedException(Exception): pass\n",
    "apt/debfile.py": "",
    "apt_pkg.py": """
CURSTATE_INSTALLED = 6

class Policy:
    def __init__(self, cache): pass
    def read_pinfile(self, path): pass
    def read_pindir(self, path): pass
    def create_pin(self, *pin): pass
    def get_candidate_ver(self, package): return None

class config:
    find_file = find_dir = staticmethod(lambda name: "/")

def version_compare(one, other): return (one > other) - (one < other)
""",
}


@dataclass(frozen=True)
class Said:
    """What the module has answered, and whether it has opened the cache."""

    text: str
    errors: str
    opened: bool


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return lay_out(tmp_path)


def lay_out(target: Path) -> Path:
    """Fill a folder with dpkg's and apt's files, the commands of apt, and the modules."""
    modules = target / "modules"
    modules.mkdir()
    (modules / "ansible").symlink_to(Path(ansible.__file__).parent)
    shutil.copy(batch_apt.__file__, modules / "cartable_batch_apt.py")
    for name, text in PYTHON_APT.items():
        (modules / name).parent.mkdir(exist_ok=True)
        (modules / name).write_text(text, encoding="utf-8")
    for name in ("lists", "bin", "opened"):
        (target / name).mkdir()
    (target / "status").write_text(STATUS, encoding="utf-8")
    (target / "extended_states").write_text(EXTENDED_STATES, encoding="utf-8")
    command(
        target,
        "apt-config",
        f"""echo "native='amd64'"
echo "status='{target}/status'"
echo "automatic='{target}/extended_states'"
echo "lists='{target}/lists/'"
""",
    )
    for name in ("apt-mark", "apt-get"):
        command(target, name, "exit 0")
    return target


def command(target: Path, name: str, script: str) -> None:
    path = target / "bin" / name
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


def run_all(target: Path, cases: Mapping[str, Arguments], fqn: str = batch_apt.MODULE) -> dict[str, Said]:
    """Run the module with the arguments of each case, all in one program; what it has said, by case."""
    names = dict(enumerate(cases))
    jobs = [
        {
            "kind": "module",
            "number": number,
            "module": {
                "name": "apt",
                "fqn": fqn,
                "params": json.dumps({"ANSIBLE_MODULE_ARGS": {**SHOW, **cases[name]}}),
                "profile": "legacy",
                "extensions": {},
                "rlimit_nofile": 0,
            },
            "environment": {
                "OPENED": str(target / "opened" / str(number)),
                "PATH": f"{target / 'bin'}:{os.environ['PATH']}",
            },
            "timeout": 0,
            "last_of_task": True,
            "go_on_after_failure": True,
        }
        for number, name in names.items()
    ]
    program = (
        "import importlib.util, json, sys\n"
        f"spec = importlib.util.spec_from_file_location('runner', {batch_runner.__file__!r})\n"
        "runner = importlib.util.module_from_spec(spec)\nspec.loader.exec_module(runner)\n"
        f"runner.main(json.loads({json.dumps({'jobs': jobs})!r}), {str(target / 'modules')!r})\n"
    )
    for path in (target / "opened").iterdir():
        path.unlink()
    ended = subprocess.run(
        [sys.executable, "-"], input=program, capture_output=True, text=True, check=True, timeout=300
    )
    said = {}
    for line in ended.stdout.splitlines()[:-1]:
        answer = json.loads(line.removeprefix(batch_runner.MARK))
        [ran] = answer["runs"]
        opened = (target / "opened" / str(answer["job"])).exists()
        said[names[answer["job"]]] = Said(ran["stdout"], ran["stderr"], opened)
    return said


def run(target: Path, **arguments: Any) -> Said:
    return run_all(target, {"it": arguments})["it"]


SPARED = {
    "installed": {"name": "plain"},
    "said explicitly": {"name": "plain", "state": "present", "update_cache": False},
    "a list": {"name": ["plain", "epoch"]},
    "with commas": {"pkg": "plain, epoch"},
    "named twice": {"package": ["plain", "plain"]},
    "its architecture": {"name": "epoch:amd64"},
    "of all architectures": {"name": "plain:amd64"},
    "another architecture": {"name": "foreign:i386"},
    "both architectures": {"name": ["both", "both:amd64", "both:i386"]},
    "its version": {"name": "plain=1.0-1"},
    "at least its version": {"name": "plain>=1.0-1"},
    "held": {"name": "held"},
    "automatic, in check mode": {"name": "automatic", "_ansible_check_mode": True},
    "in check mode, with differences": {"name": "plain", "_ansible_check_mode": True, "_ansible_diff": True},
    "how it would be installed": {
        "name": "plain",
        "install_recommends": False,
        "lock_timeout": 300,
        "force_apt_get": True,
    },
}
NOT_SPARED = {
    "unknown": {"name": "no-such-package"},
    "only in a description": {"name": "not-a-package"},
    "one of two unknown": {"name": ["plain", "no-such-package"]},
    "begins the same": {"name": "plai"},
    "virtual": {"name": "virtual"},
    "only of another architecture": {"name": "foreign"},
    "not of that architecture": {"name": "epoch:i386"},
    "any architecture": {"name": "epoch:any"},
    "automatic": {"name": "automatic"},
    "configuration files only": {"name": "removed"},
    "half configured": {"name": "half"},
    "waits for triggers": {"name": "waits"},
    "wants to be installed again": {"name": "broken"},
    "selected for removal": {"name": "leaving"},
    "two entries": {"name": "twice"},
    "another version": {"name": "epoch=1.2-3"},
    "a version's pattern": {"name": "epoch=2:1.*"},
    "a newer version": {"name": "epoch>=3:0"},
    "two versions": {"name": "plain=1=1"},
    "a name's pattern": {"name": "pla*"},
    "all": {"name": "*"},
    "nothing": {"name": []},
    "an empty name": {"name": ""},
    "a number": {"name": 7},
    "latest": {"name": "plain", "state": "latest"},
    "build-dep": {"name": "plain", "state": "build-dep"},
    "fixed": {"name": "plain", "state": "fixed"},
    "update_cache": {"name": "plain", "update_cache": True},
    "cache_valid_time": {"name": "plain", "cache_valid_time": 3600},
    "upgrade": {"upgrade": "dist"},
    "autoremove": {"name": "plain", "autoremove": True},
    "default_release": {"name": "plain", "default_release": "stable"},
    "only_upgrade": {"name": "plain", "only_upgrade": True},
    "allow_downgrade": {"name": "plain", "allow_downgrade": True},
    "policy_rc_d": {"name": "plain", "policy_rc_d": 101},
    "clean": {"name": "plain", "clean": True},
    "absent, but installed": {"name": "plain", "state": "absent"},
    "absent, but half there": {"name": "half", "state": "absent"},
    "absent, but a pattern": {"name": "pla*", "state": "absent"},
    "absent, but foreign": {"name": "foreign", "state": "absent"},
    "absent and purged": {"name": "removed", "state": "absent", "purge": True},
}


ABSENT = {
    "absent": {"name": "no-such-package", "state": "absent"},
    "absent, virtual": {"name": "virtual", "state": "absent"},
    "absent, with its configuration files": {"name": "removed", "state": "absent"},
    "absent, of another architecture": {"name": "removed:i386", "state": "absent"},
    "absent, several": {
        "name": ["removed", "no-such-package=1"],
        "state": "absent",
        "_ansible_check_mode": True,
    },
}
COMPARED = {"epoch>=2:1.2~rc1": True, "epoch>=9": True, "epoch>=2:1.2-3": True, "epoch>=2:1.10": False}
WRONG = {"wrong": {"name": "plain", "lock_timeout": "soon"}}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(tmp_path_factory.mktemp("target"))


@pytest.fixture(scope="module")
def without(shared: Path) -> dict[str, Said]:
    """What is said with the fast path."""
    compared = {name: {"name": name} for name in COMPARED}
    return run_all(shared, {**SPARED, **NOT_SPARED, **ABSENT, **WRONG, **compared})


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Said]:
    """What the module says by itself."""
    target = lay_out(tmp_path_factory.mktemp("real"))
    (target / "modules" / "cartable_batch_apt.py").unlink()
    return run_all(target, {**SPARED, **WRONG})


@pytest.mark.parametrize("case", SPARED)
def test_without_the_cache_it_says_what_the_module_says(
    case: str, without: Mapping[str, Said], real: Mapping[str, Said]
) -> None:
    assert not without[case].opened, without[case].text
    assert real[case].opened
    assert (without[case].text, without[case].errors) == (real[case].text, "")
    assert json.loads(real[case].text)["invocation"]["module_args"]["upgrade"] is None


@pytest.mark.parametrize("case", NOT_SPARED)
def test_the_module_decides(case: str, without: Mapping[str, Said]) -> None:
    assert without[case].opened, without[case].text


@pytest.mark.parametrize("case", ABSENT)
def test_absent(case: str, without: Mapping[str, Said]) -> None:
    assert not without[case].opened, without[case].text
    assert set(json.loads(without[case].text)) == {"changed", "invocation"}


@pytest.mark.skipif(not shutil.which("dpkg"), reason="dpkg compares the versions")
@pytest.mark.parametrize("case", COMPARED)
def test_at_least_a_version(case: str, without: Mapping[str, Said]) -> None:
    assert without[case].opened is not COMPARED[case], without[case].text


def test_the_module_checks_its_arguments(without: Mapping[str, Said], real: Mapping[str, Said]) -> None:
    assert json.loads(without["wrong"].text)["failed"]
    assert without["wrong"] == real["wrong"]


def missing_lists(target: Path) -> None:
    (target / "lists").rmdir()


def missing_status(target: Path) -> None:
    (target / "status").unlink()


def apt_config_fails(target: Path) -> None:
    command(target, "apt-config", "exit 100")


def apt_config_says_nothing(target: Path) -> None:
    command(target, "apt-config", "exit 0")


def no_version(target: Path) -> None:
    (target / "status").write_text(STATUS.replace("Version: 1.0-1\n", ""), encoding="utf-8")


def fast_path_fails(target: Path) -> None:
    path = target / "modules" / "cartable_batch_apt.py"
    path.write_text("raise RuntimeError('on purpose')\n", encoding="utf-8")


@pytest.mark.parametrize(
    "spoil",
    [missing_lists, missing_status, apt_config_fails, apt_config_says_nothing, no_version, fast_path_fails],
)
def test_in_doubt_the_module_decides(spoil: Callable[[Path], None], target: Path) -> None:
    spoil(target)
    said = run(target, name="plain")
    assert said.opened
    assert not said.errors


def test_without_a_list_of_the_automatic_ones(target: Path) -> None:
    (target / "extended_states").unlink()
    assert not run(target, name="automatic").opened


def test_without_apt_mark_the_module_warns(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {**os.environ, "PATH": "/nonexistent"})
    (target / "bin" / "apt-mark").unlink()
    assert run(target, name="plain").opened
    assert not run(target, name="plain", _ansible_check_mode=True).opened


def test_without_python_apt_the_module_decides(target: Path) -> None:
    """What it then does depends on this machine: with one half of python-apt it fails, here or in another Python."""
    (target / "modules" / "apt_pkg.py").unlink()
    assert json.loads(run(target, name="plain", _ansible_check_mode=True).text)["failed"]


def test_another_module_is_let_alone(target: Path) -> None:
    """A role's own apt.py is packed as ansible.legacy.apt."""
    shutil.copy(target / "modules" / "ansible" / "modules" / "apt.py", target / "modules" / "own.py")
    assert run_all(target, {"it": {"name": "plain"}}, fqn="own")["it"].opened


def test_a_module_that_has_changed_is_let_alone(target: Path) -> None:
    """What is used of the module is asked for before: with a newer Ansible the time is lost, and not the task."""
    package, copied = Path(ansible.__file__).parent, target / "modules" / "ansible"
    copied.unlink()
    copied.mkdir()
    for path in package.iterdir():
        if path.name != "modules":
            (copied / path.name).symlink_to(path)
    (copied / "modules").mkdir()
    text = (package / "modules" / "apt.py").read_text(encoding="utf-8")
    text = text.replace("get_updated_cache_time", "renamed")
    (copied / "modules" / "apt.py").write_text(text, encoding="utf-8")
    said = run(target, name="plain")
    assert said.opened
    assert json.loads(said.text)["changed"] is False
