"""Trial of the makers' passwords on devices, for ``reversibility accounts --default-passwords``."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from reversibility.console import say
from reversibility.market.model import Market
from reversibility.market.paths import MarketPaths
from reversibility.operations.default_logins import log_in
from reversibility.operations.default_passwords import (
    RECORD,
    Login,
    due,
    merged,
    reachable_devices,
    try_device,
)
from reversibility.records.journals import record
from reversibility.records.origin import origin
from reversibility.records.state import State
from reversibility.records.vault_entry import Entry


def try_default_passwords(
    market: Market,
    paths: MarketPaths,
    entries: Iterable[Entry],
    *,
    site: str | None = None,
    asset: str | None = None,
    pause: float = 30.0,
    login: Login = log_in,
) -> None:
    """Try what is due today on each device, keep each try before the next, and write it to the journal."""
    state = State.create(paths.state)
    ours: dict[str, set[str]] = {}
    for entry in entries:
        ours.setdefault(entry.asset, set()).update({entry.account, entry.username})
    tried = 0
    for device, address in reachable_devices(market):
        if site not in (None, device.site) or asset not in (None, device.tag):
            continue
        vendor, kept = (
            str(device.attributes.get("vendor", "")),
            state.read_json(device.site, device.tag, RECORD),
        )
        pairs = due(kept, vendor, ours.get(device.tag, set()), _now())
        opened = before = 0
        for row in try_device(address, pairs, login, _now, pause):
            kept = merged(kept, [row])
            state.write(device.site, device.tag, RECORD, kept)
            opened, before = opened + (row["result"] == "accepted"), before + 1
        tried += before
        if before:
            done = {"event": "command", "command": "accounts default-passwords", "market": market.name}
            told = {"asset": device.tag, "tries": before, "opened": opened}
            record(paths.journal, {**done, **told, **origin(paths.inventory), "result": "done"})
    if tried:
        state.commit(f"reversibility accounts: {tried} makers' passwords tried")
    say(f"{tried} makers' passwords tried")


def _now() -> datetime:
    return datetime.now(UTC)
