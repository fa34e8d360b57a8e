"""Entries that cannot be used as they are written: each is named, refused where it is used, and stops nothing else."""

from __future__ import annotations

import base64
import struct
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from reversibility.contract.proofs import access
from reversibility.records import vault_fields as kdbx
from reversibility.records import vault_file
from reversibility.records.vault import Vault, VaultError
from reversibility.records.vault_entry import value_flaw

SITE = "trois_platanes"
GOOD, BAD = (SITE, "UC250001", "cartable"), (SITE, "UC250002", "cartable")
SECRET = "Kd7m-Tq6w-Rz9b"


def opened_with(path: Path, passphrase: str, change: Any) -> Vault:
    """The vault with two entries, of which ``change`` (given its element) has spoilt the second, opened again."""
    vault = Vault.open(path, passphrase)
    with vault.transaction() as done:
        for place in (GOOD, BAD):
            done.put_current(*place, username="cartable", password=SECRET, policy="user")
    with vault.transaction() as done:
        found = vault.content.locate(*BAD[1:])
        assert found is not None
        change(found[1])
        done.changed = True
    return Vault.open(path, passphrase)


def field(name: str, value: str) -> Any:
    """Writes a field as another program would, without the checks of this one."""

    def change(element: Any) -> None:
        kdbx.set_field(element, name, "x", protected=name != kdbx.USERNAME)
        for string in element.iterchildren("String"):
            if string.findtext("Key") == name:
                string.find("Value").text = value

    return change


def expiring(seconds: int) -> Any:
    """Sets an expiry in seconds since the year 1."""

    def change(element: Any) -> None:
        times = element.find("Times")
        times.find("Expires").text = "True"
        times.find("ExpiryTime").text = base64.b64encode(struct.pack("<Q", seconds)).decode()

    return change


SPOILT = {
    "a reference": (field("Password", "{REF:P@I:46C9B1FFBD4ABC4BBB260C6190BAD20C}"), "placeholder"),
    "a reference to the user name": (field("UserName", "{REF:U@I:46C9B1FFBD4ABC4BBB260C6190BAD20C}"), "placeholder"),
    "its own field": (field("Password", "{S:Code}"), "placeholder"),
    "inside a text": (field("Password", "ab{username}12"), "placeholder"),
    "a pending conversion": (field("pending", "{T-CONV:/{PASSWORD}/Upper/}"), "placeholder"),
    "year 10000": (expiring(315_537_897_600 + 86_400), "year 9999"),
    "the end of time": (expiring(2**63), "year 9999"),
    "a pending expiry that is no time": (field("pending_expires", "demain"), "no time"),
    "a leading space": (field("Password", " " + SECRET), "space"),
    "a trailing no-break space": (field("pending", SECRET + "\u00a0"), "space"),
}  # fmt: skip


@pytest.mark.parametrize("name", SPOILT)
def test_one_entry_is_named_and_the_rest_works(vault_path: Path, passphrase: str, name: str) -> None:
    change, words = SPOILT[name]
    vault = opened_with(vault_path, passphrase, change)
    assert vault.find(*GOOD[1:]).password == SECRET  # type: ignore[union-attr]
    with pytest.raises(VaultError, match=f"entry UC250002/cartable cannot be used.*{words}") as refused:
        vault.find(*BAD[1:])
    assert SECRET not in str(refused.value)
    [problem] = vault.verify()
    assert problem.startswith("trois_platanes: UC250002/cartable: ")
    assert words in problem
    entries = {entry.asset: entry for entry in vault.entries()}
    assert entries["UC250002"].password == ""
    assert entries["UC250002"].pending is None
    with vault.transaction() as done:  # and it can be put right, or away
        assert done.remove(*BAD)
    assert vault.verify() == []


@pytest.mark.parametrize("name", ["a reference", "year 10000"])
def test_the_assessment_names_it_and_proves_nothing(vault_path: Path, passphrase: str, name: str) -> None:
    vault = opened_with(vault_path, passphrase, SPOILT[name][0])
    found = SimpleNamespace(content=[entry for entry in vault.entries() if entry.asset == "UC250002"])
    context = SimpleNamespace(now=datetime.now(UTC))
    verdict = access.policy_met(found, context, None, None)  # type: ignore[arg-type]
    assert not verdict.ok
    assert "inutilisable telle quelle" in verdict.detail
    assert "cartable" in verdict.detail


@pytest.mark.parametrize(
    "value", [" leading", "trailing ", "\u2003wide", "{REF:P@T:wifi}", "{password}", "{DT_YEAR}x"]
)
def test_what_no_login_could_prove_is_never_kept(vault: Vault, value: str) -> None:
    for put in ("put_current", "put_pending"):
        with (
            pytest.raises(VaultError, match="The password for UC250002/cartable cannot be kept") as refused,
            vault.transaction() as change,
        ):
            getattr(change, put)(*BAD, username="cartable", password=value)
        assert value not in str(refused.value)
    assert vault.find(*BAD[1:]) is None


@pytest.mark.parametrize("value", ["a{b}c", "{}", "{ref}", "{12345}", "a b", "{S}", "Ab{", "}x{"])
def test_braces_alone_are_no_placeholder(value: str) -> None:
    assert value_flaw(kdbx.PASSWORD, value) == ""


def test_a_recovery_key_that_is_a_reference_is_refused(vault: Vault) -> None:
    with vault.transaction() as change:
        change.put_secret(*GOOD, "recovery key", "{REF:P@I:46C9B1FFBD4ABC4BBB260C6190BAD20C}")
    with pytest.raises(
        VaultError, match="UC250001/cartable cannot be used: The field recovery key holds a placeholder"
    ):
        vault.secret(*GOOD[1:], "recovery key")


@pytest.mark.parametrize(("name", "value"), [("I", 2**32 - 1), ("I", 2_000), ("M", 2**40), ("M", 5 * 2**30)])
def test_a_file_whose_key_derivation_never_ends_is_refused_at_once(
    vault_path: Path, passphrase: str, name: str, value: int, derivations: list[int]
) -> None:
    opened = vault_file.blank("found", vault_file.Credentials(passphrase), vault_file.KdfCost())
    derivations.clear()
    parameters = opened.database.kdbx.header.value.dynamic_header.kdf_parameters.data.dict
    parameters[name].value = value
    vault_path.write_bytes(vault_file.build(opened))
    with pytest.raises(VaultError, match=r"key derivation of .* passes"):
        Vault.open(vault_path, passphrase)
    assert derivations == []
