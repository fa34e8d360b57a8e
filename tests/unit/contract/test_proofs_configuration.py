"""The report of reversibility (3.14): configurations and software that only seem to be there."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest

from reversibility.records import configuration
from tests.unit.contract.handover import Handover, edit, file, switch_ports


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
    archive = configuration.pack([file("/etc/hostname", b"UC250001\n")])
    (handover.folder("UC250001") / "config.age").write_bytes(configuration.encrypt(archive, stranger))
    assert handover.row("J-3.14-materiels", "UC250001").status == "present"


def test_a_damaged_file_in_a_configuration_is_named(handover: Handover) -> None:
    archive = configuration.pack([file("/etc/passwd", b"not a line of passwd\n")])
    recipient = handover.vault.age_recipient()
    (handover.folder("UC250001") / "config.age").write_bytes(configuration.encrypt(archive, recipient))
    row = handover.row("J-3.14-materiels", "UC250001")
    assert row.status == "present" and "/etc/passwd" in row.detail


@pytest.mark.parametrize("ports", ["one in another VLAN", "none at all"])
def test_a_switch_that_is_not_as_declared_is_not_proven(handover: Handover, ports: str) -> None:
    files = []
    if ports != "none at all":
        found = switch_ports(handover.market.assets["SW250001"])
        next(port for port in found if port["name"] == "p_guest")["tag"] = 10
        files.append(file("/switch.json", json.dumps({"bridges": [], "ports": found}).encode()))
    archive = configuration.pack([file("/etc/hostname", b"SW250001\n"), *files])
    recipient = handover.vault.age_recipient()
    (handover.folder("SW250001") / "config.age").write_bytes(configuration.encrypt(archive, recipient))
    row = handover.row("J-3.14-reseaux", "SW250001")
    assert row.status == "present"
    assert ("p_guest" in row.detail) == (ports != "none at all")


def test_software_that_was_never_seen_is_not_proven(handover: Handover) -> None:
    def without_gtypist(record: dict[str, Any]) -> None:
        software = record["content"]["softwares"]
        record["content"]["softwares"] = [item for item in software if item["name"] != "gtypist"]

    edit(handover.folder("UC250001") / "inventory.json", without_gtypist)
    row = handover.row("J-3.14-logiciels", "UC250001")
    assert row.status == "present" and "logiciels.csv" in row.detail  # the table still says it is installed
    (handover.folder("UC250001") / "inventory.json").unlink()
    assert handover.row("J-3.14-logiciels", "UC250001").status == "missing"
