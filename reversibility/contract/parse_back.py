"""Restorable configurations, opened as a successor would: decrypted, unpacked, each known file read as what it is.

A switch is compared with its declared ports as well.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from reversibility.errors import CartableError
from reversibility.market.model import Asset, Market
from reversibility.records.configuration import open_restorable
from reversibility.records.configuration_check import SWITCH, configuration_problems, switch_differences

# What is wrong with the files of a configuration, compared with what is declared of the asset; None when nothing.
Reader = Callable[[Market, Asset, Mapping[str, bytes]], str | None]


class NotRestorable(Exception):
    """The configuration does not open; the words say why, in French."""


def open_configuration(encrypted: bytes, identity: str) -> dict[str, bytes]:
    """Decrypt ``config.age`` with an age identity, read every file of its archive, and check those it knows.

    Raises NotRestorable when it does not decrypt, is cut, holds nothing, or holds a file that is not what its name
    says (``/etc/passwd`` with a line that is none).
    """
    try:
        files = open_restorable(encrypted, identity)
    except CartableError as error:
        raise NotRestorable(
            "ne se déchiffre pas avec l’identité age du coffre, ou archive endommagée"
        ) from error
    problems = configuration_problems(files)
    if not files:
        raise NotRestorable("l’archive déchiffrée est vide")
    if problems:
        paths = sorted({problem.partition(": ")[0] for problem in problems})
        raise NotRestorable(f"fichier illisible dans la configuration\u00a0: {', '.join(paths[:3])}")
    return files


def read_back(market: Market, asset: Asset, files: Mapping[str, bytes]) -> str | None:
    """Compare a configuration with what is declared; None when it agrees or its kind has no reader."""
    reader = READERS.get(asset.kind)
    return reader(market, asset, files) if reader else None


def compare_ports(market: Market, asset: Asset, files: Mapping[str, bytes]) -> str | None:
    """Compare the ports of a switch with host_vars and network.yml."""
    if SWITCH not in files:
        return "la configuration ne contient pas les ports du commutateur"
    ports = asset.variables.get("ports") or {}
    differences = switch_differences(json.loads(files[SWITCH]), ports, market.network.get("vlans", {}))
    if differences:
        names = ", ".join(difference.split(" ")[1] for difference in differences[:3])
        return f"{len(differences)} port(s) relu(s) autrement que déclaré\u00a0: {names}"
    return None if ports else "aucun port n’est déclaré"


READERS: dict[str, Reader] = {"switch": compare_ports}
