"""Check hosts and their variables as Ansible merged them: from groups, host files, plays and the command line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reversibility.market.findings import Finding, one_of
from reversibility.market.model import Asset, Market
from reversibility.market.roles import platforms
from reversibility.market.rules_network import port_problems
from reversibility.market.shape import variable_findings


def merged_findings(market: Market, host: str, variables: Mapping[str, Any]) -> list[Finding]:
    """What is wrong with ``variables`` (``asset``, ``ansible_host``, ``ports`` where present) of ``host``.

    The market itself is good already; what is found here was changed on the way, or comes from another inventory.
    """
    asset = market.assets.get(host)
    if asset is None:
        problem = f"the play has the host {host}, which the market {market.name} does not declare"
        return [Finding(host, 0, host, problem, one_of(host, set(market.assets)))]
    found = []
    if not asset.managed:
        problem = f"the play has {host}, which this project does not manage ({asset.file}:{asset.line})"
        found.append(
            Finding(host, 0, "asset.managed", problem, "hosts: managed, or a narrower group, in the play")
        )
    found += _asset_unchanged(asset, variables)
    if asset.managed and not variables.get("ansible_host"):
        found.append(
            Finding(host, 0, "ansible_host", f"{host} has no ansible_host", "its address or host name")
        )
    known = {name: variables[name] for name in ("ansible_host", "ports") if variables.get(name) is not None}
    found += [
        Finding(host, 0, host, f"{host}: {problem}", expected)
        for problem, expected in variable_findings(known)
    ]
    if not found and known.get("ports"):
        declared = {tag: other.attributes.get("vlan") for tag, other in market.assets.items()}
        found += [
            Finding(host, 0, host, problem, expected)
            for _, problem, expected in port_problems(host, known["ports"], market.network["vlans"], declared)
        ]
    return found


def shared_addresses(addresses: Mapping[str, Any]) -> list[Finding]:
    """Hosts of one play that Ansible would reach at one address: ``addresses`` is the ``ansible_host`` of each."""
    first: dict[str, str] = {}
    found = []
    for host, address in addresses.items():
        if address and first.setdefault(str(address).casefold(), host) != host:
            problem = f'{host} has the address "{address}" of {first[str(address).casefold()]}'
            found.append(Finding(host, 0, "ansible_host", problem, "the address of this one asset only"))
    return found


def left_out(market: Market, hosts: Iterable[str]) -> list[str]:
    """One sentence a system that this version has no tasks for, with the ``hosts`` that run it."""
    known = platforms()
    systems: dict[str, list[str]] = {}
    for host in sorted(hosts):
        system = str(market.assets[host].attributes.get("os")) if host in market.assets else ""
        if known and system and system.partition("-")[0] not in known:
            systems.setdefault(system, []).append(host)
    return [
        f"This version has no tasks for {system}; {len(tags)} of the play's hosts are left out: {', '.join(tags)}."
        for system, tags in sorted(systems.items())
    ]


def _asset_unchanged(asset: Asset, variables: Mapping[str, Any]) -> list[Finding]:
    given = variables.get("asset")
    if not isinstance(given, Mapping):
        problem = f"{asset.tag} has no variable asset"
        return [Finding(asset.tag, 0, "asset", problem, f"what {asset.file}:{asset.line} declares")]
    changed = sorted(name for name, wanted in asset.attributes.items() if given.get(name) != wanted)
    if not changed:
        return []
    problem = f"{asset.tag} has another asset than its own ({', '.join(changed)} differ), set on the way"
    return [
        Finding(asset.tag, 0, "asset", problem, f"what {asset.file}:{asset.line} declares, and nothing else")
    ]
