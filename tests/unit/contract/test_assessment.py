"""The table of obligations x assets: what is good is proven, and each damage shows in the right row."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reversibility.contract.assessment import STATUSES, Row, Totals
from reversibility.errors import CartableError
from reversibility.records import configuration
from tests.unit.contract.handover import NOW, Handover, file, git_bundle, switch_ports

MISSING = {
    "J-2.4-qui-fait-quoi", "B-6.1-plan", "B-6.3-restauration-temoin", "B-6.3-transfert", "J-3.6-formation",
    "J-3.7-accompagnement",
}  # fmt: skip


def edit(path: Path, change: Any) -> None:
    """Change a JSON file in the bag."""
    content = json.loads(path.read_bytes())
    path.write_text(json.dumps(change(content) or content), encoding="utf-8")


def test_a_good_handover(pristine: Handover) -> None:
    assessment = pristine.assess()
    by_id = assessment.by_obligation()
    assert {name for name, totals in by_id.items() if totals.rows and not totals.proven} == MISSING
    assert not [row for row in assessment.rows if row.status == "present"]
    others = [(r.obligation, r.asset, r.status) for r in assessment.rows if r.status != "proven" and r.asset]
    assert others == [
        ("J-3.14-materiels", "IM250001", "waived"),
        ("J-3.14-materiels", "TB250001", "missing"),
        ("J-3.14-materiels", "VP250001", "missing"),
        ("J-3.14-mots-de-passe", "IM250001", "missing"),
        ("C-9-regles-mots-de-passe", "IM250001", "missing"),
    ]


def test_every_declared_asset_counts(pristine: Handover) -> None:
    rows = [row for row in pristine.assess().rows if row.obligation == "J-3.9-inventaire"]
    assert {row.asset for row in rows} == set(pristine.market.assets)


def test_a_proven_row_says_how_when_and_where(pristine: Handover) -> None:
    for row in pristine.assess().rows:
        if row.status == "proven":
            assert row.method and row.proved_at == "2026-03-02T09:30:00+00:00" and row.detail
            assert row.evidence and (pristine.bundle / row.evidence).exists()
        else:
            assert row.method is None and row.proved_at is None


def test_totals_are_never_better_than_their_rows(pristine: Handover) -> None:
    assessment = pristine.assess()
    counts = assessment.counts()
    assert sum(counts.values()) == len(assessment.rows)
    assert assessment.rate() == counts["proven"] / len(assessment.rows)
    for totals in (assessment.by_obligation(), assessment.by_site()):
        for status in STATUSES:
            assert sum(getattr(one, status) for one in totals.values()) == counts[status]


@given(st.lists(st.sampled_from(STATUSES)))
def test_the_rate_is_proven_over_all_rows(statuses: list[str]) -> None:
    rows = [Row("O", "1", "", "R50", None, None, status, None, None, None, "") for status in statuses]
    totals = Totals.of(rows)
    assert totals.rows == len(statuses)
    assert totals.rate == (statuses.count("proven") / len(statuses) if statuses else 0)
    assert totals.to_json()["rate"] <= totals.rate


def test_no_secret_is_in_the_assessment(pristine: Handover) -> None:
    text = json.dumps(pristine.assess().to_json(), ensure_ascii=False)
    secrets = [entry.password for entry in pristine.copy.entries()]
    assert len(secrets) == 11 and not any(secret in text for secret in secrets)


# ---- the report of reversibility (3.14) ----


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


# ---- passwords and access (3.4, C 9) ----


@pytest.mark.parametrize("change", [{"result": "failed"}, {"vault_revision": "that of an earlier password"}])
def test_a_password_without_a_login_with_it_is_not_proven(handover: Handover, change: dict[str, str]) -> None:
    def other(content: dict[str, Any]) -> None:
        for login in content["logins"]:
            login.update(change)

    edit(handover.folder("UC250001") / "logins.json", other)
    for obligation in ("J-3.14-mots-de-passe", "J-3.4-mot-de-passe", "J-3.4-deux-acces"):
        row = handover.row(obligation, "UC250001")
        assert row.status == "present", obligation
    assert "cartable, enseignant" in handover.row("J-3.14-mots-de-passe", "UC250001").detail


def test_logins_that_were_taken_back_prove_nothing(handover: Handover) -> None:
    edit(handover.folder("UC250001") / "logins.json", lambda _: {"logins": []})
    assert handover.row("J-3.14-mots-de-passe", "UC250001").status == "present"
    (handover.folder("UC250001") / "logins.json").unlink()
    assert handover.row("J-3.14-mots-de-passe", "UC250001").status == "present"


def test_an_account_without_a_vault_entry_is_named(handover: Handover) -> None:
    def more(content: dict[str, Any]) -> None:
        content["accounts"].append({"login": "visiteur", "declared": True, "locked": False})

    edit(handover.folder("UC250001") / "accounts.json", more)
    row = handover.row("J-3.14-mots-de-passe", "UC250001")
    assert row.status == "present" and "visiteur" in row.detail


def test_a_vault_that_is_not_opened_proves_nothing(handover: Handover) -> None:
    assessment = handover.assess(exported_vault=None)
    about = {
        "J-3.14-mots-de-passe",
        "C-9-regles-mots-de-passe",
        "J-3.14-materiels",
        "B-6.3-coffre",
        "J-3.4-deux-acces",
    }
    assert not [row for row in assessment.rows if row.obligation in about and row.status == "proven"]


def test_a_password_that_expires_later_is_proven_only_until_then(handover: Handover) -> None:
    assert handover.row("C-9-regles-mots-de-passe", "UC250001").status == "proven"
    row = handover.row("C-9-regles-mots-de-passe", "UC250001", now=NOW + timedelta(days=190))
    assert row.status == "present" and "échu" in row.detail


def test_an_undeclared_administrator_is_named(handover: Handover) -> None:
    def more(content: dict[str, Any]) -> None:
        content["accounts"].append(
            {"login": "intrus", "administrator": True, "declared": False, "locked": False}
        )

    edit(handover.folder("UC250001") / "accounts.json", more)
    row = handover.row("J-3.4-administrateurs", "UC250001")
    assert row.status == "present" and "intrus" in row.detail


@pytest.mark.parametrize(
    "what", ["one half is missing", "one half is no age file", "one party in both groups"]
)
def test_dual_control_is_checked(handover: Handover, what: str) -> None:
    market = handover.market
    half = next((handover.data / "06-secrets/moitie-b").iterdir())
    if what == "one half is missing":
        half.unlink()
    elif what == "one half is no age file":
        half.write_bytes(b"the key file in clear")
    else:
        holders = {**market.contract["holders"], "a": [*market.contract["holders"]["a"][:1]]}
        holders["a"].append({"name": "Alex", "party": "contractor"})
        market = replace(market, contract={**market.contract, "holders": holders})
    assert handover.row("B-6.3-coffre", market=market).status == "present"


# ---- inventory (3.9, B 6.6) ----


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (("LAB-PC-0002", "LAB-PC-9999"), "inventaire.json"),
        (("LAB-PC-0002", "LAB-PC-9999"), "inventaire.csv"),
        (("UC250001;", "UC259999;"), "inventaire.csv"),
        (("gtypist;2.9.5", "gtypist;9.9.9"), "logiciels.csv"),
    ],
)
def test_an_inventory_that_says_something_else_is_not_proven(
    handover: Handover, change: tuple[str, str], where: str
) -> None:
    path = handover.data / "01-inventaire" / where
    text = path.read_text(encoding="utf-8")
    assert change[0] in text
    path.write_text(text.replace(*change), encoding="utf-8")
    assert handover.row("J-3.9-inventaire", "UC250001").status == "present"


def test_a_serial_number_seen_that_is_not_the_declared_one(handover: Handover) -> None:
    market = handover.market
    asset = market.assets["UC250001"]
    other = replace(asset, attributes={**asset.attributes, "serial": "ANOTHER"})
    row = handover.row(
        "B-6.2-inventaire-glpi", "UC250001", market=replace(market, assets={"UC250001": other})
    )
    assert row.status == "present" and "LAB-PC-0002" in row.detail and "ANOTHER" in row.detail


def test_a_record_about_another_asset_is_not_proven(handover: Handover) -> None:
    shutil.copy(
        handover.folder("UC250002") / "inventory.json", handover.folder("UC250001") / "inventory.json"
    )
    row = handover.row("B-6.2-inventaire-glpi", "UC250001")
    assert row.status == "present" and "étiquette" in row.detail


def test_a_lacking_attribute_is_named_and_lowers_the_rate(handover: Handover) -> None:
    edit(
        handover.data / "01-inventaire/inventaire.json",
        lambda d: [a.pop("purchased", None) for a in d["assets"]] and d,
    )
    row = handover.row("B-6.6-attributs", "VP250001")
    assert row.status == "present" and "date d’achat" in row.detail
    rate = handover.row("B-6.6-completude")
    assert rate.status == "present" and "90,3" in rate.detail  # 94 of 104


def test_an_asset_that_the_inventory_lost_is_missing(handover: Handover) -> None:
    def lose(document: dict[str, Any]) -> None:
        document["assets"] = [asset for asset in document["assets"] if asset["tag"] != "VP250001"]

    edit(handover.data / "01-inventaire/inventaire.json", lose)
    assert handover.row("J-3.9-inventaire", "VP250001").status == "missing"


def test_a_sheet_that_lost_an_asset_is_not_proven(handover: Handover) -> None:
    more = {**handover.market.assets, "UC259999": replace(handover.market.assets["UC250001"], tag="UC259999")}
    row = handover.row("J-3.9-classeur", "trois_platanes", market=replace(handover.market, assets=more))
    assert row.status == "present" and "UC259999" in row.detail
    (handover.data / "01-inventaire/inventaire.xlsx").write_bytes(b"PK\x03\x04 cut")
    assert handover.row("J-3.9-classeur", "trois_platanes").status == "present"


@pytest.mark.parametrize(
    ("replace_by", "status"), [("2027-07-31", "proven"), (None, "present"), ("2026-01-31", "present")]
)
def test_an_old_system_needs_a_replacement_date_to_come(
    handover: Handover, replace_by: str | None, status: str
) -> None:
    asset = handover.market.assets["UC180001"]
    old = replace(asset, attributes={**asset.attributes, "os": "windows-7"})
    change = {"os": "windows-7", "replace_by": replace_by}
    edit(
        handover.data / "01-inventaire/inventaire.json",
        lambda d: [a.update(change) for a in d["assets"] if a["tag"] == "UC180001"] and d,
    )
    market = replace(handover.market, assets={"UC180001": old})
    assert handover.row("J-2.3-equipements-anciens", "UC180001", market=market).status == status


def test_a_record_that_is_old_is_said_to_be_old(handover: Handover) -> None:
    row = handover.row("B-6.1-releves-recents", "UC250001", now=NOW + timedelta(days=40))
    assert row.status == "present" and "31 jours" in row.detail


# ---- software, journal, formats, automation, documents ----


def test_software_without_an_approval_is_named(handover: Handover) -> None:
    path = handover.data / "04-logiciels/catalogue.yml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("network: {by", "neighbour: {by"), encoding="utf-8"
    )
    assert handover.row("J-3.5-accord-education", "UC250001").status == "proven"
    row = handover.row("J-3.5-accord-reseau", "UC250001")
    assert row.status == "present" and "gtypist" in row.detail


def test_an_altered_journal_is_not_proven(handover: Handover) -> None:
    path = sorted((handover.data / "09-journal").glob("*.jsonl"))[3]
    path.write_bytes(path.read_bytes().replace(b"changed", b"nothing"))
    row = handover.row("B-6.2-journal")
    assert row.status == "present" and path.name in row.detail


def test_a_removed_journal_line_shows(handover: Handover) -> None:
    sorted((handover.data / "09-journal").glob("*.jsonl"))[3].unlink()
    assert handover.row("B-6.2-journal").status == "present"


def test_a_journal_of_the_last_months_only_is_sound_but_too_short(handover: Handover) -> None:
    for path in sorted((handover.data / "09-journal").glob("*.jsonl"))[:5]:
        path.unlink()
    row = handover.row("B-6.2-journal")
    assert row.status == "present" and "vérifiée" in row.detail and "12 mois attendus" in row.detail


def test_a_young_contract_needs_no_twelve_months(handover: Handover) -> None:
    for path in sorted((handover.data / "09-journal").glob("*.jsonl"))[:5]:
        path.unlink()
    contract = {**handover.market.contract["contract"], "start": date(2026, 2, 1)}
    market = replace(handover.market, contract={**handover.market.contract, "contract": contract})
    assert handover.row("B-6.2-journal", market=market).status == "proven"


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


def test_a_document_is_present_and_never_proven(handover: Handover) -> None:
    folder = handover.data / "11-documents"
    (folder / "formation").mkdir(parents=True)
    (folder / "plan-de-reversibilite.md").write_text("Le plan\n")
    (folder / "formation/trois_platanes-initiale-2025.md").write_text("Feuille d’émargement\n")
    assert handover.row("B-6.1-plan").status == "present"
    assert handover.row("J-3.6-formation", "trois_platanes").status == "present"
    missing = handover.row("J-3.7-accompagnement", "trois_platanes")
    assert missing.status == "missing" and "formation/trois_platanes-annuelle*" in missing.detail


def test_an_empty_bag_proves_nothing_and_breaks_nothing(handover: Handover) -> None:
    shutil.rmtree(handover.data)
    handover.data.mkdir()
    counts = handover.assess(exported_vault=None).counts()
    assert counts["proven"] == counts["present"] == 0


# ---- waivers ----


def test_a_waiver_is_shown_with_its_reason_and_not_counted(pristine: Handover) -> None:
    row = pristine.row("J-3.14-materiels", "IM250001")
    assert row.status == "waived" and row.waiver is not None
    assert row.waiver["author"] == "Dominique Exemple" and "agglomération" in row.waiver["reason"]


def test_a_waiver_ends(pristine: Handover) -> None:
    end = date.fromisoformat(dict(pristine.row("J-3.14-materiels", "IM250001").waiver or {})["until"])
    row = pristine.row("J-3.14-materiels", "IM250001", now=NOW + (end - NOW.date()) + timedelta(days=1))
    assert row.status == "missing" and "dérogation échue" in row.detail and row.waiver is None


def test_a_waiver_by_kind_and_one_that_is_not_needed(pristine: Handover) -> None:
    base = {"reason": "r", "author": "a", "until": date(2030, 1, 1)}
    waivers = [
        {"obligation": "J-3.14-materiels", "kind": "projector", **base},
        {"obligation": "J-3.9-inventaire", **base},
    ]
    market = replace(pristine.market, contract={**pristine.market.contract, "waivers": waivers})
    assert pristine.row("J-3.14-materiels", "VP250001", market=market).status == "waived"
    assert pristine.row("J-3.14-materiels", "TB250001", market=market).status == "missing"
    assert pristine.row("J-3.9-inventaire", "VP250001", market=market).status == "proven"


def test_a_waiver_for_nothing_is_refused(pristine: Handover) -> None:
    waivers = [{"obligation": "J-3.15", "reason": "r", "author": "a", "until": date(2030, 1, 1)}]
    market = replace(pristine.market, contract={**pristine.market.contract, "waivers": waivers})
    with pytest.raises(CartableError, match=r"waivers are written for J-3\.15"):
        pristine.assess(market=market)
