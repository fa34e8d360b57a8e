"""What a bundle's records are to the successor's controller: as if it had observed the machines itself."""

from __future__ import annotations

import pyrage
import pytest

from reversibility.errors import CartableError
from reversibility.records import configuration
from reversibility.records.configuration import RESTORABLE, as_item, open_files
from tests.unit.takeover.school import Successor

PLACE = ("trois_platanes", "UC250001")


def test_what_has_not_changed_is_not_encrypted_again(successor: Successor) -> None:
    """Else the first observation would show a difference of every machine, and nobody could tell which is one."""
    context, _ = successor.begin()
    state, identity = context.state, context.vault.age_identity()
    kept = state.read_bytes(*PLACE, RESTORABLE)
    assert kept is not None
    items = [as_item(file) for file in open_files(kept, identity)]
    assert RESTORABLE not in configuration.plan(state, *PLACE, items, context.vault.age_recipient()).changes
    items[0] = {**items[0], "mode": "0600"}
    assert RESTORABLE in configuration.plan(state, *PLACE, items, context.vault.age_recipient()).changes


def test_it_is_known_when_a_machine_was_seen_and_its_passwords_proven(successor: Successor) -> None:
    context, _ = successor.begin()
    volatile = context.state.volatile(*PLACE)
    assert volatile["last_seen"] and volatile["logins.json"] == "2026-02-28T09:30:00Z"
    context.state.note_volatile(*PLACE, {"last_seen": "2026-03-05T08:00:00Z"})
    successor.begin()
    assert context.state.volatile(*PLACE)["last_seen"] == "2026-03-05T08:00:00Z", (
        "a later start overwrites nothing"
    )


def test_a_configuration_of_another_key_is_left_to_the_next_observation(successor: Successor) -> None:
    context, _ = successor.begin()
    stranger = str(pyrage.x25519.Identity.generate())
    with pytest.raises(CartableError, match="cannot be decrypted"):
        configuration.recognize(context.state, *PLACE, stranger)
