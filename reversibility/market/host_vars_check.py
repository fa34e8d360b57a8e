"""Check of hosts' variables after Ansible's merge of groups, host files, plays and the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from reversibility.market.addresses import comparable
from reversibility.market.findings import Finding, one_of
from reversibility.market.model import Asset, Market
from reversibility.market.roles import task_files
from reversibility.market.rules_network import port_problems
from reversibility.market.shape import variable_findings

Place = Callable[[Any], tuple[str, int] | None]
"""Tells in which file and line a value is written, where Ansible knows that."""


def merged_findings(market: Market, host: str, variables: Mapping[str, Any], place: Place) -> list[Finding]:
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
    found += _asset_unchanged(asset, variables, place)
    if asset.managed and not variables.get("ansible_host"):
        at = _at(host, variables.get("ansible_host"), place)
        found.append(Finding(*at, "ansible_host", f"{host} has no ansible_host", "its address or host name"))
    known = {name: variables[name] for name in ("ansible_host", "ports") if variables.get(name) is not None}
    found += _shapes(host, known, place)
    if not found and known.get("ports"):
        declared = {tag: other.attributes.get("vlan") for tag, other in market.assets.items()}
        at = _at(host, known["ports"], place)
        found += [
            Finding(*at, host, problem, expected)
            for _, problem, expected in port_problems(host, known["ports"], market.network["vlans"], declared)
        ]
    return found


def foreign_findings(folder: Path, host: str, variables: Mapping[str, Any], place: Place) -> list[Finding]:
    """What has a wrong shape among the ``variables`` of ``host`` that the files of the market ``folder`` do not hold.

    For a market with errors: what its own files say has been found there, and nothing can be compared with them.
    """
    own = folder.resolve()
    foreign = {}
    for name, value in variables.items():
        at = place(value)
        if value is not None and (at is None or not Path(at[0]).resolve().is_relative_to(own)):
            foreign[name] = value
    return _shapes(host, foreign, place)


def shared_addresses(addresses: Mapping[str, Any], place: Place) -> list[Finding]:
    """Hosts of one play that Ansible would reach at one address: ``addresses`` is the ``ansible_host`` of each."""
    first: dict[str, str] = {}
    found = []
    for host, address in addresses.items():
        same = first.setdefault(comparable(str(address)), host) if address else host
        if same != host:
            at = _at(host, address, place)
            problem = f'{host} has the address "{address}" of {same}'
            found.append(Finding(*at, "ansible_host", problem, "the address of this one asset only"))
    return found


def left_out(market: Market, hosts: Iterable[str]) -> list[str]:
    """A sentence for each system without tasks, with its ``hosts``."""
    systems: dict[str, list[str]] = {}
    for host in sorted(hosts):
        asset = market.assets.get(host)
        if asset and not task_files(asset.platform.name, asset.platform.family):
            systems.setdefault(asset.os, []).append(host)
    return [
        f"This version has no tasks for {system}; {len(tags)} of the play's hosts are left out: {', '.join(tags)}."
        for system, tags in sorted(systems.items())
    ]


def _shapes(host: str, variables: Mapping[str, Any], place: Place) -> list[Finding]:
    """What does not fit the schema, one variable after the other, since each has its own place."""
    return [
        Finding(*_at(host, value, place), host, f"{host}: {problem}", expected)
        for name, value in variables.items()
        for problem, expected in variable_findings({name: value})
    ]


def _asset_unchanged(asset: Asset, variables: Mapping[str, Any], place: Place) -> list[Finding]:
    given = variables.get("asset")
    at = _at(asset.tag, given, place)
    if not isinstance(given, Mapping):
        problem = f"{asset.tag} has no variable asset"
        return [Finding(*at, "asset", problem, f"what {asset.file}:{asset.line} declares")]
    changed = sorted(name for name, wanted in asset.attributes.items() if given.get(name) != wanted)
    if not changed:
        return []
    problem = f"{asset.tag} has another asset than its own ({', '.join(changed)} differ), set on the way"
    return [Finding(*at, "asset", problem, f"what {asset.file}:{asset.line} declares, and nothing else")]


def _at(host: str, value: Any, place: Place) -> tuple[str, int]:
    """The file and the line of a value, or its host where they are not known."""
    return place(value) or (host, 0)
