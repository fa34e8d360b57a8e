"""``03-reseaux``: what the network is, as it is wanted, and what configures its devices."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from reversibility.bundle import layout
from reversibility.bundle.copying import copy_tree
from reversibility.bundle.plain_tables import mapping, write_rows
from reversibility.bundle.sections.section import Build, Section
from reversibility.documents.names import MODES, SECURITIES, service_name, site_name, vlan_name
from reversibility.market.model import Market

ISOLATION = (
    "École", "Essayé le", "De", "Vers", "Sonde", "Essai", "Attendu", "Constaté", "Motif",
    "Code école", "Code départ", "Code arrivée",
)  # fmt: skip
ADDRESSING = (
    "École", "VLAN", "Sous-réseau", "Passerelle", "Adresses distribuées (DHCP)", "Serveurs de noms (DNS)",
    "Code école", "Code VLAN",
)  # fmt: skip
NONE = "aucun"  # which somebody has said; a cell that nobody has filled is empty
SSIDS = ("SSID", "VLAN", "Sécurité", "Isolé", "Écoles", "Code VLAN", "Code sécurité")
FLOWS = ("De", "Vers", "Équipements", "Services", "Motif", "Code départ", "Code arrivée")
PORTS = ("École", "Équipement", "Port", "Mode", "VLAN", "Vers", "Description", "Code école", "Code VLAN")


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
    write_rows(folder / "isolation.csv", ISOLATION, isolation_rows(build.market, records, WORDS))


def isolation_rows(
    market: Market, records: Mapping[str, Any], words: Mapping[str, str]
) -> Iterator[tuple[Any, ...]]:
    """The rows of isolation.csv."""
    for site, record in sorted(records.items()):
        for row in record["attempts"]:
            between = (row["source_vlan"], row["target_vlan"])
            yield (
                site_name(market, site),
                record["tried_on"],
                *(vlan_name(market, vlan) for vlan in between),
                *(row["source"], row["attempt"], words[row["expected"]], words[row["seen"]], row["reason"]),
                *(site, *between),
            )


def write_tables(folder: Path, market: Market) -> None:
    """Write a table each for VLANs, subnets, SSIDs, flows and ports."""
    network = market.network
    vlans = mapping(network.get("vlans"))
    write_rows(
        folder / "vlans.csv",
        ("Usage", "Numéro", "Isolé", "Code VLAN"),
        (
            (vlan.get("purpose"), vlan.get("id"), bool(vlan.get("isolated")), name)
            for name, vlan in vlans.items()
        ),
    )
    write_rows(
        folder / "plan-adressage.csv",
        ADDRESSING,
        (_subnet_row(market, subnet) for subnet in network.get("subnets") or ()),
    )
    write_rows(folder / "ssid.csv", SSIDS, (_ssid_row(market, ssid) for ssid in network.get("ssids") or ()))
    write_rows(
        folder / "matrice-flux.csv", FLOWS, (_flow_row(market, flow) for flow in network.get("flows") or ())
    )
    write_rows(folder / "ports.csv", PORTS, _ports(market))


def _subnet_row(market: Market, subnet: Mapping[str, Any]) -> tuple[Any, ...]:
    site, vlan = str(subnet.get("site")), subnet.get("vlan")
    dhcp, dns = subnet.get("dhcp"), subnet.get("dns")
    return (
        *(site_name(market, site), vlan_name(market, vlan), subnet.get("cidr"), subnet.get("gateway")),
        *(_handed_out(dhcp), (", ".join(dns) or NONE) if dns is not None else None),
        *(site, vlan),
    )


def _handed_out(dhcp: object) -> str | None:
    """The range that DHCP hands out; None where nobody has said."""
    if not isinstance(dhcp, Mapping):
        return NONE if dhcp is False else None
    by = f", par {dhcp['server']}" if dhcp.get("server") else ""
    return f"{dhcp['first']} à {dhcp['last']}{by}"


def _ssid_row(market: Market, ssid: Mapping[str, Any]) -> tuple[Any, ...]:
    sites = [site_name(market, site) for site in ssid.get("sites") or market.sites]
    security = str(ssid.get("security"))
    described = (SECURITIES.get(security, security), bool(ssid.get("isolated")))
    return (
        ssid.get("name"),
        vlan_name(market, ssid.get("vlan")),
        *described,
        sites,
        ssid.get("vlan"),
        security,
    )


def _flow_row(market: Market, flow: Mapping[str, Any]) -> tuple[Any, ...]:
    ends = (flow.get("from"), flow.get("to"))
    services = service_name(market, flow.get("services"))
    return (
        *(vlan_name(market, end) for end in ends),
        flow.get("assets"),
        services,
        flow.get("reason"),
        *ends,
    )


def _ports(market: Market) -> Iterator[tuple[Any, ...]]:
    for asset in market.assets.values():
        for name, port in mapping(asset.variables.get("ports")).items():
            vlans = port.get("vlan") or port.get("vlans")
            mode = MODES.get(str(port.get("mode")), port.get("mode"))
            described = (mode, vlan_name(market, vlans), port.get("peer"), port.get("description"))
            yield (site_name(market, asset.site), asset.tag, name, *described, asset.site, vlans)


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
