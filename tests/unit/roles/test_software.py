"""What the role software asks apt for, by the version policy of the catalogue: its own tasks, run by Ansible here.

In check mode: dpkg is asked what it has, and nothing is installed.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.project import ansible

APPROVED = {"by": "Camille Exemple", "date": "2025-05-06"}
PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  roles: [cartable.fleet.software]
"""
pytestmark = [
    pytest.mark.playbook,
    pytest.mark.skipif(shutil.which("dpkg-query") is None, reason="this machine has no dpkg"),
]


def entry(package: str, version: str) -> dict[str, object]:
    return {
        "id": package,
        "name": package,
        "sources": {"apt": {"packages": [package]}},
        "version": version,
        "approvals": {"education": APPROVED, "network": APPROVED},
    }


def check(folder: Path, **variables: object) -> subprocess.CompletedProcess[str]:
    """Run the role in check mode on this machine, with ``variables``."""
    (folder / "play.yml").write_text(PLAY)
    options = ("-i", "localhost,", "--check", "-e", json.dumps(variables))
    plugins = {
        "ANSIBLE_VARS_ENABLED": "host_group_vars",
        "ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.default",
    }
    return ansible("ansible-playbook", *options, folder / "play.yml", environment=plugins)


def test_only_a_version_pins_a_package(tmp_path: Path) -> None:
    shown = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Version}", "base-files"],
        capture_output=True,
        text=True,
        check=True,
    )
    entries = [
        entry("cartable-newest", "latest"),
        entry("cartable-usual", "distribution"),
        entry("cartable-pinned", "1:2.3-4~deb13u1"),
        entry("dpkg", "latest"),  # there, in some version: nothing to do
        entry("base-files", shown.stdout),  # there, in this one
        entry("libc-bin", "0.0.1"),  # there, in another one
    ]
    done = check(tmp_path, cartable_task_files={"software": "debian.yml"}, cartable_software=entries)
    assert done.returncode == 0, done.stdout + done.stderr
    wanted = re.search(r"Would be installed: ((?:\S+, )*[^\s']+)", " ".join(done.stdout.split()))
    assert wanted is not None, done.stdout
    assert sorted(wanted[1].split(", ")) == [
        "cartable-newest",
        "cartable-pinned=1:2.3-4~deb13u1",
        "cartable-usual",
        "libc-bin=0.0.1",
    ]


def test_where_it_has_no_tasks_for_the_platform_it_does_nothing(tmp_path: Path) -> None:
    done = check(tmp_path, cartable_task_files={}, cartable_software=[])
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"ok=1 +changed=0 .* skipped=1 ", done.stdout), (
        "its arguments are looked at, and no more"
    )


def provided() -> list[tuple[str, str]]:
    """Names, with their versions, that packages of this machine go by and that no package has."""
    shown = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${db:Status-Abbrev}|${Package}|${Provides}\n"],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = [line.split("|") for line in shown.stdout.splitlines() if line.startswith("ii")]
    packages = {package for _, package, _ in rows}
    names = [name for _, _, text in rows for name in text.split(", ") if name]
    pairs = [
        (found[1], found[2] or "") for name in names if (found := re.match(r"(\S+)(?: \(= (.*)\))?$", name))
    ]
    return [pair for pair in pairs if pair[0] not in packages]


def test_a_name_that_another_package_provides_is_there(tmp_path: Path) -> None:
    bare = [name for name, version in provided() if not version][:3]
    pinned = [(name, version) for name, version in provided() if version][:3]
    assert len(bare) > 1 and len(pinned) > 1, "a Debian has such names"
    entries = [entry(name, "distribution") for name in bare] + [entry(*pair) for pair in pinned]
    done = check(tmp_path, cartable_task_files={"software": "debian.yml"}, cartable_software=entries)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Would be installed" not in done.stdout, done.stdout
    entries = [*entries, entry("cartable-absent", "latest"), entry(pinned[0][0], "0~other")]
    done = check(tmp_path, cartable_task_files={"software": "debian.yml"}, cartable_software=entries)
    wanted = re.search(r"Would be installed: ((?:\S+, )*[^\s']+)", " ".join(done.stdout.split()))
    assert wanted is not None, done.stdout
    assert sorted(wanted[1].split(", ")) == sorted(["cartable-absent", f"{pinned[0][0]}=0~other"])
