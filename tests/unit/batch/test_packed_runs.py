"""Modules kept from one run of Ansible to the next: packed once, and anew when anything has changed."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import secrets
import subprocess
import sys
import time
import zipfile
from base64 import b64decode
from pathlib import Path

import pytest
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch import packed

REPOSITORY = Path(__file__).resolve().parents[3]

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
