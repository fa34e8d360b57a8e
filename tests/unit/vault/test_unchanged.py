"""What changes the vault's file, and what must not: an empty secret, a move to another site, the same values again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reversibility.records.vault import Vault, VaultError, VaultTransaction

PLACE = ("trois_platanes", "UC250001", "cartable")
SAID = {"username": "cartable", "address": "198.51.100.74", "policy": "user"}


@pytest.fixture
def filled(vault: Vault) -> Vault:
    with vault.transaction() as change:
        change.put_current(*PLACE, **SAID, password="Kd7m-Tq6w-Rz9b")
        change.put_secret(*PLACE, "recovery key", "111-222")
        change.put_attachment(*PLACE, "key.pem", b"abc")
    return vault


SAME: dict[str, Callable[[VaultTransaction], object]] = {
    "what is said": lambda change: change.describe(*PLACE, **SAID),
    "current already": lambda change: change.make_current(*PLACE),
    "a secret": lambda change: change.put_secret(*PLACE, "recovery key", "111-222"),
    "an attachment": lambda change: change.put_attachment(*PLACE, "key.pem", b"abc"),
    "nothing to remove": lambda change: change.remove("trois_platanes", "UC250009", "cartable"),
    "nothing to rename": lambda change: change.rename("trois_platanes", "UC250009", "UC250010"),
}


@pytest.mark.parametrize("again", SAME.values(), ids=SAME)
def test_the_same_again_does_not_change_the_file(
    filled: Vault, again: Callable[[VaultTransaction], object]
) -> None:
    before = filled.path.read_bytes()
    with filled.transaction() as change:
        again(change)
        assert not change.changed
    assert filled.path.read_bytes() == before


@pytest.mark.parametrize("field", ["username", "address", "policy"])
def test_one_other_value_does(filled: Vault, passphrase: str, field: str) -> None:
    with filled.transaction() as change:
        change.describe(*PLACE, **{**SAID, field: "other"})
    found = Vault.open(filled.path, passphrase).find(*PLACE[1:])
    assert found is not None and getattr(found, field) == "other" and found.password == "Kd7m-Tq6w-Rz9b"


def test_a_move_to_another_site_is_saved(filled: Vault, passphrase: str) -> None:
    with filled.transaction() as change:
        change.describe("tilleuls", *PLACE[1:], **SAID)
    found = Vault.open(filled.path, passphrase).find(*PLACE[1:])
    assert found is not None and found.site == "tilleuls"


@pytest.mark.parametrize("put", ["put_pending", "put_current"])
def test_an_empty_password_is_refused_and_nothing_is_saved(filled: Vault, passphrase: str, put: str) -> None:
    before = filled.path.read_bytes()
    with pytest.raises(VaultError, match="An empty password"), filled.transaction() as change:
        getattr(change, put)(*PLACE, **SAID, password="")
    assert filled.path.read_bytes() == before
    assert Path(filled.path).exists() and filled.find(*PLACE[1:])
