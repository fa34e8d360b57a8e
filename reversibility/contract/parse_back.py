"""Restorable configurations, opened as a successor would: decrypted, unpacked, and given to the platform's driver.

The driver reads each file as what it is and compares it with what is declared. Without a driver nothing is proven.
"""

from __future__ import annotations

from collections.abc import Mapping

from reversibility.errors import CartableError
from reversibility.market.model import Asset, Market
from reversibility.platforms.driver import UnknownGrammar
from reversibility.platforms.registry import driver
from reversibility.records.configuration import open_restorable


class NotRestorable(Exception):
    """The configuration does not open; the words say why, in French."""


def open_configuration(encrypted: bytes, identity: str) -> dict[str, bytes]:
    """Decrypt ``config.age`` with an age identity: content by absolute path.

    Raises NotRestorable when it does not decrypt, is cut or holds nothing.
    """
    try:
        files = open_restorable(encrypted, identity)
    except CartableError as error:
        raise NotRestorable(
            "ne se déchiffre pas avec l’identité age du coffre, ou archive endommagée"
        ) from error
    if not files:
        raise NotRestorable("l’archive déchiffrée est vide")
    return files


def read_back(market: Market, asset: Asset, files: Mapping[str, bytes]) -> str | None:
    """Compare a configuration with what is declared; None when it agrees, otherwise what is wrong, in French."""
    found = driver(asset.platform.name)
    if found is None:
        system = asset.attributes.get("os") or "non déclaré"
        return f"déchiffrée, mais rien ne sait comparer la configuration de ce système ({system})"
    problems = found.problems(files)
    if problems:
        paths = sorted({problem.partition(": ")[0] for problem in problems})
        return f"fichier illisible dans la configuration\u00a0: {', '.join(paths[:3])}"
    try:
        return found.compare(market, asset, files)
    except UnknownGrammar as error:
        return f"configuration illisible\u00a0: {error}"
