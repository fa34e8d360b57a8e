"""The rules for passwords (R33)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reversibility.errors import CartableError
from reversibility.records.password_policy import (
    POLICIES,
    passphrase_problem,
    policy_named,
    problems_of_entry,
)
from reversibility.records.vault_entry import Entry

ENTRY = Entry("s", "PC1", "cartable", "cartable", "Bcdf-9ghj.klmnQ", None, "", None, "administrator", "r1")


@pytest.mark.parametrize(("name", "minimum", "made"), [("administrator", 14, 24), ("user", 12, 14)])
def test_passwords_that_are_made_keep_the_rules(name: str, minimum: int, made: int) -> None:
    policy = policy_named(name)
    passwords = {policy.generate() for _ in range(300)}
    assert len(passwords) == 300
    for password in passwords:
        assert len(password) == made >= minimum
        assert any(c.islower() for c in password)
        assert any(c.isupper() for c in password)
        assert any(c.isdigit() for c in password)
        assert any(not c.isalnum() for c in password)
        assert not set(password.casefold()) & set(
            "aeiouy0134"
        )  # no word, also where digits stand for letters
        assert not set(password) & set("lIO")  # nothing to confuse
        assert password[0].isalnum()  # no option of a command, no formula of a spreadsheet
        assert not set(password) & set("'\"\\$`&<>{}%#!|;~^* ")  # no meaning in YAML, shells, XML
        assert policy.problems(password) == []


def test_a_user_password_can_be_typed_by_a_pupil() -> None:
    assert [len(group) for group in policy_named("user").generate().split("-")] == [4, 4, 4]


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("asked", [0, 14, 15, 20, 26])
def test_a_market_may_ask_for_longer_passwords(name: str, asked: int) -> None:
    policy = policy_named(name)
    for _ in range(20):
        password = policy.generate(asked)
        assert len(password) >= max(asked, policy.minimum_length)
        assert policy.problems(password) == []


def test_a_length_that_readable_passwords_may_not_have_is_refused() -> None:
    """Instead of drawing words for ever."""
    with pytest.raises(CartableError, match="asks for passwords of 60 characters"):
        policy_named("readable").generate(60)


def test_every_sign_is_used() -> None:
    seen = set().union(*(policy_named("administrator").generate() for _ in range(400)))
    assert len(seen) == 19 + 20 + 6 + 6


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("Kd7m-Tq6w", "shorter than 14"),
        ("KD7M-TQ6W-RZ9B-XX", "no lower-case"),
        ("kd7m-tq6w-rz9b-xx", "no upper-case"),
        ("Kdkm-Tqkw-Rzkb-xx", "no digit"),
        ("Kd7mTq6wRz9bKd7m", "no symbol"),
        ("Kd7m-Ecole-Rz9b", "may be a word"),
        ("Kd7m-3c0l3-Rz9b-Zz", "may be a word"),
        ("Kd7m-élève-Rz9b-Zz", "may be a word"),
        ("P@ssw0rd-2025-Kd", "may be a word"),
    ],
)
def test_what_breaks_the_rules_is_named_without_the_password(password: str, problem: str) -> None:
    problems = policy_named("administrator").problems(password)
    assert any(problem in text for text in problems)
    assert password not in " ".join(problems)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1)).map(lambda when: when.replace(tzinfo=UTC)))
def test_validity_is_in_months(start: datetime) -> None:
    year = POLICIES["user"].expiry(start)
    half = POLICIES["administrator"].expiry(start)
    assert 365 - 1 <= (year - start).days <= 366
    assert 180 <= (half - start).days <= 184
    assert (half.month - start.month) % 12 == 6


def test_the_last_day_of_a_month_stays_in_its_month() -> None:
    assert POLICIES["administrator"].expiry(datetime(2026, 8, 31, tzinfo=UTC)) == datetime(
        2027, 2, 28, tzinfo=UTC
    )
    assert POLICIES["user"].expiry(datetime(2028, 2, 29, tzinfo=UTC)) == datetime(2029, 2, 28, tzinfo=UTC)


def test_an_unknown_policy_is_said() -> None:
    with pytest.raises(
        CartableError, match="'root' is no password policy; use one of administrator, readable, user"
    ):
        policy_named("root")


def test_the_passphrase_of_a_vault_is_not_weak() -> None:
    assert passphrase_problem("six words that nobody else knows") is None
    assert passphrase_problem("Kd7m-Tq6w-Rz9b") is None
    for weak in ("short", "kd7m-tq6w-rz9b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa"):
        assert passphrase_problem(weak)


@pytest.mark.parametrize("password", ["Bcdf-9ghj.klmnQ", "BCDFghjk2=mnpqr"])
def test_letters_without_a_vowel_are_no_word(password: str) -> None:
    assert policy_named("administrator").problems(password) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []),
        ({"pending": "Wxz7-2bcd:Fghj9"}, ["a change of its password was cut"]),
        ({"password": "", "pending": "Wxz7-2bcd:Fghj9"}, ["never checked by a login"]),
        ({"password": ""}, []),
        ({"expires": datetime(2026, 11, 29, tzinfo=UTC)}, ["has expired on 2026-11-29"]),
        (
            {"password": "brief"},
            ["shorter than 14", "no upper-case", "no digit", "no symbol", "four letters"],
        ),
        ({"policy": "", "password": "brief"}, []),
    ],
)
def test_what_is_wrong_with_an_entry_is_said_one_by_one(changes: dict[str, Any], said: list[str]) -> None:
    entry = replace(ENTRY, **changes)
    found = problems_of_entry(entry, datetime(2026, 11, 30, tzinfo=UTC))
    assert len(found) == len(said) and all(words in one for words, one in zip(said, found, strict=True))
    assert not any(secret and secret in one for one in found for secret in (entry.password, entry.pending))
