"""``reversibility calendar`` and what it writes, read back by another program."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import icalendar
import pytest

from reversibility.cli import main
from tests.project import PROJECT
from tests.unit.documents.test_documents import Page

JURANCON = str(PROJECT / "inventories" / "jurancon")


def test_the_year_of_the_schools(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    calendar_file, page_file = tmp_path / "year.ics", tmp_path / "year.html"
    command = ["calendar", "-i", JURANCON, "--year", "2026-2027", "--site", "barthou_elementaire"]
    assert main([*command, "--ics", str(calendar_file), "--html", str(page_file)]) == 0
    said = capsys.readouterr().out
    assert "open     Fri 2026-12-18 16:30  Sat 2026-12-19 08:00  vacances de Noël" in said
    assert "refused  Sat 2026-12-19 08:00  Sat 2026-12-19 18:00" in said
    assert "weekly   wednesday 08:00-20:00" in said

    calendar = icalendar.Calendar.from_ical(calendar_file.read_bytes())
    events = list(calendar.walk("VEVENT"))
    christmas = [event for event in events if event["description"] == "Vacances de Noël"]
    assert [(event.decoded("dtstart"), event.decoded("dtend")) for event in christmas] == [
        (dt.datetime(2026, 12, 18, 15, 30, tzinfo=dt.UTC), dt.datetime(2026, 12, 19, 7, tzinfo=dt.UTC)),
        (dt.datetime(2026, 12, 19, 17, tzinfo=dt.UTC), dt.datetime(2027, 1, 3, 22, tzinfo=dt.UTC)),
    ]
    assert len({str(event["uid"]) for event in events}) == len(events)

    page = Page(page_file.read_text(encoding="utf-8"))
    assert page.problems == []
    assert "vendredi\u00a018\u00a0décembre\u00a02026 à 16\u00a0h\u00a030" in page.text
    assert "mercredi de 8\u00a0h\u00a000 à 20\u00a0h\u00a000" in page.text


def test_a_year_that_nobody_has_published_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page_file = tmp_path / "year.html"
    assert main(["calendar", "-i", JURANCON, "--year", "2031", "--html", str(page_file)]) == 0
    assert "Le calendrier scolaire 2031-2032 de cette zone n’est pas encore connu" in page_file.read_text()
    assert main(["calendar", "-i", JURANCON, "--site", "ailleurs"]) == 2
    assert "There is no site ailleurs" in capsys.readouterr().err
