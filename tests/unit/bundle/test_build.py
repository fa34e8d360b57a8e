"""Whole bundles of the demonstration market: built, verified, opened, compared."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from reversibility.bundle import layout
from reversibility.bundle.build import BuiltBundle, latest, remove_unfinished
from reversibility.bundle.dual_control import load_holders
from reversibility.bundle.open import load_identity, open_vault
from reversibility.bundle.seal import Label, seal
from reversibility.bundle.sections import SECTIONS
from reversibility.bundle.sections.section import Build, Section
from reversibility.bundle.signature import sign
from reversibility.bundle.verify import verify
from reversibility.errors import CartableError
from reversibility.records.journals import NOT_COMPARED, Journals
from tests.unit.bundle.conftest import make_key
from tests.unit.bundle.judges import by_bagit, by_command, by_file, every_file, run_file
from tests.unit.bundle.market import Case, git, make_case
from tests.unit.contract.handover import NOW


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return make_case(tmp_path_factory.mktemp("market"))


@pytest.fixture(scope="module")
def built(case: Case) -> BuiltBundle:
    return case.build()


def test_all_three_ways_accept_it(case: Case, built: BuiltBundle, tmp_path: Path) -> None:
    allowed = tmp_path / "allowed"
    shutil.copyfile(built.path / "allowed_signers", allowed)
    report = verify(built.path, allowed, fingerprint=built.seal.fingerprint)
    assert report.problems == [] and report.signer_checked and report.principal == "cartable-demo"
    assert run_file(built.path, "--empreinte", built.seal.fingerprint)[0] == 0
    done = subprocess.run([sys.executable, "-m", "bagit", "--validate", str(built.path)], check=False)
    assert done.returncode == 0


def test_everything_is_at_its_place(built: BuiltBundle) -> None:
    files = set(every_file(built.path))
    for name in (
        "LISEZ-MOI.txt", "verifier.py", "allowed_signers", "bag-info.txt",
        "data/completude.json", "data/completude.html",
        "data/00-lisez-moi/lisez-moi.html", "data/00-lisez-moi/lisez-moi.pdf", "data/00-lisez-moi/anomalies.txt",
        "data/01-inventaire/inventaire.csv", "data/01-inventaire/inventaire.json", "data/01-inventaire/inventaire.xlsx",
        "data/02-equipements/trois_platanes/UC250001/inventory.json",
        "data/02-equipements/trois_platanes/UC250001/config.age",
        "data/03-reseaux/network.yml", "data/03-reseaux/ports.csv",
        "data/03-reseaux/configurations/trois_platanes/SW250001/config.age",
        "data/04-logiciels/catalogue.yml", "data/04-logiciels/catalogue.csv",
        "data/05-comptes/comptes.csv", "data/05-comptes/comptes.json", "data/05-comptes/coffre.csv",
        "data/06-secrets/vault.kdbx", "data/06-secrets/OUVRIR.txt",
        "data/07-certificats/DOSSIER-VIDE.txt", "data/08-sauvegardes/DOSSIER-VIDE.txt",
        "data/09-journal/verification.json", "data/09-journal/etat.bundle",
        "data/10-automatisation/depot.bundle", "data/10-automatisation/requirements.txt",
        "data/10-automatisation/known_hosts",
        "data/10-automatisation/marche/hosts.yml", "data/11-documents/DOSSIER-VIDE.txt",
    ):  # fmt: skip
        assert name in files, name
    assert not any("volatile.lock" in name or ".git/" in name for name in files)
    assert built.findings == ()
    assert built.path.stat().st_mode & 0o777 == 0o700


def test_a_section_has_the_formats_that_it_says(built: BuiltBundle) -> None:
    """And no folder is there that is no section's; each stands on the start page."""
    data = built.path / layout.DATA
    assert {path.name for path in data.iterdir() if path.is_dir()} == {section.folder for section in SECTIONS}
    page = (data / "00-lisez-moi/lisez-moi.html").read_text(encoding="utf-8")
    rows = re.findall(r'<th scope="row" class="nowrap">(\S+)</th>.*?<td class="num">(.*?)</td>', page)
    counted = {path.name: len(list(path.rglob("*.*"))) for path in data.iterdir() if path.is_dir()}
    assert dict(rows)["08-sauvegardes"] == "0", (
        "a note that says why a folder is empty is nothing handed over"
    )
    assert dict(rows)["06-secrets"] == str(counted["06-secrets"]) != "1"
    for section in SECTIONS:
        assert section.contains in page and section.readers in page, section.folder
        for path in (path for path in (data / section.folder).rglob("*") if path.is_file()):
            inside = path.relative_to(data / section.folder)
            named = next(
                (suffix for suffix in section.formats if suffix and path.name.endswith(suffix)), None
            )
            free = "" in section.formats and {"config", "marche", "known_hosts"} & set(inside.parts)
            assert named or free or path.name == layout.EMPTY_NOTE, path


def test_only_what_running_the_project_takes_is_pinned(built: BuiltBundle) -> None:
    lines = (built.path / "data/10-automatisation/requirements.txt").read_text(encoding="utf-8").splitlines()
    names = {line.partition("==")[0].lower() for line in lines if "==" in line}
    assert {"pykeepass", "weasyprint", "ansible-core"} <= names
    assert not {"pytest", "mypy", "ruff", "molecule", "hypothesis", "cartable"} & names
    page = (built.path / "data/00-lisez-moi/lisez-moi.html").read_text(encoding="utf-8")
    assert re.search(r"Python\u00a03\.12 à 3\.13", page)


def test_the_holders_know_their_files_and_their_keys_travel(case: Case, built: BuiltBundle) -> None:
    """A successor who copies them can build: load_holders finds them where contract.yml says."""
    secrets, page = (
        built.path / "data/06-secrets",
        (built.path / "data/00-lisez-moi/lisez-moi.html").read_text("utf-8"),
    )
    carried = load_holders(case.market.contract, secrets / "cles-publiques")
    assert carried == load_holders(case.market.contract, case.paths.data)
    for holder in (*carried.a, *carried.b):
        assert holder.file in page and str(holder.public_key) in page and (secrets / holder.file).is_file()


def test_a_new_part_of_the_bundle_is_one_section(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(building: Build, folder: Path) -> list[str]:
        (folder / "plan.svg").write_text("<svg/>", encoding="utf-8")
        return [f"the plan of {building.market.name} is empty"]

    plans = Section("12-plans", "Les plans des salles.", (".svg",), "tous", "aucun plan", write)
    nothing = replace(plans, folder="13-rien", contains="Rien du tout.", write=lambda *_: None)
    monkeypatch.setattr("reversibility.bundle.build.SECTIONS", (*SECTIONS, plans, nothing))
    more = case.build(minutes=7, output=tmp_path)
    page = (more.path / "data/00-lisez-moi/lisez-moi.html").read_text(encoding="utf-8")
    assert "Les plans des salles." in page and "Rien du tout." in page
    assert (more.path / "data/12-plans/plan.svg").read_text() == "<svg/>"
    assert "aucun plan" in (more.path / "data/13-rien/DOSSIER-VIDE.txt").read_text(encoding="utf-8")
    assert more.findings == ("the plan of demo is empty",)
    assert "the plan of demo" in (more.path / "data/00-lisez-moi/anomalies.txt").read_text(encoding="utf-8")
    assert verify(more.path).problems == []


def test_the_figure_is_that_of_the_rows(built: BuiltBundle) -> None:
    document = json.loads((built.path / "data/completude.json").read_bytes())
    statuses = [row["status"] for row in document["rows"]]
    assert statuses.count("proven") == built.assessment.counts()["proven"] > 50
    assert built.completeness.startswith(f"{statuses.count('proven')} of {len(statuses)} proven (")


def test_the_journal_is_whole(case: Case, built: BuiltBundle) -> None:
    report = Journals(built.path / "data/09-journal").verify()
    # A copy has no Git history beside it: verification.json has what the original was compared with.
    assert report.problems == [NOT_COMPARED] and report.lines == len(list(case.journal.entries())) > 5


def test_the_tables_say_what_the_records_say(case: Case, built: BuiltBundle) -> None:
    def rows(name: str) -> list[dict[str, str]]:
        with (built.path / "data" / name).open(encoding="utf-8-sig", newline="") as stream:
            return list(csv.DictReader(stream, delimiter=";"))

    logins = {
        (row["Étiquette"], row["Compte"]): row["Révision du coffre"]
        for row in rows("05-comptes/connexions.csv")
    }
    entry = case.vault.find("UC250001", "cartable")
    assert entry is not None and logins["UC250001", "cartable"] == entry.revision
    assert {row["Vérifiée le (UTC)"] for row in rows("05-comptes/connexions.csv")} == {"2026-02-28 09:30:00"}
    kept = {(row["Étiquette"], row["Compte"]) for row in rows("05-comptes/coffre.csv")}
    assert kept == {(entry.asset, entry.account) for entry in case.vault.entries()}
    accounts = rows("05-comptes/comptes.csv")
    assert ("UC250002", "eleve") in {(row["Étiquette"], row["Compte"]) for row in accounts}
    assert len(json.loads((built.path / "data/05-comptes/comptes.json").read_bytes())) == len(
        {row["Étiquette"] for row in accounts}
    )
    ports = rows("03-reseaux/ports.csv")
    assert {row["Équipement"] for row in ports} == {"SW250001"} and len(ports) > 3
    assert [row["Identifiant"] for row in rows("04-logiciels/catalogue.csv")] == list(
        case.market.catalogue["software"]
    )


@pytest.mark.judge("age")
def test_a_stranger_takes_over_from_the_bundle_alone(case: Case, built: BuiltBundle, tmp_path: Path) -> None:
    folder = built.path / "data/10-automatisation"
    subprocess.run(["git", "clone", "-q", str(folder / "depot.bundle"), str(tmp_path / "clone")], check=True)
    assert git(tmp_path / "clone", "rev-parse", "HEAD") == git(case.project, "rev-parse", "HEAD")
    assert (tmp_path / "clone/inventories/demo/hosts.yml").read_bytes() == (
        folder / "marche/hosts.yml"
    ).read_bytes()
    history = built.path / "data/09-journal/etat.bundle"
    subprocess.run(["git", "clone", "-q", str(history), str(tmp_path / "state")], check=True)
    copied = built.path / "data/02-equipements/trois_platanes/UC250001/inventory.json"
    assert (tmp_path / "state/trois_platanes/UC250001/inventory.json").read_bytes() == copied.read_bytes()
    pinned = [
        line for line in (folder / "requirements.txt").read_text().splitlines() if not line.startswith("#")
    ]
    assert any(line.startswith("pykeepass==") for line in pinned)
    # the vault, with the keys of two holders, then a configuration with the identity in the vault
    holders = load_holders(case.market.contract, case.paths.data)
    keys = [
        case.paths.data / found["recipient_file"]
        for found in (case.market.contract["holders"][g][0] for g in "ab")
    ]
    identities = [identity for key in keys for identity in load_identity(key.with_suffix(".key"))]
    vault = open_vault(built.path, identities)
    assert {entry.title for entry in vault.entries()} == {entry.title for entry in case.vault.entries()}
    assert len(holders.a) == len(holders.b) == 2
    identity = tmp_path / "identity"
    identity.write_text(vault.age_identity())
    encrypted = built.path / "data/02-equipements/trois_platanes/UC250001/config.age"
    done = subprocess.run(["age", "-d", "-i", str(identity), str(encrypted)], check=True, capture_output=True)
    (tmp_path / "config.tar").write_bytes(done.stdout)
    with tarfile.open(tmp_path / "config.tar") as archive:
        assert archive.getnames()


def test_no_secret_leaves_the_vault(case: Case, built: BuiltBundle) -> None:
    secrets = [entry.password.encode() for entry in case.vault.entries() if entry.password]
    secrets += case.paths.operator_key.read_bytes().splitlines()[1:-1]
    assert len(secrets) > 10
    for name in every_file(built.path):
        content = (built.path / name).read_bytes()
        assert not any(secret in content for secret in secrets), name


def test_every_file_of_a_whole_bundle_is_guarded(built: BuiltBundle, tmp_path: Path) -> None:
    """The real thing, file by file: a flipped bit is found in each.

    The small bag of test_tampering.py takes the other judges and the other kinds of harm through all its files;
    here they have their turn with every fifth.
    """
    bag = Path(shutil.copytree(built.path, tmp_path / "bag"))
    blind = {"tagmanifest-sha256.txt.sig", "tagmanifest-sha512.txt.sig"}
    for turn, name in enumerate(every_file(bag)):
        path = bag / name
        content = path.read_bytes()
        position = turn * 7919 % len(content)
        path.write_bytes(
            content[:position] + bytes([content[position] ^ 1 << turn % 8]) + content[position + 1 :]
        )
        refused = by_command(bag)
        assert name in refused, name
        if name.startswith("data/"):
            assert refused == {name}
        if turn % 5 == 0:
            assert by_file(bag) == refused
            assert by_bagit(bag) is (name in blind), name
            path.unlink()
            assert name in by_command(bag), name
        path.write_bytes(content)
    assert by_command(bag) == by_file(bag) == set()


def test_a_file_added_to_any_folder_of_a_whole_bundle_is_named(built: BuiltBundle, tmp_path: Path) -> None:
    bag = Path(shutil.copytree(built.path, tmp_path / "bag"))
    folders = [bag, *(path for path in sorted(bag.rglob("*")) if path.is_dir())]
    assert len(folders) > 30
    for folder in folders:
        added = folder / "intrus.txt"
        added.write_bytes(b"intrus")
        name = added.relative_to(bag).as_posix()
        assert by_command(bag) == by_file(bag) == {name}
        assert by_bagit(bag) is (folder == bag), (
            name
        )  # BagIt lets a bag have tag files that no manifest lists
        added.unlink()
    assert by_command(bag) == by_file(bag) == set()


def test_a_whole_bundle_signed_again_by_another_key_is_refused(
    case: Case, built: BuiltBundle, tmp_path: Path
) -> None:
    """Its signatures alone; then everything sealed anew, when only who knows the signer can tell. BagIt has neither."""
    allowed, stranger = tmp_path / "allowed", make_key(tmp_path / "stranger")
    shutil.copyfile(built.path / "allowed_signers", allowed)
    bag = Path(shutil.copytree(built.path, tmp_path / built.path.name))
    for manifest, signature in zip(layout.TAGMANIFESTS, layout.SIGNATURES, strict=True):
        (bag / signature).write_bytes(sign(bag / manifest, stranger))
    for known in (None, allowed):
        assert by_command(bag, known) == by_file(bag, known) == set(layout.SIGNATURES)
    assert by_bagit(bag)
    for name in (*layout.TAGMANIFESTS, *layout.SIGNATURES):
        (bag / name).unlink()
    seal(bag, Label(case.market.name, "Essai", "Essai", bag.name, NOW), stranger)
    assert by_command(bag) == by_file(bag) == set() and by_bagit(bag)
    assert by_command(bag, allowed) == by_file(bag, allowed) == set(layout.SIGNATURES)
    status, said = run_file(bag, "--empreinte", built.seal.fingerprint)
    assert status == 1 and all(name in said for name in layout.SIGNATURES)
    problems = verify(bag, None, fingerprint=built.seal.fingerprint).problems
    assert {problem.file for problem in problems} == set(layout.SIGNATURES)


def test_a_second_bundle_names_what_changed_since_the_first(case: Case, built: BuiltBundle) -> None:
    second = case.build(minutes=1)
    assert latest(case.paths.bundles, "demo") == second.path
    changes = (second.path / "data/01-inventaire/modifications.csv").read_text(encoding="utf-8-sig")
    assert "premier inventaire" not in changes
    with pytest.raises(CartableError, match="exists already"):
        case.build(minutes=1)
    shutil.rmtree(second.path)


def test_unfinished_bundles_are_removed_and_finished_ones_are_not(tmp_path: Path) -> None:
    for name in (".building-cartable-x-20260101T000000Z", "cartable-x-20260101T000000Z"):
        (tmp_path / name / "data").mkdir(parents=True)
    remove_unfinished(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["cartable-x-20260101T000000Z"]
