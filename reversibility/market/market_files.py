"""The files of one market, read, with what the rules look up in them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reversibility.market.findings import Finding
from reversibility.market.fleet import Declared, declared_hosts, variable_files
from reversibility.market.source import Document

FILES = ("hosts", "sites", "network", "catalogue", "contract")
OPTIONAL_FILES = ("calendar", "workarounds")  # a market without one has what the code gives by default


@dataclass(frozen=True, slots=True)
class Placed:
    """A variable's value and where it is written: of several places, the one that counts."""

    value: Any
    document: Document
    steps: tuple[str, ...]

    def finding(self, problem: str, expected: str) -> Finding:
        """A finding at the variable."""
        return self.document.finding(self.steps, problem, expected)


@dataclass(frozen=True, slots=True)
class Written:
    """One mapping of variables: of a host (``owner`` is its tag) or of a group (``owner`` is "the group ...")."""

    owner: str
    document: Document
    steps: tuple[str, ...]
    variables: Mapping[Any, Any]


@dataclass
class Examined:
    """The documents of a market, and after ``gather`` the tables that the rules share.

    A table is None when its file could not be read: a rule that needs it is then silent, so that one broken file
    is one finding and not a hundred.
    """

    path: Path
    files: dict[str, Document]
    host_vars: dict[str, list[Document]]
    group_vars: dict[str, list[Document]]
    today: dt.date = field(default_factory=dt.date.today)
    hosts: list[Declared] = field(default_factory=list)
    tags: dict[str, Declared] = field(default_factory=dict)
    sites: dict[str, Any] | None = None
    vlans: dict[str, Any] | None = None
    services: dict[str, Any] | None = None
    # The groups' variables of the hosts that stand in the same groups: many hosts, few such sets of groups.
    _of_groups: dict[tuple[str, ...], dict[Any, Placed]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Examined:
        """Read every file of the market folder ``path``."""
        return cls(
            path=path,
            files={
                name: Document.read(path / f"{name}.yml")
                for name in (*FILES, *OPTIONAL_FILES)
                if name in FILES or (path / f"{name}.yml").exists()
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
        """What a file contains; empty when it could not be read, or is not there and need not be."""
        value = self.files[name].value if name in self.files else None
        return value if isinstance(value, dict) else {}

    def gather(self) -> None:
        """Fill the tables, once the shapes are known to be good."""
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

    def written(self) -> Iterator[Written]:
        """Every mapping of variables of the market, whatever of it another one overrides."""
        hosts = self.files["hosts"]
        for group, steps, variables in self._inline():
            yield Written(f"the group {group}", hosts, steps, variables)
        for host in self.hosts:
            yield Written(host.tag, hosts, host.steps, host.variables)
        for prefix, folder in (("the group ", self.group_vars), ("", self.host_vars)):
            for name, documents in folder.items():
                for document in documents:
                    yield Written(f"{prefix}{name}", document, (), document.value or {})

    def placed(self, host: Declared, name: str) -> Placed | None:
        """The value of a host's variable that counts for Ansible; None when no file gives one."""
        for document in reversed(self.host_vars.get(host.tag, [])):
            if name in (document.value or {}):
                return Placed(document.value[name], document, (name,))
        if name in host.variables:
            return Placed(host.variables[name], self.files["hosts"], (*host.steps, name))
        return self._group_variables(host).get(name)

    def variables(self, host: Declared) -> dict[str, Any]:
        """The host's variables as Ansible merges them, those of its groups included."""
        merged = {name: placed.value for name, placed in self._group_variables(host).items()}
        merged.update(host.variables)
        for document in self.host_vars.get(host.tag, []):
            merged.update(document.value or {})
        return merged

    def _group_variables(self, host: Declared) -> dict[Any, Placed]:
        """What the host's groups give it, the last group first asked: Ansible's order of precedence.

        hosts.yml comes before group_vars/ and ``all`` before the rest, then by depth and name. The groups that
        keyed_groups.yml may make beside those that every market has are not known here.
        """
        groups = host.groups
        found = self._of_groups.get(groups)
        if found is None:
            found = self._of_groups[groups] = {}
            for group, steps, variables in self._inline():
                if group in groups:
                    for name, value in variables.items():
                        found[name] = Placed(value, self.files["hosts"], (*steps, name))
            for group in groups:
                for document in self.group_vars.get(group, []):
                    for name, value in (document.value or {}).items():
                        found[name] = Placed(value, document, (name,))
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
