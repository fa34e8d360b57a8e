"""Check of the market's ``known_hosts`` against its machines: SSH refuses unknown ones."""

from __future__ import annotations

from reversibility.market.addresses import comparable_with_port
from reversibility.market.model import Asset, Market

SSH = frozenset({"ssh", "paramiko_ssh", "network_cli", "netconf", "libssh"})


def reached_by_ssh(market: Market) -> dict[str, str]:
    """The managed assets that are reached by SSH: tag → the name under which ``known_hosts`` has the asset."""
    return {
        asset.tag: _name(asset)
        for asset in market.assets.values()
        if asset.managed and asset.address and _shows_ssh_key(asset)
    }


def unknown_hosts(market: Market, known_hosts: str) -> list[str]:
    """Tags of machines without a line. Hashed names cannot be matched and do not count."""
    fields = (line.split() for line in known_hosts.splitlines() if not line.startswith(("#", "@", "|")))
    known = {
        comparable_with_port(name) for words in fields if len(words) >= 3 for name in words[0].split(",")
    }
    return sorted(
        tag for tag, name in reached_by_ssh(market).items() if comparable_with_port(name) not in known
    )


def _shows_ssh_key(asset: Asset) -> bool:
    """Whether an SSH host key proves that it is the machine: by its variables, else by its platform's connection."""
    named = str(asset.variables.get("ansible_connection", "")).rpartition(".")[2]
    return named in SSH if named else asset.platform.connection.host_key == "ssh"


def _name(asset: Asset) -> str:
    port = asset.variables.get("ansible_port")
    return str(asset.address) if port in (None, 22) else f"[{asset.address}]:{port}"
