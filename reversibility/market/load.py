"""Load a market: the one way from its files to a ``Market``."""

from __future__ import annotations

from pathlib import Path

from reversibility.market.check import Checked, examine
from reversibility.market.findings import MarketError
from reversibility.market.fleet import to_asset
from reversibility.market.model import Market
from reversibility.market.paths import MarketPaths

__all__ = ["MarketError", "is_market", "load_market", "stamp"]


def is_market(path: Path) -> bool:
    """Whether ``path`` is a market's folder: hosts.yml beside at least one of the market's own files.

    An inventory of another kind (Molecule's, say) is none.
    """
    return (path / "hosts.yml").is_file() and any(
        (path / f"{name}.yml").is_file() for name in ("sites", "network", "catalogue", "contract")
    )


def stamp(path: Path) -> tuple[tuple[str, int, int], ...]:
    """Changes when a file of the market changes; costs a few system calls."""
    names = (
        "hosts.yml",
        "sites.yml",
        "network.yml",
        "catalogue.yml",
        "contract.yml",
        "calendar.yml",
        "workarounds.yml",
        "host_vars",
        "group_vars",
    )
    found = []
    for name in names:
        try:
            status = (path / name).stat()
        except OSError:
            continue
        found.append((name, status.st_mtime_ns, status.st_size))
    return tuple(found)


def load_market(path: Path) -> Market:
    """The market at ``path``: its folder, or its hosts.yml.

    Raises MarketError, whose ``findings`` and message list everything that is wrong, when the check finds something.
    """
    folder = path.parent if path.is_file() else path
    checked = examine(folder)
    if checked.findings:
        raise MarketError(folder, checked.findings)
    return build(checked)


def build(checked: Checked) -> Market:
    """The market of an examination without findings."""
    examined = checked.examined
    paths = MarketPaths.for_inventory(examined.path)
    file = examined.files["hosts"].file
    return Market(
        name=paths.market,
        path=paths.inventory,
        sites=examined.content("sites")["sites"],
        network=examined.content("network"),
        catalogue=examined.content("catalogue"),
        contract=examined.content("contract"),
        calendar=examined.content("calendar"),
        workarounds=examined.content("workarounds"),
        assets={host.tag: to_asset(host, file, examined.variables(host)) for host in examined.hosts},
    )
