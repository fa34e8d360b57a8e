"""Check a host's variables as Ansible merged them: from groups, host files, plays and the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reversibility.market.findings import Finding, one_of
from reversibility.market.model import Asset, Market
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
    return found


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
