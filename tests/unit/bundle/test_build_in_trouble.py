"""A hand-over that meets trouble: damaged records, unfinished histories, kills, full disks."""

from __future__ import annotations

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
from reversibility.bundle.build import latest
from reversibility.bundle.compare import compare
from reversibility.bundle.findings import french
from reversibility.bundle.verify import verify
from reversibility.documents import completeness, start_page
from reversibility.errors import CartableError
from reversibility.market.load import load_market
from tests.project import PROJECT
from tests.unit.bundle.market import Case, git, make_case


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return make_case(tmp_path_factory.mktemp("market"))


@pytest.fixture
def changed(case: Case, tmp_path: Path) -> Case:
    """A copy of the market whose records a test may damage."""
    project = Path(shutil.copytree(case.project, tmp_path / "project"))
    inventory = project / "inventories" / "demo"
    paths = type(case.paths)(market="demo", inventory=inventory, data=project / "var" / "demo")
    return Case(paths, load_market(inventory), case.vault)


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
    said = (built.path / "data/00-lisez-moi/anomalies.txt").read_text(encoding="utf-8")
    assert all(french(finding) in said for finding in built.findings)
    rows = {row.obligation: row.status for row in built.assessment.rows if row.asset is None}
    assert rows["B-6.2-journal"] != "proven"


def test_half_a_surrogate_in_records_does_not_stop_the_hand_over(changed: Case) -> None:
    """As a game's name cut in the middle of an emoji; and nesting that nothing reads."""
    folder = changed.paths.state / "trois_platanes" / "UC250001"
    inventory = json.loads((folder / "inventory.json").read_text())
    content = inventory["content"]
    content["softwares"] = [
        {"name": "Jeu \ud83d", "version": "\udce9", "arch": "all"},
        *content.get("softwares", []),
    ]
    (folder / "inventory.json").write_text(json.dumps(inventory))
    accounts = {"accounts": [{"login": "l\ude00", "uid": 1001, "groups": ["\udfff"], "administrator": False}]}
    (folder / "accounts.json").write_text(json.dumps(accounts))
    (folder / "services.json").write_text("[" * 150_000)
    built = changed.build()
    assert verify(built.path).problems == []
    tables = "".join(path.read_text(encoding="utf-8-sig") for path in sorted(built.path.rglob("*.csv")))
    assert "Jeu \\ud83d" in tables
    assert "l\\ude00" in tables


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
    done = subprocess.run(command, cwd=PROJECT, check=False, capture_output=True, text=True)
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
    assert french(finding) in (built.path / "data/00-lisez-moi/anomalies.txt").read_text(encoding="utf-8")
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
