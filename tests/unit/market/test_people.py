"""People who administer: until when, with which key, and what a transition between two contractors makes of it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from reversibility.market.people import account_variables, frozen, keys_not_there, people

DAY = date(2029, 3, 1)
CONTRACT: dict[str, Any] = {
    "administrators": [
        {"name": "Alex", "party": "contractor", "account": "alex", "ssh_key_file": "keys/alex.pub"},
        {"name": "Camille", "party": "contractor", "account": "camille", "until": date(2029, 2, 1)},
        {"name": "Dominique", "party": "town", "account": "dominique", "ssh_key": "ssh-ed25519 AAAA d"},
        {"name": "Robin", "party": "successor", "account": "robin"},
        {"name": "Sacha", "party": "agglomeration"},
    ],
    "transition": {
        "from": date(2029, 2, 10),
        "until": date(2029, 3, 31),
        "freeze": {
            "from": date(2029, 2, 20),
            "until": DAY,
            "operations": ["patch"],
            "reason": "la bascule",
            "author": "Dominique",
        },
    },
}


def states(day: date, data: Path) -> dict[str, str]:
    return {each["name"]: each["state"] for each in account_variables(CONTRACT, data, day)}


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2029, 2, 1), {"alex": "open", "camille": "open", "dominique": "open"}),
        (date(2029, 2, 10), {"alex": "open", "camille": "ended", "dominique": "open", "robin": "open"}),
        (date(2029, 3, 31), {"alex": "open", "camille": "ended", "dominique": "open", "robin": "open"}),
        (date(2029, 4, 1), {"alex": "ended", "camille": "ended", "dominique": "open", "robin": "open"}),
    ],
)
def test_the_transition_ends_one_contractors_access_and_begins_the_others(
    tmp_path: Path, day: date, expected: dict[str, str]
) -> None:
    assert states(day, tmp_path) == expected


def test_the_machine_closes_the_account_after_the_last_day() -> None:
    alex, _, dominique, *_ = people(CONTRACT)
    assert datetime.fromtimestamp(alex.expires, UTC) == datetime(2029, 4, 1, tzinfo=UTC)
    assert dominique.expires == -1


def test_a_key_is_read_from_its_file_and_one_that_is_not_there_is_told(tmp_path: Path) -> None:
    [told] = keys_not_there(CONTRACT, tmp_path)
    assert "Alex" in told and str(tmp_path / "keys/alex.pub") in told
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/alex.pub").write_text("ssh-ed25519 BBBB a\n")
    assert keys_not_there(CONTRACT, tmp_path) == []
    keys = {each["name"]: each["key"] for each in account_variables(CONTRACT, tmp_path, DAY)}
    assert keys["alex"] == "ssh-ed25519 BBBB a" and keys["dominique"] == "ssh-ed25519 AAAA d"


@pytest.mark.parametrize(
    ("operation", "day", "refused"),
    [
        ("patch", DAY, True),
        ("patch", date(2029, 3, 2), False),
        ("patch", date(2029, 2, 19), False),
        ("observe", DAY, False),
        ("", DAY, False),
    ],
)
def test_what_is_frozen_is_refused_on_the_days_of_the_freeze(
    operation: str, day: date, refused: bool
) -> None:
    told = frozen(CONTRACT, operation, day)
    assert ("la bascule" in (told or "")) is refused
    assert frozen({**CONTRACT, "transition": {}}, operation, day) is None
