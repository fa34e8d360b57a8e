"""The outside judge: the real KeePassXC opens, lists and changes our files."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from reversibility.records.vault import KdfCost, Vault
from reversibility.records.vault_file import WrongPassphraseError

PLACE = ("trois_platanes", "UC250001", "cartable")


def keepassxc(*arguments: str | Path, typed: str) -> str:
    """Run keepassxc-cli, with what a person would type; its standard output."""
    result = subprocess.run(
        ["keepassxc-cli", *map(str, arguments)],
        input=typed,
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


pytestmark = pytest.mark.judge("keepassxc-cli")


@pytest.fixture
def filled(vault: Vault) -> Vault:
    """A vault with one account, of which the password was changed once, and an attachment."""
    with vault.transaction() as change:
        change.put_current(
            *PLACE, username="cartable", password="former", address="198.51.100.74", policy="user"
        )
        change.put_current(*PLACE, username="cartable", password="Kd7m-Tq6w-Rz9b", address="198.51.100.74")
        change.put_secret(*PLACE, "recovery key", "1234-5678")
        change.put_attachment(*PLACE, "header.img", b"\x00\xffheader")
    return vault


def test_it_opens_and_lists_the_vault(filled: Vault, passphrase: str) -> None:
    assert "UC250001/cartable" in keepassxc("ls", "-R", filled.path, typed=f"{passphrase}\n")
    assert "Argon2id" in keepassxc("db-info", filled.path, typed=f"{passphrase}\n")
    exported = keepassxc("export", "--format", "xml", filled.path, typed=f"{passphrase}\n")
    for expected in ("trois_platanes", "Kd7m-Tq6w-Rz9b", "former", "1234-5678", "198.51.100.74", "revision"):
        assert expected in exported


def test_it_opens_the_exported_copy_with_both_halves_only(
    filled: Vault, tmp_path: Path, cheap: KdfCost, passphrase: str
) -> None:
    copy, key_file = tmp_path / "bundle.kdbx", tmp_path / "vault.key"
    key_file.write_bytes(bytes(range(1, 65)))
    filled.export(copy, "another passphrase", key_file.read_bytes(), cost=cheap)
    before = filled.path.read_bytes()

    typed = "another passphrase\n"
    exported = keepassxc("export", "--format", "xml", "-k", key_file, copy, typed=typed)
    for expected in ("Kd7m-Tq6w-Rz9b", "former", "1234-5678", "cartable/age-identity"):
        assert expected in exported
    assert "Argon2id" in keepassxc("db-info", "-k", key_file, copy, typed=typed)
    for arguments in ([copy], ["-k", key_file, copy]):
        wrong = passphrase if len(arguments) == 3 else "another passphrase"
        result = subprocess.run(
            ["keepassxc-cli", "ls", *map(str, arguments)],
            input=f"{wrong}\n",
            text=True,
            capture_output=True,
            check=False,
        )
        assert result.returncode != 0

    opened = Vault.open(copy, "another passphrase", key_file)
    assert opened.entries() == filled.entries()
    assert opened.age_identity() == filled.age_identity()
    assert opened.attachment(*PLACE[1:], "header.img") == b"\x00\xffheader"
    for wrong_halves in (
        ("another passphrase", None),
        (passphrase, key_file),
        ("another passphrase", b"other"),
    ):
        with pytest.raises(WrongPassphraseError):
            Vault.open(copy, *wrong_halves)
    assert filled.path.read_bytes() == before
    with filled.transaction() as change:  # the vault itself still opens with its own passphrase only
        change.make_current(*PLACE)
        change.put_pending(*PLACE, username="cartable", password="next")
    assert Vault.open(filled.path, passphrase).entries() == filled.entries()


def test_what_it_saves_is_read_again(filled: Vault, passphrase: str, derivations: list[int]) -> None:
    keepassxc(
        "add", "-u", "directrice", "-p", filled.path, "trois_platanes/NAS", typed=f"{passphrase}\nby hand\n"
    )
    assert filled.refresh()
    assert derivations == [1]  # it changed the salt, so the key is derived once more, without asking anybody
    with filled.transaction() as change:
        change.put_pending(*PLACE, username="cartable", password="next")
    assert derivations == [1]
    exported = keepassxc("export", "--format", "xml", filled.path, typed=f"{passphrase}\n")
    assert "by hand" in exported  # a person's own note is kept, though it has no title of ours
    assert "next" in exported
    assert [entry.title for entry in filled.entries()] == ["UC250001/cartable"]
