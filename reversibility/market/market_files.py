"""The parsed files of one market, with look-up tables for the rules."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from reversibility.market.findings import Finding
from reversibility.market.fleet import declared_hosts, variable_files, with_variables
from reversibility.market.model import Asset, Market
from reversibility.market.paths import MarketPaths
from reversibility.market.source import Document

# The files of a market, each with ``schemas/<name>.schema.json``: name → whether every market has it.
FILES: Mapping[str, bool] = {
    "hosts": True,
    "sites": True,
    "network": True,
    "catalogue": True,
    "contract": True,
    "calendar": False,
    "workarounds": False,
}
FOLDERS = ("host_vars", "group_vars")
Steps = tuple[Any, ...]  # the path to a value in its document


@dataclass
class MarketFiles:
    """The documents of a market, what is wrong with them, and after ``gather`` the tables that the rules share.

    ``findings`` are errors, ``warnings`` do not stop anything. A table is None
    when its file could not be read: a rule that needs it is then silent, so that one broken file is one finding and
    not a hundred.
    """

    path: Path
    files: dict[str, Document]
    host_vars: dict[str, list[Document]]
    group_vars: dict[str, list[Document]]
    today: dt.date = field(default_factory=dt.date.today)
    findings: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    hosts: list[Asset] = field(default_factory=list)
    tags: dict[str, Asset] = field(default_factory=dict)
    sites: dict[str, Any] | None = None
    vlans: dict[str, Any] | None = None
    services: dict[str, Any] | None = None
    # The groups' variables of the hosts that stand in the same groups: many hosts, few such sets of groups.
    _of_groups: dict[tuple[str, ...], dict[Any, tuple[Document, Steps]]] = field(default_factory=dict)
    _group_values: dict[tuple[str, ...], dict[Any, Any]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> MarketFiles:
        """Read every file of the market folder ``path``."""
        return cls(
            path=path,
            files={
                name: Document.read(path / f"{name}.yml")
                for name, needed in FILES.items()
                if needed or (path / f"{name}.yml").exists()
            },
            host_vars=_documents(path, "host_vars"),
            group_vars=_documents(path, "group_vars"),
        )

    def documents(self) -> Iterator[Document]:
        """All documents, the market's own files first."""
        yield from self.files.values()
        for folder in (self.host_vars, self.group_vars):
            for documents in folder.values():
                yield from documents

    def content(self, name: str) -> dict[str, Any]:
        """Content of a file; empty if it could not be read, or is optional and missing."""
        value = self.files[name].value if name in self.files else None
        return value if isinstance(value, dict) else {}

    @cached_property
    def paths(self) -> MarketPaths:
        """Paths of the market's data."""
        return MarketPaths.for_inventory(self.path)

    @cached_property
    def market(self) -> Market | None:
        """The market that these files declare, created on first use; None while there are errors."""
        if self.findings:
            return None
        contents = {name: self.content(name) for name in FILES}
        return Market(
            name=self.paths.market,
            path=self.paths.inventory,
            sites=contents["sites"]["sites"],
            network=contents["network"],
            catalogue=contents["catalogue"],
            contract=contents["contract"],
            calendar=contents["calendar"],
            workarounds=contents["workarounds"],
            assets={host.tag: with_variables(host, self.variables(host)) for host in self.hosts},
            files=contents,
        )

    def release(self) -> None:
        """Forget the documents, which take more memory than the market made of them."""
        for table in (self.files, self.host_vars, self.group_vars, self.hosts, self.tags, self._of_groups):
            table.clear()

    def gather(self) -> None:
        """Fill the tables, after the schema check."""
        self.hosts = list(declared_hosts(self.files["hosts"]))
        for host in self.hosts:
            self.tags.setdefault(host.tag, host)
        self.sites = self.content("sites").get("sites")
        self.vlans = self.content("network").get("vlans")
        self.services = self.content("network").get("services")

    @property
    def fleet_known(self) -> bool:
        """Whether hosts.yml could be read, so that a tag which is not in it is a mistake."""
        return bool(self.tags)

    def mappings(self) -> Iterator[tuple[str, Document, Steps, Mapping[Any, Any]]]:
        """Every mapping of variables of the market, whatever of it another one overrides.

        Whose it is (a tag, or "the group ..."), its document, its path in that, and the variables.
        """
        hosts = self.files["hosts"]
        for group, steps, variables in self._inline():
            yield f"the group {group}", hosts, steps, variables
        for host in self.hosts:
            yield host.tag, hosts, host.steps, host.variables
        for prefix, folder in (("the group ", self.group_vars), ("", self.host_vars)):
            for name, documents in folder.items():
                for document in documents:
                    yield f"{prefix}{name}", document, (), document.value or {}

    def place(self, host: Asset, name: str) -> tuple[Document, Steps] | None:
        """Place of the effective value of a host's variable, by Ansible's precedence; None if no file sets it."""
        for document in reversed(self.host_vars.get(host.tag, [])):
            if name in (document.value or {}):
                return document, (name,)
        if name in host.variables:
            return self.files["hosts"], (*host.steps, name)
        return self._group_places(host).get(name)

    def variables(self, host: Asset) -> dict[str, Any]:
        """The host's variables as Ansible merges them, those of its groups included."""
        groups = host.groups
        if groups not in self._group_values:
            places = self._group_places(host)
            self._group_values[groups] = {
                name: document.at(steps) for name, (document, steps) in places.items()
            }
        merged = {**self._group_values[groups], **host.variables}
        for document in self.host_vars.get(host.tag, []):
            merged.update(document.value or {})
        return merged

    def _group_places(self, host: Asset) -> dict[Any, tuple[Document, Steps]]:
        """Where the variables of the host's groups are written, the last group first asked: Ansible's precedence.

        hosts.yml comes before group_vars/ and ``all`` before the rest, then by depth and name. The groups that
        keyed_groups.yml may make beside those that every market has are not known here.
        """
        groups = host.groups
        found = self._of_groups.get(groups)
        if found is None:
            found = self._of_groups[groups] = {}
            for group, steps, variables in self._inline():
                if group in groups:
                    found |= {name: (self.files["hosts"], (*steps, name)) for name in variables}
            for group in groups:
                for document in self.group_vars.get(group, []):
                    found |= {name: (document, (name,)) for name in document.value or {}}
        return found

    def _inline(self) -> Iterator[tuple[str, tuple[str, ...], dict[Any, Any]]]:
        """The ``vars`` of hosts.yml: group, path and content; ``all``, then the sites, then the rooms."""
        everything = self.content("hosts").get("all") or {}
        level: list[tuple[str, tuple[str, ...], Any]] = [("all", ("all",), everything)]
        while level:
            for group, steps, content in level:
                if content.get("vars"):
                    yield group, (*steps, "vars"), content["vars"]
            level = [
                (name, (*steps, "children", name), below or {})
                for _, steps, content in level
                for name, below in (content.get("children") or {}).items()
            ]


def _documents(market: Path, folder: str) -> dict[str, list[Document]]:
    return {
        name: [Document.read(file) for file in files]
        for name, files in variable_files(market, folder).items()
    }
