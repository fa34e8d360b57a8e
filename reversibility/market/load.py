"""Load a market: the one way from its files to a ``Market``."""

from __future__ import annotations

from pathlib import Path

from reversibility.market.check import examine
from reversibility.market.findings import MarketError
from reversibility.market.market_files import FILES, FOLDERS
from reversibility.market.model import Market

__all__ = ["MarketError", "Stamp", "is_market", "load_market", "stamp"]

Stamp = tuple[tuple[str, int, int], ...]  # name, time and size of each file


def is_market(path: Path) -> bool:
    """Whether ``path`` is a market's folder: hosts.yml beside at least one of the market's own files.

    An inventory of another kind (Molecule's, say) is none.
    """
    own = [name for name, needed in FILES.items() if needed and name != "hosts"]
    return (path / "hosts.yml").is_file() and any((path / f"{name}.yml").is_file() for name in own)


def stamp(path: Path) -> Stamp:
    """Changes when a file of the market changes; costs a few system calls."""
    found = []
    for name in (*(f"{name}.yml" for name in FILES), *FOLDERS):
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
    files = examine(folder)
    if files.market is None:
        raise MarketError(folder, files.findings)
    return files.market
