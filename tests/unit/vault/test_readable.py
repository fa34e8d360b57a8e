"""Passwords that pupils read and type: how many there are, and that they keep their own rules."""

from __future__ import annotations

import pytest

from reversibility.records.password_policy import POLICIES
from reversibility.records.readable import entropy, readable_password, readable_problems, word_list

READABLE = POLICIES["readable"]


def test_the_list_is_as_long_as_its_entropy_says() -> None:
    words = word_list()
    assert len(words) == len(set(words)) == 512
    assert all(word.isascii() and word.islower() and 4 <= len(word) <= 7 for word in words)
    assert entropy() == pytest.approx(51.0)


def test_what_is_made_keeps_the_rules_and_nothing_is_made_twice() -> None:
    made = {READABLE.generate() for _ in range(300)}
    assert len(made) == 300
    for password in made:
        assert READABLE.problems(password) == []
        assert len(password) >= 12
        assert {*password}.isdisjoint("01IO"), "read as another one on a printed card"
        assert any(c.islower() for c in password) and any(c.isupper() for c in password) and "-" in password


def test_every_word_comes_up() -> None:
    seen = {word.lower() for _ in range(3000) for word in readable_password().split("-")[:-1]}
    assert len(seen) == 512


@pytest.mark.parametrize(
    "password",
    ["Lampe-tigre-nuage-poire-47", "Lampe-tigre-nuage-poire-tigre-47", "lampe-tigre-nuage-poire-aigle-47",
     "Lampe-tigre-nuage-poire-zzzz-47", "Lampe-tigre-nuage-poire-aigle-40", "Lampe tigre nuage poire aigle 47", ""],
)  # fmt: skip
def test_another_one_is_told_without_being_repeated(password: str) -> None:
    problems = readable_problems(password)
    assert problems
    assert not password or password not in " ".join(problems)
