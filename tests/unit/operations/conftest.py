"""What the tests of operations share: small markets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reversibility.market.model import Asset, Market

SITE = {"name": "École des Tilleuls", "kind": "elementary", "holiday_zone": "A", "contacts": [], "rooms": {}}


def small_market(
    calendar: dict[str, Any], sites: dict[str, dict[str, Any]] | None = None, path: Path = Path("/market")
) -> Market:
    """A market with the given calendar; ``sites`` are overrides of a school in Pau."""
    address = {"street": "1 rue", "postcode": "64000", "town": "Pau"}
    declared = {
        name: {**SITE, "address": address, **own} for name, own in (sites or {"tilleuls": {}}).items()
    }
    assets = {
        f"UC26000{number}": Asset(
            f"UC26000{number}", site, "salle", "classroom_pc", True, {}, None, {}, "h", 1
        )
        for number, site in enumerate(declared, 1)
    }
    return Market("essai", path, declared, {}, {}, {}, assets, calendar)


@pytest.fixture
def market_of() -> Callable[..., Market]:
    return small_market
