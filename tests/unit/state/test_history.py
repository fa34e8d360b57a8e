"""What ``reversibility state log`` says."""

from __future__ import annotations

import json

import pytest

from reversibility.errors import CartableError
from reversibility.records.history import history, tell_record
from reversibility.records.journals import Journals
from reversibility.records.state import State

INVENTORY = {
    "content": {
        "operatingsystem": {"full_name": "Debian GNU/Linux 13 (trixie)", "version": "13.1"},
        "softwares": [{"name": "firefox-esr", "version": "128.3"}, {"name": "nano", "version": "8.4"}],
        "storages": [{"name": "sda", "health": "passed"}],
    }
}
ACCOUNTS = {"accounts": [{"login": "root", "locked": True}]}


def told(state, asset="UC250001"):
    return [change.words for change in history(state, asset)]


@pytest.fixture
def state(tmp_path):
    state = State.create(tmp_path / "state")
    state.write("a", "UC250001", "inventory.json", INVENTORY)
    state.write("a", "UC250001", "accounts.json", ACCOUNTS)
    state.write("a", "UC250001", "config/etc/hostname", "uc250001\n")
    state.write("a", "UC250002", "accounts.json", ACCOUNTS)
    state.commit("observe.yml: 2 assets, 2 changed")
    return state


def test_the_first_record_is_summed_up(state):
    assert told(state) == [
        [
            "1 accounts first seen",
            "Debian GNU/Linux 13 (trixie) with 2 packages first seen",
            "configuration /etc/hostname appeared",
        ]
    ]


def test_changes_are_told_in_words(state):
    content = {
        "operatingsystem": {"full_name": "Debian GNU/Linux 13 (trixie)", "version": "13.2"},
        "softwares": [{"name": "firefox-esr", "version": "128.4"}, {"name": "qpdf", "version": "12"}],
        "storages": [{"name": "sda", "health": "failed"}],
    }
    state.write("a", "UC250001", "inventory.json", {"content": content})
    accounts = [{"login": "root", "locked": False}, {"login": "invite", "administrator": True}]
    state.write("a", "UC250001", "accounts.json", {"accounts": accounts})
    state.write("a", "UC250001", "config/etc/hostname", "other\n")
    state.write("a", "UC250001", "config.age", b"age-encryption.org/v1\n")
    state.commit("observe.yml: 2 assets, 1 changed")
    assert set(told(state)[1]) == {
        "account invite appeared as administrator",
        "account root: locked yes → no",
        "operating system: version 13.1 → 13.2",
        "package firefox-esr 128.3 → 128.4",
        "package nano disappeared",
        "package qpdf 12 installed",
        "disk sda: health passed → failed",
        "restorable configuration saved",
        "configuration /etc/hostname changed (+1 −1 lines)",
    }
    assert len(told(state, "UC250002")) == 1


def test_a_large_file_is_told_as_well():
    """Comparing each line with all others would take hours."""
    before = "".join(f"line {number}\n" for number in range(200_000))
    words = tell_record("config/etc/hosts", before, before.replace("line 7\n", "another\nand another\n"))
    assert words == ["configuration /etc/hosts changed (+2 −1 lines)"]


def test_a_controller_that_is_named_like_an_asset_is_no_asset(state):
    Journals(state.directory / "journal", "uc250003").own.append({"event": "task"})
    state.commit("observe.yml: 0 assets, 0 changed")
    assert told(state, "uc250003") == []


def test_an_asset_that_moves_to_another_school_keeps_its_history(state):
    state.write("b", "UC250001", "accounts.json", ACCOUNTS)
    state.commit("observe.yml: 1 assets, 1 changed")
    assert len(told(state)) == 2


def test_a_large_upgrade_is_counted(state):
    packages = [{"name": f"lib{number}", "version": "1"} for number in range(100)]
    state.write(
        "a", "UC250001", "inventory.json", {"content": {**INVENTORY["content"], "softwares": packages}}
    )
    state.commit("x")
    assert told(state)[1][-1] == "90 more in inventory.json"


def test_an_unknown_asset_has_no_history(state):
    assert told(state, "UC259999") == []


def test_a_folder_that_is_no_state_is_an_error(tmp_path):
    with pytest.raises(CartableError, match="missing"):
        list(history(State(tmp_path / "nothing"), "UC250001"))


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ({"room": []}, {"room": ["/ is full"], "shares": None}, ["found: / is full"]),
        ({"room": ["/ is full"]}, {"room": None}, ["no longer found: / is full"]),
        ({"accounts": ["a", "b"]}, {"accounts": ["b", "c"]}, ["found: c", "no longer found: a"]),
        (None, {"accounts": ["a", "b"], "shares": None}, ["2 findings first seen"]),
        (
            {"accounts": ["a"]},
            {"accounts": 1},
            ["findings.json changed and does not have the shape of such a record"],
        ),
    ],
)
def test_findings_are_told_when_they_come_and_go(before, after, words):
    texts = (None if value is None else json.dumps(value) for value in (before, after))
    assert tell_record("findings.json", *texts) == words
