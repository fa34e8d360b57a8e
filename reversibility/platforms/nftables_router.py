"""nftables on a router: the rules between the VLANs of a site. A part of the driver debian."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from reversibility.market.model import Asset, Market
from reversibility.platforms.driver import Files
from reversibility.platforms.model import Configuration

RULES = "/etc/nftables.conf"
_NO_RULE = re.compile(r'comment "[^"\n]*"|#[^\n]*')  # names anything and lets nothing through
_WORD = re.compile(r"[\w.:/-]+")


class NftablesRouter:
    """Driver of what routes between VLANs with nftables."""

    platform = "nftables_router"

    def required_files(self, kind: str) -> tuple[str, ...]:
        """The rules."""
        return (RULES,)

    def collected(self, kind: str) -> tuple[str, ...]:
        """The rules, which debian collects."""
        return (RULES,)

    def redact(self, path: str, text: str) -> str | None:
        """Nothing of its own: debian knows the grammar."""
        return None

    def parse(self, files: Files) -> Configuration:
        """Nothing: the common model has no rules."""
        return Configuration()

    def render(self, wanted: Configuration) -> str:
        """Nothing is rendered."""
        return ""

    def problems(self, files: Files) -> list[str]:
        """Nothing of its own: debian reads the file."""
        return []

    def compare(self, market: Market, asset: Asset, files: Files) -> str | None:
        """Look in the rules for each subnet of the site that network.yml has a word on.

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

    def restore(self, files: Files) -> tuple[str, ...]:
        """The rules."""
        return (RULES,) if RULES in files else ()


def _vlans_at(network: Mapping[str, Any], end: str) -> set[str]:
    """Give the names at one end (``from``, ``to``) of the allowed flows, each a text or a list."""
    ends = [flow[end] for flow in network.get("flows", ())]
    return {name for names in ends for name in ([names] if isinstance(names, str) else names)}


DRIVER = NftablesRouter()
