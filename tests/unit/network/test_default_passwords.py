"""Makers' passwords, tried on a simulated switch over SSH and on a web page: which, how often, what is kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest

from reversibility.commands import default_passwords as command
from reversibility.market.load import load_market
from reversibility.operations.accounts_audit import Observed, audit
from reversibility.operations.default_logins import log_in
from reversibility.operations.default_passwords import (
    RECORD,
    TRIES_A_DAY,
    Outcome,
    due,
    known_pairs,
    merged,
    open_accounts,
    reachable_devices,
    try_device,
)
from reversibility.records.state import State
from tests.project import PROJECT
from tests.simulators.network.ios import IosDevice
from tests.simulators.network.server import Simulators

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)
MARKET = load_market(PROJECT / "inventories" / "jurancon")
DEVICE = next(device for device, _ in reachable_devices(MARKET) if device.platform.family == "network")
CLOSED = 9  # discard: nobody listens there


@pytest.fixture
def switch(serve: Callable[..., Simulators]) -> Callable[[str], tuple[IosDevice, Any]]:
    """A switch whose account ``admin`` has this password, and one login at it."""

    def start(password: str) -> tuple[IosDevice, Any]:
        device = IosDevice("SW250001", password=password, minute=0.05)
        port = serve(device).port("SW250001")
        return device, lambda address, account, word: log_in(
            address, account, word, ssh_port=port, http_port=CLOSED, seconds=5
        )

    return start


def tried(
    login: Any, record: Any = None, now: datetime = NOW, spared: tuple[str, ...] = ()
) -> list[dict[str, str]]:
    waits: list[float] = []
    rows = list(
        try_device("127.0.0.1", due(record, "Cisco", spared, now), login, lambda: now, 30, waits.append)
    )
    assert len(waits) >= len(rows) - 1 and set(waits) <= {30}
    return rows


def test_the_makers_password_of_a_switch_is_found_and_nothing_is_tried_after_it(switch: Any) -> None:
    device, login = switch("admin")
    rows = tried(login)
    assert [(row["account"], row["number"], row["result"]) for row in rows] == [
        ("cisco", "cisco-1", "refused"),
        ("admin", "cisco-2", "accepted"),
    ]
    assert device.logins == 2
    assert open_accounts(merged(None, rows)) == {"admin"}


def test_an_account_is_tried_twice_a_day_at_most_and_the_next_day_goes_on(switch: Any) -> None:
    device, login = switch("Kx7-vm2Qz+bRt")
    first = tried(login)
    assert device.logins == len(first)
    assert (
        max([row["account"] for row in first].count(name) for name in ("admin", "cisco", "root"))
        == TRIES_A_DAY
    )
    record = merged(None, first)
    assert tried(login, record, NOW + timedelta(hours=12)) == []
    later = tried(login, record, NOW + timedelta(days=2))
    assert later and not {row["number"] for row in later} & {row["number"] for row in first}
    everything = merged(record, later)
    assert len(everything["tries"]) == len(known_pairs("Cisco")) == device.logins
    assert tried(login, everything, NOW + timedelta(days=4)) == []
    assert tried(login, everything, NOW + timedelta(days=200))


def test_an_account_of_the_vault_is_left_alone_and_silence_ends_the_tries(switch: Any) -> None:
    device, login = switch("admin")
    assert {row["account"] for row in tried(login, spared=("admin",))} == {"cisco", "root"}
    device.off_until = time.monotonic() + 60
    assert tried(login) == []


class Page(BaseHTTPRequestHandler):
    """The page of a copier that asks for a password itself: admin, 1111."""

    asked: list[str | None] = []

    def do_GET(self) -> None:
        given = self.headers.get("Authorization")
        self.asked.append(given)
        self.send_response(200 if given == "Basic YWRtaW46MTExMQ==" else 401)
        self.send_header("WWW-Authenticate", 'Basic realm="copieur"')
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None: ...


@pytest.fixture
def page() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_a_web_page_is_asked_once_a_try(page: int) -> None:
    Page.asked.clear()

    def login(word: str) -> Outcome:
        return log_in("127.0.0.1", "admin", word, ssh_port=CLOSED, http_port=page, seconds=5)

    assert [login("1234"), login("1111")] == [Outcome.refused, Outcome.accepted]
    assert len([given for given in Page.asked if given]) == 2


def test_only_devices_with_an_address_of_their_own_school_are_asked() -> None:
    asked = {device.tag for device, _ in reachable_devices(MARKET)}
    assert DEVICE.tag in asked
    assert not asked & {
        tag for tag, each in MARKET.assets.items() if each.platform.family in ("linux", "windows")
    }
    elsewhere = SimpleNamespace(network={"subnets": []}, assets=MARKET.assets)
    assert list(reachable_devices(elsewhere)) == []  # type: ignore[arg-type]


def test_the_command_keeps_each_try_and_the_audit_names_the_account(
    tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = SimpleNamespace(
        state=tmp_path / "state", journal=tmp_path / "journal", market="jurancon", inventory=MARKET.path
    )
    words: list[tuple[str, str]] = []

    def login(address: str, account: str, password: str) -> Outcome:
        words.append((account, password))
        kept = State(paths.state).read_json(DEVICE.site, DEVICE.tag, RECORD) or {"tries": []}
        assert len(kept["tries"]) == len(words) - 1, "each try is kept before the next one"
        return Outcome.accepted if password == "password" else Outcome.refused

    command.try_default_passwords(MARKET, paths, [], asset=DEVICE.tag, pause=0, login=login)  # type: ignore[arg-type]
    state = State(paths.state)
    assert '"password"' not in str(state.read_json(DEVICE.site, DEVICE.tag, RECORD))
    found = [
        each
        for each in audit(MARKET, {DEVICE.tag: Observed.read(state, DEVICE)}, [], NOW)
        if "default_password" in each.findings
    ]
    opened = [account for account, password in words if password == "password"]
    assert [each.account for each in found] == opened
    assert f"{len(words)} makers' passwords tried" in capsys.readouterr().out
