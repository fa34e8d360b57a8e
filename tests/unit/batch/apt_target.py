"""A stand-in for a target with apt: Ansible's own module in the runner, over a python-apt and an apt-config of ours.

The stand-in notes that the cache was opened. So each case shows which way was taken.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ansible
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
    for line in ended.stdout.splitlines()[1:-1]:  # between the start and the end
        answer = json.loads(line.removeprefix(batch_runner.MARK))
        [ran] = answer["runs"]
        opened = (target / "opened" / str(answer["job"])).exists()
        said[names[answer["job"]]] = Said(ran["stdout"], ran["stderr"], opened)
    return said


def run(target: Path, **arguments: Any) -> Said:
    return run_all(target, {"it": arguments})["it"]
