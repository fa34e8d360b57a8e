"""The town opens the vault and a PC without us: with age, KeePassXC and the PC's own login, no program of ours."""

import shutil
import subprocess

import pytest

from reversibility.bundle.dual_control import Holder, Holders, write_secrets
from reversibility.records.vault import KdfCost

CHEAP = KdfCost(memory_mib=19, passes=2, lanes=1)


def do(*command, stdin=""):
    """Run a program of Debian, as the town would; None when it refuses."""
    done = subprocess.run(
        [str(word) for word in command], input=stdin, text=True, capture_output=True, timeout=60
    )
    return done.stdout if done.returncode == 0 else None


@pytest.fixture
def envelope(tmp_path, vault):
    """What a bundle's ``06-secrets`` holds: the vault, and a half of its key for each party."""
    for program in ("age", "age-keygen", "keepassxc-cli"):
        assert shutil.which(program), f"{program} is not installed"
    holders = []
    for group, party in (("a", "town"), ("b", "contractor")):
        recipient = do("age-keygen", "-o", tmp_path / f"{party}.key") or ""
        recipient = do("age-keygen", "-y", tmp_path / f"{party}.key").strip()
        holders.append(Holder(party, group, party, recipient, f"{party}.age"))
    folder = tmp_path / "06-secrets"
    folder.mkdir()
    write_secrets(folder, vault, Holders((holders[0],), (holders[1],)), "essais", cost=CHEAP)
    return folder


def test_both_halves_open_the_vault_and_its_password_opens_the_pc(machine, envelope, tmp_path):
    passphrase = do("age", "-d", "-i", tmp_path / "town.key", envelope / "town.age")
    key_file = tmp_path / "cle"
    assert (
        do("age", "-d", "-i", tmp_path / "contractor.key", "-o", key_file, envelope / "contractor.age")
        is not None
    )
    copy = envelope / "vault.kdbx"
    place = f"essais/{machine.asset}/cartable"
    show = ["keepassxc-cli", "show", "--quiet", "--show-protected", "--attributes", "Password"]
    password = do(*show, "--key-file", key_file, copy, place, stdin=f"{passphrase}\n").strip()
    assert (
        machine.run("su", "cartable", "-c", "id -un", user="nobody", stdin=f"{password}\n").stdout
        == "cartable\n"
    )
    asked = ["sudo", "--reset-timestamp", "--stdin", "--prompt=", "id", "-u"]
    assert machine.run(*asked, user="cartable", stdin=f"{password}\n").stdout == "0\n"


def test_one_half_opens_nothing(machine, envelope, tmp_path):
    passphrase = do("age", "-d", "-i", tmp_path / "town.key", envelope / "town.age")
    assert do("age", "-d", "-i", tmp_path / "town.key", envelope / "contractor.age") is None
    show = ["keepassxc-cli", "ls", "--quiet", envelope / "vault.kdbx"]
    assert do(*show, stdin=f"{passphrase}\n") is None
