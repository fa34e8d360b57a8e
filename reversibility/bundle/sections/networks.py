"""``03-reseaux``: what the network is, as it is wanted, and what configures its devices."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from reversibility.bundle import layout
from reversibility.bundle.copying import copy_tree
from reversibility.bundle.plain_tables import mapping, write_list, write_rows
from reversibility.bundle.sections.section import Build, Section
from reversibility.market.model import Market

ISOLATION = ("École", "Le", "De", "Vers", "Sonde", "Essai", "Attendu", "Constaté", "Motif")


def write(build: Build, folder: Path) -> None:
    """Write network.yml as it is, a table each for what is in it, and what configures each device."""
    shutil.copyfile(build.market.path / "network.yml", folder / "network.yml")
    write_tables(folder, build.market)
    _write_isolation(build, folder)
    for site, tag in build.state.assets():
        asset = build.market.assets.get(tag)
        if asset is not None and "network" in asset.kind_groups:
            target = folder / layout.CONFIGURATIONS / site / tag
            _copy_configuration(build.state.directory / site / tag, target)


def _write_isolation(build: Build, folder: Path) -> None:
    """Write what was tried between the networks: a page, and a table with every attempt."""
    from reversibility.documents.isolation import WORDS, isolation_page  # Jinja takes its time

    records = {}
    for site, tag in build.state.assets():
        if record := build.state.read_json(site, tag, "isolation.json"):
            records[site] = record
    if not records:
        return
    page = isolation_page(build.market, records, build.moment)
    (folder / "isolation.html").write_text(page, encoding="utf-8")
    write_rows(folder / "isolation.csv", ISOLATION, isolation_rows(records, WORDS))


def isolation_rows(records: Mapping[str, Any], words: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:
    """The rows of isolation.csv."""
    for site, record in sorted(records.items()):
        for row in record["attempts"]:
            yield (
                *(
                    site,
                    record["tried_on"],
                    row["source_vlan"],
                    row["target_vlan"],
                    row["source"],
                    row["attempt"],
                ),
                *(words[row["expected"]], words[row["seen"]], row["reason"]),
            )


def write_tables(folder: Path, market: Market) -> None:
    """Write a table each for VLANs, subnets, SSIDs, flows and ports."""
    network = market.network
    vlans = mapping(network.get("vlans"))
    write_rows(
        folder / "vlans.csv",
        ("VLAN", "Numéro", "Usage", "Isolé"),
        (
            (name, vlan.get("id"), vlan.get("purpose"), bool(vlan.get("isolated")))
            for name, vlan in vlans.items()
        ),
    )
    purposes = {name: vlan.get("purpose") for name, vlan in vlans.items()}
    write_list(
        folder / "plan-adressage.csv",
        [{**subnet, "purpose": purposes.get(subnet.get("vlan"))} for subnet in network.get("subnets") or ()],
        {
            "site": "École",
            "vlan": "VLAN",
            "cidr": "Sous-réseau",
            "gateway": "Passerelle",
            "purpose": "Usage du VLAN",
        },
    )
    write_list(
        folder / "ssid.csv",
        [{**ssid, "purpose": purposes.get(ssid.get("vlan"))} for ssid in network.get("ssids") or ()],
        {
            "name": "SSID",
            "vlan": "VLAN",
            "security": "Sécurité",
            "isolated": "Isolé",
            "purpose": "Usage du VLAN",
        },
    )
    write_list(
        folder / "matrice-flux.csv", network.get("flows"),
        {"from": "De", "to": "Vers", "assets": "Équipements", "services": "Services", "reason": "Motif"},
    )  # fmt: skip
    write_rows(
        folder / "ports.csv",
        ("École", "Équipement", "Port", "Mode", "VLAN", "Vers", "Description"),
        _ports(market),
    )


def _ports(market: Market) -> Iterator[tuple[Any, ...]]:
    for asset in market.assets.values():
        for name, port in mapping(asset.variables.get("ports")).items():
            vlans = port.get("vlan") or port.get("vlans")
            peer, text = port.get("peer"), port.get("description")
            yield (asset.site, asset.tag, name, port.get("mode"), vlans, peer, text)


def _copy_configuration(source: Path, target: Path) -> None:
    if (source / "config").is_dir():
        copy_tree(source / "config", target / "config")
    if (source / "config.age").is_file():
        target.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / "config.age", target / "config.age")


SECTION = Section(
    folder=layout.NETWORKS,
    contains="VLAN, plan d’adressage, réseaux Wi-Fi, flux autorisés, isolation essayée, configurations des équipements "
    "réseau.",
    formats=(".yml", ".csv", ".html", "", ".age"),
    readers="les parties\u00a0; config.age avec l’identité du coffre",
    empty="aucun réseau n’est déclaré",
    write=write,
)
