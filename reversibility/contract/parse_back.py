"""Restorable configurations, opened as a successor would: decrypted, unpacked, each known file read as what it is.

Then compared with what is declared: the files without which the asset cannot be restored are there, and it is this
asset's name, a router's subnets and a switch's ports that they hold. A system that nothing here reads is never proven.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from reversibility.errors import CartableError
from reversibility.market.model import Asset, Market
from reversibility.platforms.registry import driver
from reversibility.records.configuration import open_restorable
from reversibility.records.configuration_check import SWITCH, configuration_problems, switch_differences

HOSTNAME = "/etc/hostname"
RULES = "/etc/nftables.conf"
# What observe collects and nobody can do without (plugins/module_utils/asset/configuration.py): on every Debian
# machine, and by its kind besides.
DEBIAN = ("/etc/group", HOSTNAME, "/etc/passwd", "/etc/shadow")
DEBIAN_KINDS = {
    "nas": ("/etc/samba/smb.conf",),
    "router": (RULES,),
    "switch": ("/openvswitch/conf.db", SWITCH),
}
_NO_RULE = re.compile(r'comment "[^"]*"|#.*')  # of nftables: names anything and lets nothing through
_WORD = re.compile(r"[\w.:/-]+")

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
    """Compare a configuration with what is declared; None when it agrees, otherwise what is wrong, in French."""
    found = driver(asset.platform.name)
    if found is not None:
        problems = found.problems(files)
        return problems[0] if problems else found.compare(market, asset, files)
    system = str(asset.attributes.get("os", "")).partition("-")[0]
    reader = READERS.get(system)
    if reader is None:
        return f"déchiffrée, mais rien ne sait comparer la configuration de ce système ({system or 'non déclaré'})"
    return reader(market, asset, files)


def compare_debian(market: Market, asset: Asset, files: Mapping[str, bytes]) -> str | None:
    """Compare a machine that runs Debian: the files that restoring it takes, its name, and what its kind adds."""
    needed = (*DEBIAN, *DEBIAN_KINDS.get(asset.kind, ()))
    absent = [path for path in needed if not files.get(path, b"").strip()]
    if absent:
        return f"la configuration ne contient pas de quoi restaurer l’équipement\u00a0: manque {', '.join(absent)}"
    wanted = str(asset.variables.get("baseline_hostname", asset.tag)).lower()  # as roles/baseline names it
    name = files[HOSTNAME].decode("utf-8", "replace").strip()
    if name.lower() != wanted:
        return f"c’est la configuration de «\u00a0{name}\u00a0», et non de «\u00a0{wanted}\u00a0»"
    compare = KINDS.get(asset.kind)
    return compare(market, asset, files) if compare else None


def compare_subnets(market: Market, asset: Asset, files: Mapping[str, bytes]) -> str | None:
    """Look in the rules of a router for each subnet of its site that network.yml has a word on.

    One from which something may go is there by its addresses. One that is only reached, or is isolated, may stand
    there as the interface of its VLAN. One without any flow need not: what no rule names, the router drops.
    """
    network = market.network
    sources, targets = (_vlans_at(network, end) for end in ("from", "to"))
    words = set(_WORD.findall(_NO_RULE.sub("", files[RULES].decode("utf-8", "replace"))))
    subnets = [subnet for subnet in network.get("subnets", ()) if subnet["site"] == asset.site]
    absent = []
    for subnet in subnets:
        name, cidr, vlan = subnet["vlan"], subnet["cidr"], network["vlans"][subnet["vlan"]]
        signs = {cidr} if name in sources else {cidr, f"vlan{vlan['id']}"}
        if (name in sources | targets or vlan.get("isolated")) and signs.isdisjoint(words):
            absent.append(f"{name} ({cidr})")
    if absent:
        return f"sous-réseau(x) déclaré(s) et absent(s) des règles du routeur\u00a0: {', '.join(absent)}"
    return None if subnets else "aucun sous-réseau n’est déclaré pour cette école"


def compare_ports(market: Market, asset: Asset, files: Mapping[str, bytes]) -> str | None:
    """Compare the ports of a switch with host_vars and network.yml."""
    ports = asset.variables.get("ports") or {}
    differences = switch_differences(json.loads(files[SWITCH]), ports, market.network.get("vlans", {}))
    if differences:
        names = ", ".join(difference.split(" ")[1] for difference in differences[:3])
        return f"{len(differences)} port(s) relu(s) autrement que déclaré\u00a0: {names}"
    return None if ports else "aucun port n’est déclaré"


KINDS: dict[str, Reader] = {"router": compare_subnets, "switch": compare_ports}
READERS: dict[str, Reader] = {"debian": compare_debian}  # by the system, without its version


def _vlans_at(network: Mapping[str, Any], end: str) -> set[str]:
    """Give the names at one end (``from``, ``to``) of the allowed flows, each a text or a list."""
    ends = [flow[end] for flow in network.get("flows", ())]
    return {name for names in ends for name in ([names] if isinstance(names, str) else names)}
