"""Undeclared access, by sshd's effective settings and not by the role's own file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.asset.accounts import accounts
from plugins.module_utils.asset.machine import Machine
from plugins.module_utils.asset.ways_in import ways_in

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ4TJ1vGz9b8kqP6vT1rV1uJ0n9c8o7m6l5k4j3h2g1f someone\n"
PASSWD = """\
root:x:0:0:root:/root:/bin/bash
cartable:x:1000:1000::/home/cartable:/bin/bash
enseignant:x:1001:1001::/home/enseignant:/bin/bash
"""


class Asked(Machine):
    """A folder as a machine, whose sshd answers what its files come to."""

    def __init__(self, root: Path, **settings: str) -> None:
        super().__init__(str(root))
        self.settings: dict[str, str] | None = {
            "permitrootlogin": "no",
            "permitemptypasswords": "no",
            "authorizedkeyscommand": "none",
            "authorizedkeysfile": ".ssh/authorized_keys .ssh/authorized_keys2",
            **settings,
        }

    def run(self, *command: str, accept: range | None = None) -> str | None:
        if command[0] != "sshd" or self.settings is None:
            return None
        assert command[1] == "-T"
        return "".join(f"{name} {value}\n" for name, value in self.settings.items())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("etc/ssh/sshd_config.d", "home/cartable/.ssh", "home/enseignant/.ssh", "root/.ssh"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "etc/passwd").write_text(PASSWD)
    (tmp_path / "etc/ssh/sshd_config").write_text("Include /etc/ssh/sshd_config.d/*.conf\n")
    (tmp_path / "etc/ssh/sshd_config.d/00-cartable-root.conf").write_text("PermitRootLogin no\n")
    return tmp_path


def found(machine: Machine, **options: Any) -> list[str]:
    listed = accounts(machine, {"root", "cartable", "enseignant"})
    return ways_in(
        machine, listed, options.get("keys_of", ["cartable"]), options.get("root_may_log_in", False)
    )


def test_nothing_is_said_where_all_is_as_it_should_be(root: Path) -> None:
    (root / "home/cartable/.ssh/authorized_keys").write_text(KEY)  # the operators' own
    (root / "home/enseignant/.ssh/authorized_keys").write_text(f"# {KEY}\n")
    assert found(Asked(root)) == []


@pytest.mark.parametrize("value", ["yes", "prohibit-password", "without-password"])
def test_a_file_that_sshd_reads_before_ours_counts(root: Path, value: str) -> None:
    (root / "etc/ssh/sshd_config.d/00-aaa.conf").write_text(f"# x\npermitrootlogin {value}\n")
    [said] = found(Asked(root, permitrootlogin=value))
    assert (
        f"root may log in over SSH (PermitRootLogin {value}, /etc/ssh/sshd_config.d/00-aaa.conf line 2)"
        in said
    )
    assert found(Asked(root, permitrootlogin=value), root_may_log_in=True) == []


def test_other_settings_that_let_somebody_in(root: Path) -> None:
    (root / "etc/ssh/sshd_config").write_text("PermitEmptyPasswords yes\n")
    said = found(Asked(root, permitemptypasswords="yes", authorizedkeyscommand="/usr/local/bin/keys"))
    assert "an empty password opens accounts over SSH (/etc/ssh/sshd_config line 1)" in said[0]
    assert "a command (/usr/local/bin/keys, by default)" in said[1]


def test_a_server_that_does_not_say_is_told(root: Path) -> None:
    machine = Asked(root)
    machine.settings = None
    assert found(machine) == [
        "sshd -T does not say what the SSH server's settings come to; run it on the machine"
    ]
    (root / "etc/ssh/sshd_config").unlink()
    assert found(machine) == []


@pytest.mark.parametrize(
    ("path", "login"),
    [
        ("home/enseignant/.ssh/authorized_keys", "enseignant"),
        ("home/enseignant/.ssh/authorized_keys2", "enseignant"),
        ("home/cartable/.ssh/authorized_keys2", "cartable"),
        ("root/.ssh/authorized_keys", "root"),
    ],
)
def test_a_key_that_nobody_declared_is_said(root: Path, path: str, login: str) -> None:
    (root / path).write_text(f'from="10.0.0.0/8",no-pty {KEY}')
    assert found(Asked(root)) == [f"an SSH key opens {login} (/{path}); take out what nobody declared"]
    (root / path).write_text(f"{KEY}\n{KEY}")
    assert found(Asked(root))[0].startswith(f"2 SSH keys open {login} ")


def test_keys_elsewhere_are_those_that_sshd_reads(root: Path) -> None:
    (root / "etc/ssh/keys").mkdir()
    (root / "etc/ssh/keys/enseignant").write_text(KEY)
    (root / "home/enseignant/.ssh/authorized_keys").write_text(KEY)  # not read
    said = found(Asked(root, authorizedkeysfile="%h/.ssh/own /etc/ssh/keys/%u"))
    assert said == ["an SSH key opens enseignant (/etc/ssh/keys/enseignant); take out what nobody declared"]


def test_keys_behind_a_link_are_not_followed_and_not_passed_over(root: Path) -> None:
    (root / "home/enseignant/.ssh/authorized_keys").symlink_to("/etc/shadow")
    [said] = found(Asked(root))
    assert "enseignant cannot be read" in said


@pytest.mark.parametrize("login", ["jumeau", "toor"])
def test_another_account_of_root_is_said_to_be_root(root: Path, login: str) -> None:
    with (root / "etc/passwd").open("a") as file:
        file.write(f"{login}:x:0:0::/root:/bin/sh\n")
    assert (
        f"{login} is another name of root (user number 0): whoever logs in with it may do everything"
        in found(Asked(root))
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="gives files to another user")
def test_keys_of_a_home_folder_are_read_with_its_owners_rights(root: Path) -> None:
    """A hard link to root's own file: its owner could not read it."""
    (root / "root/secret").write_text(KEY)
    (root / "root/secret").chmod(0o600)
    os.chown(root / "home/enseignant", 1001, 1001)
    os.chown(root / "home/enseignant/.ssh", 1001, 1001)
    (root / "home/enseignant/.ssh/authorized_keys").hardlink_to(root / "root/secret")
    assert found(Asked(root)) == []
