"""Software, formats, automation and documents of the market as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from reversibility.records.vault import Vault
from tests.unit.contract.handover import CHEAP, KEY_FILE, PASSPHRASE, Handover, git_bundle


def test_software_without_an_approval_is_named(handover: Handover) -> None:
    path = handover.data / "04-logiciels/catalogue.yml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("network: {by", "neighbour: {by"), encoding="utf-8"
    )
    assert handover.row("J-3.5-accord-education", "UC250001").status == "proven"
    row = handover.row("J-3.5-accord-reseau", "UC250001")
    assert row.status == "present" and "gtypist" in row.detail


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("11-documents/plan.docx", b"PK\x03\x04 a format that is not open\x00\xff"),
        ("11-documents/plan.pdf", b"%PDF-1.7\nan ordinary one\n%%EOF"),
        ("05-comptes/comptes.csv", b"a;b\n1;2;3\n"),
        ("02-equipements/trois_platanes/UC250001/updates.json", b"{"),
        ("02-equipements/elsewhere/UC999999/inventory.json", b"{"),
    ],
)
def test_a_file_that_is_no_open_format_is_named(handover: Handover, name: str, content: bytes) -> None:
    assert handover.row("B-6.2-formats").status == "proven"
    path = handover.data / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    row = handover.row("B-6.2-formats")
    assert row.status == "present" and name in row.detail


def test_automation_that_does_not_start_is_not_proven(handover: Handover, tmp_path: Path) -> None:
    folder = handover.data / "10-automatisation"
    (folder / "requirements.txt").write_text("ansible>=12\n")
    assert "requirements.txt" in handover.row("B-6.1-reprise").detail
    git_bundle(tmp_path / "other", folder / "depot.bundle", "README")
    assert "ansible.cfg" in handover.row("B-6.1-reprise").detail
    (folder / "depot.bundle").write_bytes(b"# v2 git bundle\ncut")
    row = handover.row("B-6.1-reprise")
    assert row.status == "present" and "ne se clone pas" in row.detail


def test_another_market_in_the_automation_is_not_proven(handover: Handover) -> None:
    hosts = handover.data / "10-automatisation/marche/hosts.yml"
    hosts.write_text(hosts.read_text().replace("TB250001", "TB250009"))
    assert "même parc" in handover.row("B-6.1-reprise").detail


def test_machines_that_a_successor_cannot_reach_are_named(handover: Handover) -> None:
    """Without the operators' key, or with a host key missing, observe.yml stops at SSH."""
    assert handover.row("B-6.1-reprise").status == "proven"
    known_hosts = handover.data / "10-automatisation/known_hosts"
    lines = known_hosts.read_text().splitlines(keepends=True)
    lines[0] = lines[0].replace(lines[0].split()[0], "|1|c2FsdA==|aGFzaA==")
    known_hosts.write_text("".join(lines))
    row = handover.row("B-6.1-reprise")
    assert row.status == "present" and "1 machine(s) sur 7 sans clé d’hôte connue (NA250001)" in row.detail
    known_hosts.unlink()
    assert "7 machine(s) sur 7" in handover.row("B-6.1-reprise").detail
    path = handover.data / "06-secrets/vault.kdbx"
    handover.vault.export(path, PASSPHRASE, KEY_FILE, cost=CHEAP)
    row = handover.row("B-6.1-reprise", exported_vault=Vault.open(path, PASSPHRASE, KEY_FILE))
    assert row.status == "present" and "ne contient pas la clé SSH des exploitants" in row.detail
    assert "coffre non ouvert" in handover.row("B-6.1-reprise", exported_vault=None).detail


def test_a_document_is_present_and_never_proven(handover: Handover) -> None:
    folder = handover.data / "11-documents"
    (folder / "formation").mkdir(parents=True)
    (folder / "plan-de-reversibilite.md").write_text("Le plan\n")
    (folder / "formation/trois_platanes-initiale-2025.md").write_text("Feuille d’émargement\n")
    assert handover.row("B-6.1-plan").status == "present"
    assert handover.row("J-3.6-formation", "trois_platanes").status == "present"
    missing = handover.row("J-3.7-accompagnement", "trois_platanes")
    assert missing.status == "missing" and "formation/trois_platanes-annuelle*" in missing.detail
