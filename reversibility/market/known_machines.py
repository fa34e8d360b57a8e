"""Which machines of a run cannot be told from others: no SSH host key, or no certificate, is noted."""

from __future__ import annotations

from collections.abc import Collection

from reversibility.errors import CartableError
from reversibility.market.host_keys import unknown_hosts
from reversibility.market.known_certificates import read, unknown_certificates
from reversibility.market.model import Market
from reversibility.market.paths import MarketPaths


def unknown_machines(market: Market, paths: MarketPaths, hosts: Collection[str]) -> list[str]:
    """A sentence for each of the two files that lacks some of ``hosts``, or cannot be read."""
    said = []
    try:
        known = paths.known_hosts.read_text(encoding="utf-8") if paths.known_hosts.exists() else ""
        if tags := [tag for tag in unknown_hosts(market, known) if tag in hosts]:
            said.append(
                f"{paths.known_hosts} has no host key of {', '.join(tags)}: SSH will refuse them. "
                "docs/operators-guide.md says how to record it."
            )
        if tags := [
            tag for tag in unknown_certificates(market, read(paths.known_certificates)) if tag in hosts
        ]:
            said.append(
                f"{paths.known_certificates} has no certificate of {', '.join(tags)}, so nothing will be sent to them. "
                f"Compare and note them: reversibility certificates scan -i {paths.inventory}"
            )
    except (CartableError, OSError, UnicodeDecodeError) as error:
        said.append(str(error))
    return said
