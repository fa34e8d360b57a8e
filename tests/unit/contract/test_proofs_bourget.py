"""Additional obligations of contract B: *missing* without evidence, *proven* only with good evidence."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from reversibility.bundle.sections import networks
from reversibility.contract.profile_loader import load_profile
from reversibility.documents.isolation import WORDS, isolation_page
from reversibility.documents.restore_record import restore_record
from tests.unit.contract.handover import NOW, Handover, without_waivers


def status(handover: Handover, obligation: str, subject: str | None = None) -> tuple[str, str]:
    row = handover.row(
        obligation, subject, profile=load_profile("bourget"), market=without_waivers(handover.market)
    )
    return row.status, row.detail


def test_every_class_deliverable_and_criterion_has_an_obligation() -> None:
    """6.2 has ten classes (the tenth, the journal, is in base.yml), 6.3 seven deliverables, 6.6 eight criteria."""
    profile = load_profile("bourget")
    ids = {obligation.id for obligation in profile.obligations}
    assert {identifier.rsplit("-", 1)[0] for identifier in ids} >= {"B-6.1", "B-6.3", "B-6.6", "B-6.7"}
    for number in range(1, 10):
        assert any(identifier.startswith(f"B-6.2-{number}-") for identifier in ids), number
    texts = {
        clause: {o.text for o in profile.obligations if o.clause == clause} for clause in ("B 6.3", "B 6.6")
    }
    assert len(texts["B 6.3"]) >= 6 and len(texts["B 6.6"]) == 8
    assert "B-6.2-journal" in ids and "B-6.1-plan" in ids


def test_what_nobody_handed_over_is_missing_and_says_where_it_was_expected(handover: Handover) -> None:
    for obligation in ("B-6.2-4-microsoft-365", "B-6.3-licences", "B-6.6-supervision", "B-6.7-effacement"):
        state, detail = status(handover, obligation)
        assert state == "missing" and "11-documents/" in detail, obligation
    assert status(handover, "B-6.2-1-sauvegardes", "NA250001")[0] == "missing"
    assert status(handover, "B-6.2-6-certificats")[0] == "missing"
    folder = handover.data / "11-documents/microsoft-365"
    folder.mkdir(parents=True)
    (folder / "locataire.json").write_text("{}")
    assert status(handover, "B-6.2-4-microsoft-365")[0] == "present"


@pytest.mark.parametrize(
    ("backup", "expected", "said"),
    [
        ({"dataset": "homes", "time": NOW - timedelta(days=2), "result": "success"}, "proven", "1"),
        ({"dataset": "homes", "time": NOW - timedelta(days=9), "result": "success"}, "present", "homes"),
        ({"dataset": "homes", "time": NOW - timedelta(days=2), "result": "failed"}, "present", "homes"),
        ({"dataset": "homes", "result": "success"}, "present", "homes"),
        (None, "present", "aucune sauvegarde"),
    ],
)
def test_backups_are_proven_while_they_are_recent(
    handover: Handover, backup: dict[str, object] | None, expected: str, said: str
) -> None:
    path = handover.folder("NA250001") / "backups.json"
    path.write_text(
        json.dumps({"backups": [backup] if backup else []}, default=lambda time: time.isoformat())
    )
    state, detail = status(handover, "B-6.2-1-sauvegardes", "NA250001")
    assert state == expected and said in detail


def rebuilt(days: int = 3, **changes: object) -> dict[str, object]:
    """What playbooks/rebuild.yml records of the NAS."""
    data = [{"path": "/srv/partages", "snapshot": "4f2a", "files": 12}]
    ended = (NOW - timedelta(days=days)).isoformat()
    return {"begun": ended, "ended": ended, "data": data, "result": "success", **changes}


@pytest.mark.parametrize(
    ("obligation", "tag", "record", "expected", "said"),
    [
        ("B-6.6-restauration-serveur", "NA250001", rebuilt(), "proven", "NA250001 reconstruit le"),
        ("B-6.6-restauration-serveur", "NA250001", rebuilt(data=[]), "present", "sans données restaurées"),
        ("B-6.6-restauration-serveur", "NA250001", rebuilt(days=500), "present", "antérieure"),
        ("B-6.6-restauration-serveur", "NA250001", rebuilt(result="begun"), "present", "à son terme"),
        ("B-6.6-restauration-serveur", "UC250001", rebuilt(), "missing", "aucune restauration"),
        ("B-6.6-restauration-poste", "UC250001", rebuilt(data=[]), "proven", "UC250001 reconstruit le"),
        ("B-6.6-restauration-poste", "NA250001", rebuilt(), "missing", "aucune restauration"),
    ],
)
def test_a_witness_restore_is_proven_by_a_rebuilt_machine_of_its_kind(
    handover: Handover, obligation: str, tag: str, record: dict[str, object], expected: str, said: str
) -> None:
    path = handover.data / "08-sauvegardes/restaurations.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({tag: record}))
    state, detail = status(handover, obligation)
    assert state == expected and said in detail


def test_the_record_to_sign_says_what_was_measured(handover: Handover) -> None:
    asset = handover.market.assets["NA250001"]
    page = restore_record(
        handover.market,
        asset,
        {**rebuilt(), "begun": "2026-11-30T08:00:00Z", "ended": "2026-11-30T08:01:30Z"},
        NOW,
    )
    for words in (
        "NA250001",
        "serveur de fichiers",
        "1,5\u00a0min",
        "12 fichiers, copie 4f2a",
        "réussie",
        "Signature",
    ):
        assert words in page, words


@pytest.mark.parametrize(
    ("ends", "expected"),
    [("2027-01-01T00:00:00Z", "proven"), ("2026-01-01T00:00:00Z", "present"), (None, "present")],
)
def test_certificates_are_proven_while_they_are_valid(
    handover: Handover, ends: str | None, expected: str
) -> None:
    path = handover.data / "07-certificats/certificats.json"
    path.parent.mkdir()
    certificate = {"subject": "CN=nas.example", "not_after": ends}
    path.write_text(json.dumps({"NA250001": {"certificates": [certificate]}}))
    state, _ = status(handover, "B-6.2-6-certificats")
    assert state == expected
    path.write_text("{")
    assert status(handover, "B-6.2-6-certificats")[0] == "present"


def test_the_network_s_tables_are_proven_while_they_say_what_is_declared(handover: Handover) -> None:
    folder = handover.data / "03-reseaux"
    folder.mkdir()
    networks.write_tables(folder, handover.market)
    for obligation, name in (("B-6.2-8-adressage", "plan-adressage"), ("B-6.2-8-flux", "matrice-flux")):
        assert status(handover, obligation)[0] == "proven"
        path = folder / f"{name}.csv"
        lines = path.read_text(encoding="utf-8-sig").splitlines()
        write(path, lines[:-1])
        assert status(handover, obligation)[0] == "present", "a row that was taken out"
        write(path, [*lines, lines[-1]])
        assert status(handover, obligation)[0] == "present", "a row that stands there twice"


def test_isolation_is_proven_by_recent_attempts_between_every_pair_of_networks(handover: Handover) -> None:
    folder = handover.data / "03-reseaux"
    folder.mkdir()
    vlans = [one["vlan"] for one in handover.market.network["subnets"]]
    attempt = {"attempt": "tcp/22", "expected": "blocked", "seen": "blocked", "reason": ""}
    rows = [
        {"source": a, "source_vlan": a, "target": b, "target_vlan": b, **attempt}
        for a in vlans
        for b in vlans
        if a != b
    ]

    def seen(changed: list[dict[str, str]], day: str = "2026-02-20") -> tuple[str, str]:
        records = {"trois_platanes": {"tried_on": day, "attempts": changed}}
        found = networks.isolation_rows(handover.market, records, WORDS)
        networks.write_rows(folder / "isolation.csv", networks.ISOLATION, found)
        page = isolation_page(handover.market, records, NOW)
        assert ("<strong>passe</strong>" in page) == any(row["seen"] == "passes" for row in changed)
        return status(handover, "B-3.6-isolation")

    assert status(handover, "B-3.6-isolation")[0] == "missing"
    assert seen(rows) == ("proven", "20\u00a0essais, chacun comme déclaré")
    leak = seen([*rows[:-1], {**rows[-1], "seen": "passes"}])[1]
    assert leak.endswith("Invités (50) vers Postes des élèves (40), tcp/22 passe")
    assert seen(rows[:-1])[1] == "pas d’essai de guests vers pupils"
    assert seen(rows, "2025-01-01")[0] == "present"


def write(path: Path, lines: list[str]) -> None:
    path.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8-sig")


ROWS = [
    {"asset": "NA250001", "what": "password", "name": "cartable", "status": "refused"},
    {"asset": "NA250001", "what": "operator_key", "name": "SHA256:x", "status": "refused"},
]


@pytest.mark.parametrize(
    ("change", "expected", "said"),
    [
        ({}, "proven", "connexion refusée avec chacun des 2 accès"),
        ({"status": "held"}, "present", "toujours ouvert au titulaire sortant\u00a0: mot de passe cartable"),
        ({"status": "replaced"}, "present", "remplacé, ancien accès non essayé\u00a0: mot de passe cartable"),
        ({"status": "perhaps"}, "present", "état inconnu"),
        ({"asset": "another"}, "proven", "chacun des 1 accès"),
    ],
)
def test_an_outgoing_contractor_is_out_once_a_login_with_each_access_was_refused(
    handover: Handover, change: dict[str, str], expected: str, said: str
) -> None:
    assert status(handover, "B-6.6-retrait", "NA250001")[0] == "missing", "no sheet"
    path = handover.data / "05-comptes/acces-titulaire-sortant.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"access": [{**ROWS[0], **change}, ROWS[1]]}))
    found, detail = status(handover, "B-6.6-retrait", "NA250001")
    assert found == expected and said in detail


def test_a_transition_has_both_contractors_a_freeze_and_lots(handover: Handover) -> None:
    """B 6.5, R57; before there is one, the row is missing."""
    assert status(handover, "B-6.5-transition")[0] == "missing"
    day = NOW.date()
    people = [{"name": name, "party": name, "account": name} for name in ("contractor", "successor")]
    freeze = {"from": day, "until": day, "operations": ["patch"], "reason": "r", "author": "a"}
    lots = [{"name": "Réseau", "date": day}]
    whole = {"from": day, "until": day, "freeze": freeze, "lots": lots}
    for persons, transition, expected, said in (
        (people, whole, "proven", "1\u00a0lot"),
        (people[:1], whole, "present", "repreneur"),
        (people, {**whole, "freeze": None}, "present", "gel"),
        (people, {**whole, "lots": []}, "present", "lot"),
    ):
        contract = {**handover.market.contract, "administrators": persons, "transition": transition}
        changed = replace(handover, market=replace(handover.market, contract=contract))
        state, detail = status(changed, "B-6.5-transition")
        assert state == expected and said in detail
