"""Certificates as people read them: the list, the calendar of their ends and the page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import icalendar
import pytest

from reversibility.cli import main
from reversibility.documents.certificates import certificates, expiry_events, expiry_page
from reversibility.market.load import load_market
from reversibility.market.model import Market
from reversibility.market.paths import MarketPaths
from reversibility.records.state import State
from tests.project import PROJECT

DEMO = PROJECT / "inventories" / "demo"
NOW = datetime.now(UTC).replace(microsecond=0)
SITE = "trois_platanes"


def row(name: str, days: int, **more: object) -> dict[str, object]:
    end = f"{NOW + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"
    return {"subject": f"CN={name},O=École", "not_after": end, "sha256": name * 8, "uses": ["server"], **more}


@pytest.fixture
def market(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Market:
    """The demonstration market with certificates of three assets."""
    monkeypatch.setenv("CARTABLE_DATA_DIR", str(tmp_path))
    state = State.create(MarketPaths.for_inventory(DEMO).state)
    rows = [row("radius", 40, places=["/etc/ssl/cartable/radius.crt", "tcp/2083"]), row("vieux", -3)]
    state.write(SITE, "NA250001", "certificates.json", {"certificates": rows})
    windows = {
        "store": "LocalMachine/My",
        "subject": "CN=UC250003",
        "sha1": "ab",
        "not_after": row("", 300)["not_after"],
    }
    state.write(SITE, "UC250003", "certificates.json", {"certificates": [windows]})
    broken = {"certificates": [{"subject": "", "problem": "unreadable", "sha256": "unreadable /etc/x.pem"}]}
    state.write(SITE, "RT250001", "certificates.json", broken)
    return load_market(DEMO)


def test_the_calendar_warns_thirty_days_before_each_end(market: Market) -> None:
    rows = certificates(market, State(MarketPaths.for_inventory(DEMO).state))
    assert [each.asset for each in rows] == ["RT250001", "NA250001", "NA250001", "UC250003"]
    events = icalendar.Calendar.from_ical(expiry_events(market, rows, NOW)).walk("VEVENT")
    assert len(events) == 3, "the one that cannot be read has no day"
    [radius] = [event for event in events if "radius" in event["summary"]]
    assert radius["dtstart"].dt == NOW + timedelta(days=10)
    assert "titulaire" in radius["description"] and "tcp/2083" in radius["description"]


def test_the_page_says_what_is_over_and_what_is_near(market: Market) -> None:
    rows = certificates(market, State(MarketPaths.for_inventory(DEMO).state))
    page = expiry_page(market, rows, NOW)
    assert "4 certificats relevés" in page.replace("\u00a0", " ") and "1 échu," in page.replace("\u00a0", " ")
    assert "1 à renouveler" in page.replace("\u00a0", " ")
    assert "École élémentaire des Trois-Platanes" in page and "titulaire" in page


def test_the_command_lists_what_ends_soon_and_says_so_by_its_status(
    market: Market, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    files = [f"--{kind}={tmp_path / f'fin.{kind}'}" for kind in ("csv", "ics", "html")]
    assert main(["certificates", "list", "-i", str(DEMO), *files]) == 0
    assert "4 of 4 certificates" in capsys.readouterr().out
    assert all((tmp_path / f"fin.{kind}").stat().st_size > 200 for kind in ("csv", "ics", "html"))
    assert main(["certificates", "list", "-i", str(DEMO), "--days", "60"]) == 1
    out = capsys.readouterr().out
    assert "radius" in out and "vieux" in out and "UC250003" not in out
    assert main(["certificates", "list", "-i", str(DEMO), "--days", "-9"]) == 1, "one is unreadable"
