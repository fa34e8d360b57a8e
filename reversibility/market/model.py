"""Model of a market: sites, network, catalogue, contract and the declared fleet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reversibility.market.kinds import kind_groups
from reversibility.market.platforms import Platform, platform_of

SELECTORS = ("kind", "user_role", "site", "tag")


@dataclass(frozen=True, slots=True)
class Asset:
    """One thing in the declared fleet, managed by this project or not.

    ``attributes`` is the whole ``asset`` mapping of hosts.yml; ``variables`` are the host's other variables,
    those of its groups and of ``host_vars/<tag>.yml`` included, without ``ansible_host``, which is ``address``.
    ``file`` and ``line`` say where it is declared. ``site`` and ``room`` come from the groups it stands in.
    """

    tag: str
    site: str
    room: str
    kind: str
    managed: bool
    attributes: Mapping[str, Any]
    address: str | None
    variables: Mapping[str, Any]
    file: str
    line: int

    @property
    def os(self) -> str:
        """The declared system, such as ``debian-13``; ``none`` where there is none."""
        return str(self.attributes.get("os") or "none")

    @property
    def platform(self) -> Platform:
        """Its platform, by platforms.yml."""
        return platform_of(self.os)

    @property
    def steps(self) -> tuple[str, ...]:
        """The path to it in hosts.yml."""
        return ("all", "children", f"site_{self.site}", "children", f"room_{self.room}", "hosts", self.tag)

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups it stands in that every market has; Ansible lets a later one override those before it."""
        platform = platform_of(self.attributes.get("os"))
        first = [
            f"site_{self.site}",
            f"kind_{self.attributes.get('kind')}",
            system_group(self.attributes),
            f"platform_{platform.name}",
            f"family_{platform.family}",
        ]
        if self.managed:
            first.append("managed")
        return ("all", *sorted(first), f"room_{self.room}")

    @property
    def kind_groups(self) -> tuple[str, ...]:
        """The groups of kinds.yml that its kind is in, such as ``computers``."""
        return kind_groups(self.kind)

    def selected_by(self, selection: Mapping[str, Any]) -> bool:
        """Whether each selector of ``selection`` (kind, user_role, site, tag: lists) names this asset.

        Within a selector any value will do; between selectors all must agree. No selector selects nothing.
        """
        if not selection:
            return False
        values = {
            "kind": self.kind,
            "user_role": self.attributes.get("user_role"),
            "site": self.site,
            "tag": self.tag,
        }
        return all(values.get(selector) in wanted for selector, wanted in selection.items())


def system_group(asset: Mapping[str, Any]) -> str:
    """The group that keyed_groups.yml makes of ``asset.os``: ``os_debian_13``, ``os_none``."""
    return "os_" + str(asset.get("os", "none")).replace("-", "_").replace(".", "_")


@dataclass(frozen=True, slots=True)
class Market:
    """One contract: its sites, fleet, policy, calendar and clauses.

    ``files`` has the whole content of each of its files (``market_files.FILES``) by name; ``sites`` is
    ``{site: {...}}``, and the others are those files, empty where the market need not have one and has none. Dates are
    ``datetime.date``. Values are plain and must not be changed: all readers share them.
    """

    name: str
    path: Path
    sites: Mapping[str, Any]
    network: Mapping[str, Any]
    catalogue: Mapping[str, Any]
    contract: Mapping[str, Any]
    assets: Mapping[str, Asset]
    calendar: Mapping[str, Any] = field(default_factory=dict)
    workarounds: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def software_for(self, asset: Asset) -> list[dict[str, Any]]:
        """The catalogue's entries that are wanted on ``asset``, each with its ``id``, in the catalogue's order.

        An asset that is not managed gets none.
        """
        if not asset.managed:
            return []
        return [
            {"id": identifier, **entry}
            for identifier, entry in self.catalogue.get("software", {}).items()
            if asset.selected_by(entry.get("for", {}))
        ]
