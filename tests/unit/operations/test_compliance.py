"""Compliance with the security rules, on the demonstration market and a state with a history."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from reversibility import cli
from reversibility.market.load import load_market
from reversibility.market.paths import MarketPaths
from reversibility.operations.compliance import Totals, compliance, over_time, totals
from reversibility.records.state import State
from reversibility.typography import long_date
from tests.project import PROJECT

DEMO = PROJECT / "inventories" / "demo"
MARKET = load_market(DEMO)
SITE = "trois_platanes"
WAIVER = {"reason": "Borne d’impression", "author": "Mairie", "until": "2020-01-31"}


def rule(name: str, state: str, **more: Any) -> dict[str, Any]:
    return {"rule": name, "state": state, "title": f"Règle {name}", **more}


def write(state: State, asset: str, *rules: Any) -> None:
    state.write(SITE, asset, "compliance.json", {"rules": list(rules)})


def commit(state: State, day: str) -> None:
    """Commit at noon of ``day``: the state's own Git takes no dates from outside."""
    moment = f"{day}T12:00:00Z"
    words = ["git", "-C", str(state.directory), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run([*words, "add", "--all"], check=True)
    environment = {**os.environ, "GIT_COMMITTER_DATE": moment, "GIT_AUTHOR_DATE": moment}
    subprocess.run([*words, "commit", "--quiet", "-m", day], check=True, env=environment)


def test_what_does_not_count_is_in_no_percentage(tmp_path: Path) -> None:
    state = State.create(tmp_path / "state")
    kept = [rule("a", "complies"), rule("b", "complies"), rule("c", "missing", expected="x")]
    not_counted = [
        rule("d", "waived", **WAIVER),
        rule("e", "declined", reason="r"),
        rule("f", "not_applicable"),
    ]
    write(state, "UC250001", *kept, *not_counted)
    rows = [row for row in compliance(MARKET, state) if row.asset == "UC250001"]
    one = totals(rows, "site")[SITE]
    assert (one.judged, one.open, round(one.rate, 3)) == (3, 1, 0.667)
    assert [row.rule for row in rows if row.overdue(date(2026, 11, 30))] == ["d"]
    assert Totals().rate == 0.0


def test_a_network_devices_record_is_read_the_same_way(tmp_path: Path) -> None:
    state = State.create(tmp_path / "state")
    findings = [{"rule": "clear-text-telnet", "state": "ok", "detail": ""}]
    findings.append({"rule": "factory-accounts", "state": "failed", "detail": "compte d’usine"})
    write(state, "SW250001", *findings)
    rows = {row.rule: row for row in compliance(MARKET, state) if row.asset == "SW250001"}
    assert {name: row.state for name, row in rows.items()} == {
        "clear-text-telnet": "complies", "factory-accounts": "present",
    }  # fmt: skip
    assert rows["factory-accounts"].seen == "compte d’usine"


@pytest.mark.parametrize("record", [{"rules": 3}, {"rules": [{"rule": "a"}, "b", {"state": "complies"}]}, []])
def test_a_record_that_holds_no_rule_is_an_asset_that_was_never_read(tmp_path: Path, record: Any) -> None:
    state = State.create(tmp_path / "state")
    state.write(SITE, "UC250001", "compliance.json", record)
    assert [row.state for row in compliance(MARKET, state) if row.asset == "UC250001"] == ["never_read"]


def test_the_history_has_one_entry_a_day_with_what_was_true_at_its_end(
    tmp_path: Path,
) -> None:
    state = State.create(tmp_path / "state")
    write(state, "UC250001", rule("a", "complies"), rule("b", "missing"))
    commit(state, "2026-10-01")
    write(state, "UC250002", rule("a", "present"), rule("b", "declined"))
    commit(state, "2026-10-05")
    write(state, "UC250001", rule("a", "complies"), rule("b", "complies"))
    commit(state, "2026-10-05")
    (tmp_path / "state" / SITE / "UC250002" / "compliance.json").unlink()
    commit(state, "2026-10-09")
    days = over_time(state, [SITE])
    assert [(day.day.isoformat(), day.complies, day.judged, day.assets) for day in days] == [
        ("2026-10-01", 1, 2, 1), ("2026-10-05", 2, 3, 2), ("2026-10-09", 2, 2, 1),
    ]  # fmt: skip
    assert over_time(state, ["elsewhere"]) == []


def test_the_command_prints_what_is_not_kept_and_writes_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CARTABLE_DATA_DIR", str(tmp_path / "data"))
    state = State.create(MarketPaths.for_inventory(DEMO).state)
    evil = rule(
        "b", "present", expected="no", seen="<script>\x1b[2J", level="minimal", anssi="R33", cis="5.1.21"
    )
    write(
        state,
        "UC250001",
        rule("a", "complies"),
        evil,
        rule("w", "waived", **WAIVER),
        rule("d", "declined", reason="Casse"),
    )
    commit(state, "2026-10-01")
    page, data = tmp_path / "p.html", tmp_path / "p.json"
    words = ["compliance", "--inventory", str(DEMO), "--asset", "UC250001"]
    assert cli.main([*words, "--html", str(page), "--json", str(data)]) == 1
    told = capsys.readouterr().out
    assert "trois_platanes  UC250001  b  present  expected no" in told
    assert "the waiver of Mairie ended on 2020-01-31" in told
    assert "1 of 2 rules kept (50.0%), 1 waived, 1 declined" in told
    assert "\x1b" not in told
    html = page.read_text(encoding="utf-8")
    for text in (
        "École élémentaire des Trois-Platanes",
        "Règle b",
        "R33",
        "5.1.21",
        "Borne d’impression",
        "échue",
        "Casse",
        long_date(date(2026, 10, 1)),
    ):
        assert text in html, text
    assert "<script>" not in html
    assert {row["rule"] for row in json.loads(data.read_text())} == {"a", "b", "w", "d"}

    write(state, "UC250001", rule("a", "complies"))
    assert cli.main(words) == 0
    assert subprocess.run(
        ["git", "-C", state.directory, "log", "--oneline"], check=True, capture_output=True
    ).stdout
