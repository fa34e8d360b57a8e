"""Conditions for the proof that a password meets its policy, each tested alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from reversibility.contract.proofs import access
from reversibility.records.password_policy import POLICIES
from reversibility.records.vault_entry import Entry

NOW = datetime(2026, 11, 22, 14, tzinfo=UTC)


def entry(kept: str, **changes: Any) -> Entry:
    made = Entry(
        site="trois_platanes",
        asset="UC250001",
        account="cartable",
        username="cartable",
        password=POLICIES[kept].generate(),
        policy=kept,
        expires=POLICIES[kept].expiry(NOW),
        pending=None,
        address="",
        revision="1",
    )
    return replace(made, **changes)


def verdict(*entries: Entry) -> Any:
    return access.policy_met(SimpleNamespace(content=list(entries)), SimpleNamespace(now=NOW), None, None)  # type: ignore[arg-type]


@pytest.mark.parametrize("policy", sorted(POLICIES))
def test_a_password_within_its_policy_is_proven_to_the_day(policy: str) -> None:
    last = POLICIES[policy].expiry(NOW)
    assert verdict(entry(policy)).ok
    assert f"{last:%d/%m/%Y}" in verdict(entry(policy)).detail
    soon = entry(policy, expires=NOW + timedelta(seconds=1))
    assert verdict(soon, entry(policy)).ok and f"{NOW:%d/%m/%Y}" in verdict(entry(policy), soon).detail


@pytest.mark.parametrize("policy", sorted(POLICIES))
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"expires": None}, "sans échéance ou échu"),
        ({"expires": NOW - timedelta(seconds=1)}, "sans échéance ou échu"),
        ({"expires": "beyond"}, "échéance au-delà de"),
        ({"policy": ""}, "aucune règle"),
        ({"policy": "other"}, "aucune règle"),
        ({"password": "Kd7m-Tq6w"}, "non conforme"),
        ({"password": "kd7m-tq6w-rz9b-nn"}, "non conforme"),
    ],
)
def test_one_thing_that_is_wrong_is_enough(policy: str, changes: dict[str, Any], words: str) -> None:
    if changes.get("expires") == "beyond":
        changes = {"expires": POLICIES[policy].expiry(NOW) + timedelta(seconds=1)}
    for entries in ([entry(policy, **changes)], [entry(policy), entry(policy, **changes)]):
        found = verdict(*entries)
        assert not found.ok and words in found.detail


def test_a_pending_password_alone_is_none_in_force() -> None:
    pending = entry("user", password="", pending="Kd7m-Tq6w-Rz9b", expires=None)
    assert not verdict(pending).ok and "aucun mot de passe en vigueur" in verdict(pending).detail
    assert verdict(pending, entry("user")).ok
    assert not verdict().ok
