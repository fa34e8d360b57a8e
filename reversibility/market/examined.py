"""The files of one market, read, with what the rules look up in them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reversibility.market.fleet import Declared, declared_hosts, variable_files
from reversibility.market.source import Document

FILES = ("hosts", "sites", "network", "catalogue", "contract")


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

    @classmethod
    def read(cls, path: Path) -> Examined:
        """Read every file of the market folder ``path``."""
        return cls(
            path=path,
            files={name: Document.read(path / f"{name}.yml") for name in FILES},
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
        """What a file contains; empty when it could not be read."""
        value = self.files[name].value
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

    def variables(self, host: Declared) -> dict[str, Any]:
        """The host's variables, those of host_vars/ included."""
        merged = dict(host.variables)
        for document in self.host_vars.get(host.tag, []):
            merged.update(document.value or {})
        return merged


def _documents(market: Path, folder: str) -> dict[str, list[Document]]:
    return {
        name: [Document.read(file) for file in files]
        for name, files in variable_files(market, folder).items()
    }
