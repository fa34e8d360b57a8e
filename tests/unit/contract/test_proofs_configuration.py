"""The report of reversibility (3.14): configurations and software that only seem to be there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from reversibility.contract.assessment import Row
from reversibility.records import configuration
from tests.unit.contract.handover import (
    Handover,
    configuration_files,
    edit,
    restorable,
    switch_ports,
)


def test_a_configuration_that_only_exists_is_not_proven(handover: Handover) -> None:
    (handover.folder("UC250001") / "config.age").write_bytes(b"age-encryption.org/v1\nnot really\n")
    row = handover.row("J-3.14-materiels", "UC250001")
    assert (row.status, row.method) == ("present", None)
    assert "ne se déchiffre pas" in row.detail


def test_a_readable_copy_alone_is_present(handover: Handover) -> None:
    (handover.folder("UC250001") / "config.age").unlink()
    row = handover.row("J-3.14-materiels", "UC250001")
    assert row.status == "present" and "aucune copie restaurable" in row.detail
    shutil.rmtree(handover.folder("UC250001") / "config")
    assert handover.row("J-3.14-materiels", "UC250001").status == "missing"


def test_a_configuration_encrypted_to_another_key_is_not_proven(handover: Handover) -> None:
    stranger = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
    archive = configuration.pack([configuration.ConfigurationFile("/etc/hostname", b"uc250001\n")])
    (handover.folder("UC250001") / "config.age").write_bytes(configuration.encrypt(archive, stranger))
    assert handover.row("J-3.14-materiels", "UC250001").status == "present"


def read_back(handover: Handover, tag: str, changes: Mapping[str, bytes | None]) -> Row:
    """The row of an asset with these files in its configuration; one that is None is not in it."""
    asset = handover.market.assets[tag]
    files = {**configuration_files(handover.market, asset), **changes}
    present = {path: content for path, content in files.items() if content is not None}
    (handover.folder(tag) / "config.age").write_bytes(restorable(present, handover.vault))
    network = asset.kind in ("router", "switch")
    return handover.row("J-3.14-reseaux" if network else "J-3.14-materiels", tag)


def test_a_damaged_file_in_a_configuration_is_named(handover: Handover) -> None:
    row = read_back(handover, "UC250001", {"/etc/passwd": b"not a line of passwd\n"})
    assert row.status == "present" and "/etc/passwd" in row.detail


@pytest.mark.parametrize(
    ("tag", "path"),
    [
        *(("UC250001", f"/etc/{name}") for name in ("group", "hostname", "passwd", "shadow")),
        ("NA250001", "/etc/samba/smb.conf"),
        ("NA250001", "/etc/shadow"),
        ("RT250001", "/etc/nftables.conf"),
        ("RT250001", "/etc/passwd"),
        ("SW250001", "/openvswitch/conf.db"),
        ("SW250001", "/switch.json"),
    ],
)
def test_a_configuration_without_what_restoring_takes_is_not_proven(
    handover: Handover, tag: str, path: str
) -> None:
    assert read_back(handover, tag, {}).status == "proven"
    row = read_back(handover, tag, {path: None})
    assert row.status == "present" and row.detail.endswith(f"\u00a0: manque {path}")


def test_an_empty_file_restores_nothing(handover: Handover) -> None:
    row = read_back(handover, "NA250001", {"/etc/samba/smb.conf": b"\n"})
    assert row.status == "present" and row.detail.endswith("manque /etc/samba/smb.conf")


def test_the_configuration_of_another_machine_is_not_proven(handover: Handover) -> None:
    shutil.copy(handover.folder("UC250002") / "config.age", handover.folder("UC250001") / "config.age")
    row = handover.row("J-3.14-materiels", "UC250001")
    assert row.status == "present" and "«\u00a0uc250002\u00a0»" in row.detail
    assets = handover.market.assets
    other = replace(assets["UC250001"], variables={"baseline_hostname": "uc250002"})
    market = replace(handover.market, assets={**assets, "UC250001": other})
    assert handover.row("J-3.14-materiels", "UC250001", market=market).status == "proven"


def test_a_system_that_nothing_reads_is_not_proven(handover: Handover) -> None:
    assets = handover.market.assets
    for system in ("macos-15", None):
        attributes = {**assets["UC250001"].attributes, "os": system}
        other = replace(assets["UC250001"], attributes={name: v for name, v in attributes.items() if v})
        market = replace(handover.market, assets={**assets, "UC250001": other})
        row = handover.row("J-3.14-materiels", "UC250001", market=market)
        assert row.status == "present" and (system or "non déclaré").partition("-")[0] in row.detail


@pytest.mark.parametrize(
    ("before", "after", "absent"),
    [
        ("198.51.100.64/27", "198.51.100.64/28", "teachers (198.51.100.64/27)"),
        ("198.51.100.0/27", "198.51.100.0/270", "administration (198.51.100.0/27)"),
        ('iifname "vlan30" ip saddr 198.51.100.64/27', 'iifname "vlan30"', ""),  # still there as a target
        ("vlan50", "vlan51", "guests (198.51.100.128/27)"),
    ],
)
def test_a_router_without_a_declared_subnet_is_not_proven(
    handover: Handover, before: str, after: str, absent: str
) -> None:
    written = configuration_files(handover.market, handover.market.assets["RT250001"])["/etc/nftables.conf"]
    # Without those to the internet, which name each subnet as one that they do not lead to.
    rules = b"\n".join(line for line in written.splitlines() if b"daddr !=" not in line)
    assert before.encode() in rules
    row = read_back(
        handover, "RT250001", {"/etc/nftables.conf": rules.replace(before.encode(), after.encode())}
    )
    assert row.status == ("present" if absent else "proven") and row.detail.endswith(absent)


def test_a_subnet_in_a_comment_is_no_rule(handover: Handover) -> None:
    rules = b"""
    # 198.51.100.0/27 198.51.100.32/27 198.51.100.64/27
    ip saddr 198.51.100.96/27 accept comment "198.51.100.128/27"
    """
    row = read_back(handover, "RT250001", {"/etc/nftables.conf": rules})
    assert row.status == "present" and "pupils" not in row.detail
    for name in ("administration", "direction", "teachers", "guests"):
        assert f"{name} (" in row.detail


def test_a_subnet_on_which_network_yml_has_no_word_need_not_be_in_the_rules(handover: Handover) -> None:
    """The router drops what no rule names: closed by not being there."""
    vlans = {**handover.market.network["vlans"], "printing": {"id": 60, "purpose": "Copieurs"}}
    subnet = {"site": "trois_platanes", "vlan": "printing", "cidr": "198.51.100.160/27"}
    elsewhere = {**subnet, "site": "elsewhere", "vlan": "teachers", "cidr": "203.0.113.0/27"}
    flow = {"from": "administration", "to": "printing", "services": ["icmp"]}
    network = handover.market.network
    network = {**network, "vlans": vlans, "subnets": [*network["subnets"], subnet, elsewhere]}
    market = replace(handover.market, network=network)
    assert handover.row("J-3.14-reseaux", "RT250001", market=market).status == "proven"
    market = replace(market, network={**network, "flows": [*network["flows"], flow]})
    row = handover.row("J-3.14-reseaux", "RT250001", market=market)
    assert row.status == "present" and row.detail.endswith("\u00a0: printing (198.51.100.160/27)")


def test_a_switch_that_is_not_as_declared_is_not_proven(handover: Handover) -> None:
    found = switch_ports(handover.market.assets["SW250001"])
    next(port for port in found if port["name"] == "p_guest")["tag"] = 10
    switch = json.dumps({"bridges": [], "ports": found}).encode()
    row = read_back(handover, "SW250001", {"/switch.json": switch})
    assert row.status == "present" and "p_guest" in row.detail


def test_software_that_was_never_seen_is_not_proven(handover: Handover) -> None:
    def without_gtypist(record: dict[str, Any]) -> None:
        software = record["content"]["softwares"]
        record["content"]["softwares"] = [item for item in software if item["name"] != "gtypist"]

    edit(handover.folder("UC250001") / "inventory.json", without_gtypist)
    row = handover.row("J-3.14-logiciels", "UC250001")
    assert row.status == "present" and "logiciels.csv" in row.detail  # the table still says it is installed
    (handover.folder("UC250001") / "inventory.json").unlink()
    assert handover.row("J-3.14-logiciels", "UC250001").status == "missing"
