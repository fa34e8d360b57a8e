"""Whole bundles of the demonstration market: built, verified, opened, compared, and interrupted."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
import tarfile
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from weasyprint import HTML

from reversibility.bundle import build as building
from reversibility.bundle import layout
from reversibility.bundle.build import BuiltBundle, latest, remove_unfinished
from reversibility.bundle.compare import compare
from reversibility.bundle.dual_control import load_holders
from reversibility.bundle.open import load_identity, open_vault
from reversibility.bundle.seal import Label, seal
from reversibility.bundle.signature import sign
from reversibility.bundle.verify import verify
from reversibility.documents import completeness, start_page
from reversibility.errors import CartableError
from reversibility.market.load import load_market
from reversibility.records.journals import Journals
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


@pytest.fixture
def changed(case: Case, built: BuiltBundle, tmp_path: Path) -> Case:
    """A copy of the market whose records a test may damage, without the bundle."""
    project = Path(
        shutil.copytree(case.project, tmp_path / "project", ignore=shutil.ignore_patterns("bundles"))
    )
    inventory = project / "inventories" / "demo"
    paths = type(case.paths)(market="demo", inventory=inventory, data=project / "var" / "demo")
    return Case(paths, load_market(inventory), case.vault)


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


def test_the_figure_is_that_of_the_rows(built: BuiltBundle) -> None:
    document = json.loads((built.path / "data/completude.json").read_bytes())
    statuses = [row["status"] for row in document["rows"]]
    assert statuses.count("proven") == built.assessment.counts()["proven"] > 50
    assert built.completeness.startswith(f"{statuses.count('proven')} of {len(statuses)} proven (")


def test_the_journal_is_whole(case: Case, built: BuiltBundle) -> None:
    report = Journals(built.path / "data/09-journal").verify()
    assert report.problems == [] and report.lines == len(list(case.journal.entries())) > 5


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
    assert {row["Vérifiée le (UTC)"] for row in rows("05-comptes/connexions.csv")} == {"2026-02-28T09:30:00Z"}
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


def test_an_unreadable_record_does_not_stop_the_hand_over(changed: Case) -> None:
    folder = changed.paths.state / "trois_platanes" / "UC250001"
    (folder / "accounts.json").write_text("{broken")
    (folder / "config" / "link").symlink_to("/etc/hostname")
    (folder / "config" / "nom:impossible?.conf").write_text("x\n")
    journal = next(changed.paths.journal.glob("*/*.jsonl"))
    journal.write_text(journal.read_text().replace("task", "tâche", 1))
    built = changed.build()
    assert verify(built.path).problems == []
    words = " ".join(built.findings)
    assert "accounts.json is not JSON" in words
    assert "symbolic link and was left out" in words
    assert "journal does not verify" in words
    assert (
        built.path / "data/02-equipements/trois_platanes/UC250001/config/nom=3Aimpossible=3F.conf"
    ).is_file()
    said = (built.path / "data/00-lisez-moi/anomalies.txt").read_text()
    assert all(finding in said for finding in built.findings)
    rows = {row.obligation: row.status for row in built.assessment.rows if row.asset is None}
    assert rows["B-6.2-journal"] != "proven"


def test_the_end_of_a_journal_that_was_removed_with_its_count_is_told(changed: Case) -> None:
    """Chain and head agree; what Git's history has of them does not."""
    chain = changed.journal.own
    for number in range(3):
        chain.append({"event": "task", "number": number})
    changed.state.commit("a run")
    path, head = chain.files()[-1], chain.directory / "head.json"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0])
    last = json.loads(lines[0])
    content = {"count": last["seq"], "hash": last["hash"], "file": path.name, "size": len(lines[0])}
    head.write_text(json.dumps(content))
    built = changed.build()
    (finding,) = [finding for finding in built.findings if "journal" in finding]
    assert "the last lines were removed" in finding
    report = json.loads((built.path / "data/09-journal/verification.json").read_bytes())
    assert len(report["problems"]) == 1
    (row,) = [row for row in built.assessment.rows if row.obligation == "B-6.2-journal"]
    assert row.status == "present" and path.name in row.detail


def test_uncommitted_changes_are_told(changed: Case) -> None:
    (changed.project / "ansible.cfg").write_text("[defaults]\n")
    (changed.project / "nouveau.yml").write_text("---\n")
    built = changed.build()
    assert any("2 changes" in finding and "ansible.cfg" in finding for finding in built.findings)


@pytest.mark.parametrize("kind", ["none", "no commit", "shallow"])
def test_a_project_without_a_whole_history_is_archived(changed: Case, tmp_path: Path, kind: str) -> None:
    (changed.project / "playbooks").mkdir()
    (changed.project / "playbooks" / "site.yml").write_text("---\n")
    if kind == "shallow":
        git(changed.project, "add", ".")
        git(changed.project, "commit", "-q", "-m", "second")
        shutil.copytree(changed.project, tmp_path / "origin")
        shutil.rmtree(changed.project / ".git")
        subprocess.run(
            [
                "git",
                "clone",
                "-q",
                "--bare",
                "--depth=1",
                f"file://{tmp_path}/origin",
                changed.project / ".git",
            ],
            check=True,
        )
        git(changed.project, "config", "core.bare", "false")
    else:
        shutil.rmtree(changed.project / ".git")
    if kind == "no commit":
        git(changed.project, "init", "-q")
    built = changed.build()
    assert any("not a Git repository with its whole history" in finding for finding in built.findings)
    with tarfile.open(built.path / "data/10-automatisation/depot.tar.gz") as archive:
        names = archive.getnames()
    assert {"cartable/ansible.cfg", "cartable/playbooks/site.yml"} <= set(names)
    assert not any("/var" in name or ".git/" in name for name in names)


def test_a_state_without_history_is_told(changed: Case) -> None:
    shutil.rmtree(changed.paths.state / ".git")
    built = changed.build()
    assert any("has no history" in finding for finding in built.findings)
    assert verify(built.path).problems == []


def test_a_killed_build_leaves_nothing_that_counts(changed: Case) -> None:
    """A real process, killed with SIGKILL while it seals; the next build removes what it left."""
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from reversibility.bundle import build as building\n"
        "from reversibility.records.vault import Vault\n"
        "from reversibility.market.load import load_market\n"
        "from reversibility.market.paths import MarketPaths\n"
        "from tests.unit.bundle.market import Case\n"
        "from tests.unit.contract.handover import PASSPHRASE\n"
        "inventory, data = Path(sys.argv[1]), Path(sys.argv[2])\n"
        "paths = MarketPaths(market='demo', inventory=inventory, data=data)\n"
        "case = Case(paths, load_market(inventory), Vault.open(paths.vault, PASSPHRASE))\n"
        "building.seal = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "case.build()\n"
    )
    command = [sys.executable, "-c", script, str(changed.paths.inventory), str(changed.paths.data)]
    done = subprocess.run(command, cwd=Path(__file__).parents[3], check=False, capture_output=True, text=True)
    assert done.returncode == -9, done.stderr
    left = [path.name for path in changed.paths.bundles.iterdir() if not path.name.startswith(".lock")]
    assert left == [".building-cartable-demo-20260302T093000Z"]
    assert latest(changed.paths.bundles, "demo") is None
    built = changed.build()
    assert verify(built.path).problems == []
    assert sorted(path.name for path in changed.paths.bundles.iterdir()) == [".lock", built.path.name]


def test_uncommitted_records_are_told(changed: Case) -> None:
    """As a run that was killed leaves them; the journal gets lines all the time and is not meant."""
    state = changed.state
    state.write("trois_platanes", "UC250001", "updates.json", {"known": True, "pending": [{"name": "bash"}]})
    state.write("trois_platanes", "UC250001", "nouveau.json", {})
    built = changed.build()
    (finding,) = built.findings
    assert finding.startswith(f"2 records in {state.directory} are not committed")
    assert "trois_platanes/UC250001/updates.json" in finding and "journal" not in finding
    assert (built.path / "data/02-equipements/trois_platanes/UC250001/nouveau.json").is_file()
    assert finding in (built.path / "data/00-lisez-moi/anomalies.txt").read_text(encoding="utf-8")
    state.commit("observe")
    assert changed.build(minutes=1).findings == ()


@pytest.mark.parametrize(("until", "status"), [("2026-03-01", "missing"), ("2026-03-31", "waived")])
def test_a_bundle_outlives_its_waivers(changed: Case, until: str, status: str) -> None:
    """Over when the bundle is built, or later and before somebody reads it: neither keeps anybody from anything."""
    contract = changed.paths.inventory / "contract.yml"
    content = yaml.safe_load(contract.read_text(encoding="utf-8"))
    (waiver,) = content["waivers"]
    waiver["until"] = date.fromisoformat(until)
    contract.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    built = replace(changed, market=load_market(changed.paths.inventory)).build()
    rows = {(row.obligation, row.asset): row for row in built.assessment.rows}
    row = rows[waiver["obligation"], waiver["asset"]]
    assert row.status == status and ("dérogation échue le 01/03/2026" in row.detail) is (status == "missing")
    assert rows["B-6.1-reprise", None].status == "proven"
    assert compare(built.path, built.path)["complies"]


def test_a_failing_build_leaves_nothing(changed: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "somewhere")

    monkeypatch.setattr(building, "seal", full)
    with pytest.raises(CartableError, match="somewhere: No space left on device"):
        changed.build()
    assert [path.name for path in changed.paths.bundles.iterdir()] == [".lock"]


@pytest.mark.parametrize(
    ("module", "writer", "name", "problem"),
    [
        (start_page, "html_to_pdfa3", "data/00-lisez-moi/lisez-moi.pdf", "PDF ordinaire, attendu PDF/A"),
        (completeness, "write_csv", "data/completude.csv", "tableau sans en-tête"),
        (completeness, "write_json", "data/completude.json", "n’est pas du JSON"),
    ],
)
def test_documents_written_after_the_assessment_are_opened_as_well(
    changed: Case, monkeypatch: pytest.MonkeyPatch, module: ModuleType, writer: str, name: str, problem: str
) -> None:
    """Clause B 6.2 is about every file, and is proven before these are written."""

    def ordinary(html: str, path: Path) -> None:
        path.write_bytes(HTML(string=html).write_pdf())

    def nothing(path: Path, _: object) -> None:
        path.touch()

    monkeypatch.setattr(module, writer, ordinary if writer == "html_to_pdfa3" else nothing)
    with pytest.raises(CartableError, match=re.escape(f"{name} is not in the open format")) as raised:
        changed.build()
    assert problem in str(raised.value)
    assert [path.name for path in changed.paths.bundles.iterdir()] == [".lock"]


def test_what_cannot_work_is_refused_before_anything_is_written(changed: Case, tmp_path: Path) -> None:
    with pytest.raises(CartableError, match="ssh-keygen -t ed25519"):
        changed.build(signing_key=tmp_path / "absent")
    assert latest(changed.paths.bundles, "demo") is None


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
