"""Preseed of the role bootstrap, judged by debconf itself; what it runs at the end, run by a shell."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.project import PROJECT, ansible

pytestmark = pytest.mark.playbook

KEYS = [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEXAMPLE c'est@essai",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOTHER b",
]
HOST = "PD250001"


def write(directory: Path, *options: str, keys: list[str] = KEYS) -> str:
    variables = {"bootstrap_directory": str(directory), "accounts_operator_keys": keys}
    done = ansible(
        "ansible-playbook", "-i", PROJECT / "inventories" / "demo", PROJECT / "playbooks" / "bootstrap.yml",
        "--limit", HOST, "-e", json.dumps(variables), *options,
        environment={"CARTABLE_DATA_DIR": str(directory.parent / "data")},
    )  # fmt: skip
    return done.stdout + done.stderr


def test_the_answers_are_what_debconf_takes(tmp_path: Path) -> None:
    medium = tmp_path / "medium"
    assert "changed=0" not in write(medium, "--check")
    assert not medium.exists()
    said = write(medium)
    assert "failed=0" in said and "changed=0" not in said, said
    assert "changed=0" in write(medium)
    preseed = medium / HOST / "preseed.cfg"
    subprocess.run(["debconf-set-selections", "-c", str(preseed)], check=True, capture_output=True)
    answers = {
        name: value
        for _owner, name, _type, value in re.findall(
            r"^(\S+) (\S+) (\S+) ?(.*)$", preseed.read_text(encoding="utf-8"), re.M
        )
    }
    assert answers["netcfg/hostname"] == "pd250001"
    assert answers["debian-installer/locale"] == "fr_FR.UTF-8"
    assert answers["passwd/user-password-crypted"] == "!"
    assert "gnome-desktop" in answers["tasksel/first"]

    target = tmp_path / "target"
    (target / "etc" / "sudoers.d").mkdir(parents=True)
    late = answers["preseed/late_command"].replace("/target", str(target))
    in_target = tmp_path / "in-target"
    in_target.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/in-target.ran\n', encoding="utf-8")
    in_target.chmod(0o755)
    subprocess.run(["sh", "-c", late], check=True, env={"PATH": f"{tmp_path}:/usr/bin:/bin"})
    owned = (tmp_path / "in-target.ran").read_text(encoding="utf-8")
    assert owned == "chown -R cartable:cartable /home/cartable/.ssh\n"
    assert (target / "home/cartable/.ssh/authorized_keys").read_text(encoding="utf-8").splitlines() == KEYS
    assert (target / "home/cartable/.ssh").stat().st_mode & 0o777 == 0o700
    sudoers = target / "etc/sudoers.d/90-bootstrap"  # which the role accounts takes away
    assert sudoers.stat().st_mode & 0o777 == 0o440
    assert "cartable ALL=(ALL) NOPASSWD:ALL" in sudoers.read_text(encoding="utf-8")


def test_a_mistake_in_the_answers_is_one_for_debconf(tmp_path: Path) -> None:
    wrong = tmp_path / "preseed.cfg"
    wrong.write_text("d-i netcfg/hostname strin essai\nd-i\n", encoding="utf-8")
    done = subprocess.run(["debconf-set-selections", "-c", str(wrong)], check=False, capture_output=True)
    assert done.returncode != 0


def test_a_machine_that_no_key_would_open_is_refused(tmp_path: Path) -> None:
    assert "no public key would open the new machine" in write(tmp_path / "medium", keys=[])
