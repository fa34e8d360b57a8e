"""``reversibility state`` and ``reversibility journal`` as a person types them."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime

import pytest

from reversibility.cli import main
from reversibility.records.journals import Journals
from reversibility.records.state import State

NOVEMBER = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)


@pytest.fixture
def market(tmp_path, monkeypatch):
    folder = tmp_path / "inventories" / "essai"
    folder.mkdir(parents=True)
    (folder / "hosts.yml").write_text("all: {}\n")
    monkeypatch.setenv("CARTABLE_DATA_DIR", str(tmp_path / "data"))
    return folder


@pytest.fixture
def state(market, tmp_path):
    state = State.create(tmp_path / "data" / "essai" / "state")
    state.write("ici", "UC250001", "accounts.json", {"accounts": []})
    state.write("ici", "UC250001", "inventory.json", {"content": {"operatingsystem": {"name": "Debian"}}})
    state.note_seen("ici", "UC250001", NOVEMBER, True)
    state.note_seen("ici", "UC250001", NOVEMBER, False, "no route")
    journal = Journals(state.directory / "journal", "poste7").own
    origin = {"user": "root", "sudo_user": "alex", "controller": "poste7", "playbook": "observe.yml"}
    journal.append({"event": "run_started", "revision": "a" * 40, "dirty": True, **origin}, when=NOVEMBER)
    task = {"event": "task", "asset": "UC250001", "task": "Set the name"}
    journal.append({**task, "result": "failed", **origin}, when=NOVEMBER)
    journal.append({**task, "result": "unreachable", "message": "no route", **origin}, when=NOVEMBER)
    journal.append({"event": "run_ended", "totals": {"assets": 1}, **origin}, when=NOVEMBER)
    state.commit("first")
    return state


def test_the_history_of_an_asset(market, state, capsys):
    assert main(["state", "log", "-i", str(market), "UC250001"]) == 0
    assert "0 accounts first seen; an unknown system with 0 packages first seen" in capsys.readouterr().out


def test_the_records_of_an_asset(market, state, capsys):
    assert main(["state", "show", "-i", str(market), "UC250001"]) == 0
    shown = capsys.readouterr().out
    assert "site ici, last seen 2026-11-22T14:03:00Z" in shown
    assert "not reached at 2026-11-22T14:03:00Z: no route" in shown
    assert "inventory.json" in shown


@pytest.mark.parametrize("command", ["log", "show"])
def test_an_unknown_asset_is_one_clear_sentence(market, state, capsys, command):
    assert main(["state", command, "-i", str(market), "UC259999"]) == 2
    assert "UC259999; check its tag" in capsys.readouterr().err


def test_damage_gives_an_exit_status(market, state, capsys):
    assert main(["state", "verify", "-i", str(market)]) == 0
    (state.directory / "ici" / "UC250001" / "accounts.json").write_text("{")
    assert main(["state", "verify", "-i", str(market)]) == 1
    assert "ici/UC250001/accounts.json" in capsys.readouterr().out


def test_the_journal_in_words(market, state, capsys):
    assert main(["journal", "list", "-i", str(market), "--since", "2026-11-22", "--until", "2026-11-22"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "2026-11-22T14:03:00Z  alex@poste7  observe.yml  "
        "start of a run at revision aaaaaaaaaaaa with changes that are not committed",
        "2026-11-22T14:03:00Z  alex@poste7  observe.yml  UC250001: Set the name: failed",
        "2026-11-22T14:03:00Z  alex@poste7  observe.yml  UC250001: Set the name: unreachable (no route)",
        "2026-11-22T14:03:00Z  alex@poste7  observe.yml  end of the run: 1 assets",
    ]
    assert main(["journal", "list", "-i", str(market), "--asset", "UC250002"]) == 0
    assert capsys.readouterr().out == ""


def test_an_altered_journal_gives_an_exit_status(market, state, capsys):
    assert main(["journal", "verify", "-i", str(market)]) == 0
    path = state.directory / "journal" / "poste7" / "2026-11.jsonl"
    path.write_text(path.read_text().replace("Set the name", "Set a name"))
    assert main(["journal", "verify", "-i", str(market)]) == 1
    assert (
        "poste7/2026-11.jsonl:2: the line does not match its own hash: it was altered"
        in capsys.readouterr().out
    )


def test_the_lines_of_all_controllers_are_listed_in_the_order_of_their_time(market, state, capsys):
    for hour in (13, 15):
        entry = {
            "event": "command",
            "command": "build",
            "bundle": f"b{hour}",
            "result": "built",
            "user": "alex",
        }
        other = Journals(state.directory / "journal", "poste8").own
        other.append({**entry, "controller": "poste8"}, when=NOVEMBER.replace(hour=hour))
    assert main(["journal", "list", "-i", str(market)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[11:13] for line in lines] == ["13", "14", "14", "14", "14", "15"]
    assert lines[0] == "2026-11-22T13:03:00Z  alex@poste8  reversibility build b13: built"
    assert main(["journal", "verify", "-i", str(market)]) == 0
    assert "6 lines, 0 problems" in capsys.readouterr().out


def test_a_journal_without_its_lines_is_no_journal_that_never_was(market, state, capsys):
    (state.directory / "journal" / "poste7" / "2026-11.jsonl").unlink()
    assert main(["journal", "verify", "-i", str(market)]) == 1
    assert "the last lines were removed" in capsys.readouterr().out
    assert main(["journal", "list", "-i", str(market)]) == 2
    assert "No line is left of the journal" in capsys.readouterr().err
    shutil.rmtree(state.directory / "journal")
    assert main(["journal", "verify", "-i", str(market)]) == 1
    assert "poste7/head.json: the journal ends with line number 0" in capsys.readouterr().out


@pytest.mark.parametrize(
    "command", [["journal", "verify"], ["state", "verify"], ["state", "log", "UC250001"]]
)
def test_a_market_without_records_is_one_clear_sentence(market, capsys, command):
    assert main([*command, "-i", str(market)]) == 2
    assert "There is no" in capsys.readouterr().err


def test_a_day_that_is_none_is_refused(market, capsys):
    with pytest.raises(SystemExit):
        main(["journal", "list", "-i", str(market), "--since", "yesterday"])
    assert "is not a day" in capsys.readouterr().err
