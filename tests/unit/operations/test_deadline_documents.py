"""Published flaws over time: the page, the table of the bundle, and the report of a holiday run."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path
from types import SimpleNamespace

import pytest

from reversibility import cli
from reversibility.bundle.sections.documents import write as write_documents
from reversibility.documents.deadlines import HEADERS, deadline_rows, deadline_totals, deadlines_page
from reversibility.errors import CartableError
from reversibility.market.load import load_market
from reversibility.market.paths import MarketPaths
from reversibility.operations.advisories.kept import by_month, flaws, match_again
from reversibility.records.state import State
from tests.project import PROJECT

NOW = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
DEMO = PROJECT / "inventories" / "demo"
SITE, PC = "trois_platanes", "UC250001"
TABLE = "cve,release,package,fixed,severity,published\n"
LATE = "CVE-2026-0001,trixie,openssl,3.5.4-2,critical,2026-11-29\n"
OPEN = "CVE-2026-0002,trixie,nano,8.5-1,minor,2026-11-29\n"


@pytest.fixture
def state(tmp_path: Path) -> State:
    """A state in which one PC was observed with two old packages."""
    made = State.create(tmp_path / "state")
    observe(made, openssl="3.5.4-1", nano="8.4-1")
    return made


def observe(state: State, **versions: str) -> None:
    softwares = [{"name": name, "version": version, "from": "deb"} for name, version in versions.items()]
    system = {"name": "Debian", "version": "13", "full_name": "Debian GNU/Linux 13 (trixie)"}
    state.write(SITE, PC, "inventory.json", {"content": {"softwares": softwares, "operatingsystem": system}})


def publish(tmp_path: Path, *lines: str) -> Path:
    folder = tmp_path / "advisories"
    folder.mkdir(exist_ok=True)
    (folder / "avis.csv").write_text(TABLE + "".join(lines))
    return folder


def test_what_was_open_and_is_installed_now_was_closed_in_time_or_late(tmp_path: Path, state: State) -> None:
    market = load_market(DEMO)
    folder = publish(tmp_path, LATE, OPEN)
    assert match_again(market, state, folder, NOW)
    found, unmatched = flaws(market, state)
    assert [(flaw.cve, flaw.state(NOW)) for flaw in found] == [
        ("CVE-2026-0001", "late"),
        ("CVE-2026-0002", "open"),
    ]
    assert PC not in unmatched
    assert "UC250002" in unmatched

    observe(state, openssl="3.5.4-2", nano="8.5-1")
    later = NOW + dt.timedelta(hours=1)
    match_again(market, state, folder, later)
    found, _ = flaws(market, state)
    assert [flaw.state(later) for flaw in found] == ["too_late", "in_time"]
    assert by_month(found, later) == [(dt.date(2026, 11, 1), 1, 1)]
    assert deadline_totals(found, later) == [
        {"severity": "critical", "late": 0, "open": 0, "workaround": 0, "in_time": 0, "too_late": 1},
        {"severity": "minor", "late": 0, "open": 0, "workaround": 0, "in_time": 1, "too_late": 0},
    ]


def test_the_page_and_the_table_say_it_in_french(tmp_path: Path, state: State) -> None:
    market = load_market(DEMO)
    match_again(market, state, publish(tmp_path, LATE, OPEN), NOW)
    found, unmatched = flaws(market, state)
    page = deadlines_page(market, found, unmatched, NOW)
    for text in (PC, "CVE-2026-0001", "délai dépassé", "critique", "version 3.5.4-2", "UC250002"):
        assert text in page
    rows = [dict(zip(HEADERS, row, strict=True)) for row in deadline_rows(found, NOW)]
    assert (rows[0]["Faille"], rows[0]["À corriger avant le"], rows[0]["État"]) == (
        "CVE-2026-0001", "2026-11-29 08:00", "délai dépassé",
    )  # fmt: skip


def test_the_bundle_has_the_page_and_the_table_once_anything_was_compared(
    tmp_path: Path, state: State
) -> None:
    market, folder = load_market(DEMO), tmp_path / "documents"
    build = SimpleNamespace(market=market, state=state, moment=NOW, paths=SimpleNamespace(data=tmp_path))
    folder.mkdir()
    write_documents(build, folder)  # type: ignore[arg-type]
    assert not (folder / "maintenance").exists()
    match_again(market, state, publish(tmp_path, LATE), NOW)
    write_documents(build, folder)  # type: ignore[arg-type]
    assert "CVE-2026-0001" in (folder / "maintenance" / "delais-de-correction.html").read_text(
        encoding="utf-8"
    )
    with (folder / "maintenance" / "delais-de-correction.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    assert [(row["Étiquette"], row["État"]) for row in rows] == [(PC, "délai dépassé")]


def test_without_advisories_nothing_is_touched_and_what_is_none_is_refused(
    tmp_path: Path, state: State
) -> None:
    market = load_market(DEMO)
    assert not match_again(market, state, tmp_path / "nowhere", NOW)
    assert state.read_json(SITE, PC, "advisories.json") is None
    (publish(tmp_path) / "page.json").write_text('{"html": true}')
    with pytest.raises(CartableError, match=r"page\.json"):
        match_again(market, state, tmp_path / "advisories", NOW)


def test_the_command_writes_the_page_of_what_was_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARTABLE_DATA_DIR", str(tmp_path / "data"))
    state = State.create(MarketPaths.for_inventory(DEMO).state)
    observe(state, openssl="3.5.4-1")
    folder, page = publish(tmp_path, LATE), tmp_path / "page.html"
    words = ["advisories", "--inventory", str(DEMO), "--folder", str(folder), "--html", str(page)]
    assert cli.main([*words, "--record"]) == 1
    assert "CVE-2026-0001" in page.read_text(encoding="utf-8")
