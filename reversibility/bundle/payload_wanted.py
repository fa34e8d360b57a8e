"""Filling ``data/`` with what is wanted: network and software tables, and the automation itself."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from reversibility import __version__
from reversibility.bundle import layout, texts
from reversibility.bundle.payload import copy_tree
from reversibility.errors import CartableError
from reversibility.market.model import Market
from reversibility.records.tables import Cell, write_table

REPOSITORY, ARCHIVE = "depot.bundle", "depot.tar.gz"
# What of a project that is no Git repository is its own; the rest (records, environments, caches) is not.
PROJECT_PARTS = (
    "ansible.cfg", "galaxy.yml", "pyproject.toml", "constraints.txt", "README.md", "LICENSE", "CHANGELOG.md",
    "meta", "playbooks", "roles", "plugins", "reversibility", "scripts", "tests", "docs", "changelogs",
    "inventories",
)  # fmt: skip
NOT_ARCHIVED = frozenset({"__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache"})


def write_networks(folder: Path, market: Market) -> None:
    """Fill 03-reseaux: network.yml as it is, and a table each for VLANs, subnets, SSIDs, flows and ports."""
    shutil.copyfile(market.path / "network.yml", folder / "network.yml")
    network = market.network
    vlans = _mapping(network.get("vlans"))
    _table(
        folder / "vlans.csv",
        ("VLAN", "Numéro", "Usage", "Isolé"),
        (
            (name, vlan.get("id"), vlan.get("purpose"), bool(vlan.get("isolated")))
            for name, vlan in vlans.items()
        ),
    )
    _listed(
        folder / "plan-adressage.csv", network.get("subnets"),
        {"site": "École", "vlan": "VLAN", "cidr": "Sous-réseau", "gateway": "Passerelle"},
    )  # fmt: skip
    _listed(
        folder / "ssid.csv", network.get("ssids"),
        {"name": "SSID", "vlan": "VLAN", "security": "Sécurité", "isolated": "Isolé"},
    )  # fmt: skip
    _listed(
        folder / "matrice-flux.csv", network.get("flows"),
        {"from": "De", "to": "Vers", "assets": "Équipements", "services": "Services", "reason": "Motif"},
    )  # fmt: skip
    _table(
        folder / "ports.csv",
        ("École", "Équipement", "Port", "Mode", "VLAN", "Vers", "Description"),
        _ports(market),
    )


def _ports(market: Market) -> Iterator[tuple[Any, ...]]:
    for asset in market.assets.values():
        for name, port in _mapping(asset.variables.get("ports")).items():
            vlans = port.get("vlan") or port.get("vlans")
            peer, text = port.get("peer"), port.get("description")
            yield (asset.site, asset.tag, name, port.get("mode"), vlans, peer, text)


def write_software(folder: Path, market: Market) -> None:
    """Fill 04-logiciels: catalogue.yml as it is, its table with the approvals, and what is wanted where."""
    shutil.copyfile(market.path / "catalogue.yml", folder / "catalogue.yml")
    software = _mapping(market.catalogue.get("software"))
    _table(folder / "catalogue.csv", CATALOGUE_HEADERS, (_catalogue_row(*item) for item in software.items()))
    _table(
        folder / "affectations.csv",
        ("École", "Étiquette", "Logiciel"),
        (
            (asset.site, asset.tag, entry["id"])
            for asset in market.assets.values()
            for entry in market.software_for(asset)
        ),
    )


CATALOGUE_HEADERS = (
    "Identifiant", "Logiciel", "Usage", "Version", "Sources", "Pour", "Accord Éducation nationale", "Le",
    "Accord réseau", "Le (réseau)",
)  # fmt: skip


def _catalogue_row(identifier: str, entry: Mapping[str, Any]) -> tuple[Any, ...]:
    approvals = _mapping(entry.get("approvals"))
    education, network = _mapping(approvals.get("education")), _mapping(approvals.get("network"))
    described = (identifier, entry.get("name"), entry.get("purpose"), entry.get("version"))
    selected = (list(_mapping(entry.get("sources"))), entry.get("for"))
    return (
        *described, *selected, education.get("by"), education.get("date"), network.get("by"),
        network.get("date"),
    )  # fmt: skip


def write_automation(folder: Path, market: Market, project: Path, known_hosts: str = "") -> list[str]:
    """Fill 10-automatisation: this repository, the market's folder, what is known of the machines' SSH keys, and the
    exact packages of this build. Returns findings.
    """
    findings = copy_tree(market.path, folder / layout.MARKET)
    if known_hosts:
        (folder / layout.KNOWN_HOSTS).write_text(known_hosts, encoding="utf-8")
    if _git(project, "rev-parse", "--show-toplevel").strip():
        findings += _bundle_repository(folder, project)
    if not (folder / REPOSITORY).exists():
        _archive(project, folder / ARCHIVE)
        findings.append(
            f"{project} is not a Git repository with its whole history, so the bundle has the files as they are "
            f"({ARCHIVE}) and no history; hand over from a full clone."
        )
    packages = sorted(
        {(str(found.metadata["Name"]), found.version) for found in importlib.metadata.distributions()},
        key=lambda package: package[0].lower(),
    )
    lines = [f"{name}=={version}" for name, version in packages if name.lower() != "cartable"]
    (folder / "requirements.txt").write_text(texts.REQUIREMENTS + "\n".join(lines) + "\n", encoding="utf-8")
    versions = {
        "cartable": __version__,
        "commit": _git(project, "rev-parse", "HEAD").strip() or None,
        "git": _first_line("git", "--version"),
        "openssh": _first_line("ssh", "-V"),
        "python": platform.python_version(),
        "system": platform.platform(),
    }
    (folder / "versions.json").write_text(
        json.dumps(versions, indent=2, sort_keys=True) + "\n", encoding="utf-8"
    )
    (folder / "INSTALLER.txt").write_text(
        texts.installation((folder / REPOSITORY).exists()), encoding="utf-8"
    )
    return findings


def _bundle_repository(folder: Path, project: Path) -> list[str]:
    """Write the repository's history up to HEAD as a Git bundle, where it has all of it; returns findings."""
    if _git(project, "rev-parse", "--is-shallow-repository").strip() != "false":
        return []
    branch = _git(project, "symbolic-ref", "--quiet", "--short", "HEAD").strip()
    refs = ["HEAD", *([branch] if branch else []), "--tags"]
    target = folder / REPOSITORY
    _git(project, "bundle", "create", "--quiet", str(target), *refs)
    changed = _git(project, "status", "--porcelain", "--untracked-files=all").splitlines()
    if changed and target.exists():
        names = ", ".join(line[3:] for line in changed[:5]) + (", …" if len(changed) > 5 else "")
        return [f"{len(changed)} changes in {project} are not committed and not in the bundle: {names}."]
    return []


def _archive(project: Path, target: Path) -> None:
    """Archive the project's own files; those that Git would take, where there is Git without a usable history."""
    listed = [
        name for name in _git(project, "ls-files", "-z", "-co", "--exclude-standard").split("\0") if name
    ]
    names: Iterable[str] = listed or [part for part in PROJECT_PARTS if (project / part).exists()]
    try:
        with tarfile.open(target, "w:gz", compresslevel=6) as archive:
            for name in names:
                if os.path.lexists(project / name):
                    archive.add(project / name, f"cartable/{name}", filter=_archived)
    except OSError as error:
        raise CartableError(
            f"{project} cannot be archived into the bundle ({error}); check its files."
        ) from error


def _archived(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if NOT_ARCHIVED & set(member.name.split("/")) else member


def _git(project: Path, *arguments: str) -> str:
    """What Git says of the project; empty when it fails or is not there (no repository, no commit)."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    command = ["git", "-c", "safe.directory=*", "-C", str(project), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False, env=environment, encoding="utf-8")
    except FileNotFoundError:
        return ""
    return done.stdout if done.returncode == 0 else ""


def _first_line(*command: str) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, check=False, text=True)
    except FileNotFoundError:
        return None
    return next(iter((done.stdout or done.stderr).splitlines()), None)


def _listed(path: Path, rows: object, columns: Mapping[str, str]) -> None:
    """A table of a list of mappings; ``columns`` maps a key to its header."""
    found = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    _table(path, tuple(columns.values()), ([row.get(key) for key in columns] for row in found))


def _table(path: Path, headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with write_table(path, headers) as table:
        for row in rows:
            table.row([_cell(value) for value in row])


def _cell(value: Any) -> Cell:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return value  # type: ignore[no-any-return]  # YAML scalars


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
