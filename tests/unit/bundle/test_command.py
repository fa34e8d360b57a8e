"""The commands as a person types them, and the comparison of bundles."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
import yaml

from reversibility.bundle import passphrase_sheets
from reversibility.bundle.build import latest
from reversibility.bundle.compare import compare, describe
from reversibility.bundle.dual_control import Sheet, load_holders
from reversibility.bundle.open import halves, load_identity
from reversibility.bundle.verify import verify
from reversibility.errors import CartableError
from reversibility.market.load import load_market
from reversibility.records.vault import Vault
from tests.project import PROJECT, ansible
from tests.unit.bundle.market import Case, git, make_case, make_keys, make_project
from tests.unit.contract.handover import CHEAP, PASSPHRASE

pytestmark = pytest.mark.playbook


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return make_case(tmp_path_factory.mktemp("command"))


def run(case: Case, *arguments: str | Path, input: str = "") -> subprocess.CompletedProcess[str]:
    """Run ``reversibility`` without a terminal; the vault's passphrase comes from a command."""
    environment = {**os.environ, "CARTABLE_VAULT_PASSPHRASE_COMMAND": f"echo '{PASSPHRASE}'"}
    command = [sys.executable, "-m", "reversibility.cli", *(str(argument) for argument in arguments)]
    return subprocess.run(
        command, cwd=PROJECT, env=environment, input=input, capture_output=True, text=True, check=False,
        start_new_session=True,
    )  # fmt: skip


def test_from_build_to_open(case: Case, tmp_path: Path) -> None:
    checked = run(case, "build", "-i", case.paths.inventory, "--check")
    assert checked.returncode == 0 and "none was built" in checked.stdout, checked.stderr
    assert not case.paths.bundles.exists()

    built = run(case, "build", "-i", case.paths.inventory)
    assert built.returncode == 0, built.stderr
    said = dict(re.findall(r"^(bundle|completeness|signed by) +(.+)$", built.stdout, re.MULTILINE))
    bundle = Path(said["bundle"])
    assert bundle.parent == case.paths.bundles and "% )" not in said["completeness"]

    assert run(case, "verify", bundle).returncode == 3
    assert run(case, "verify", bundle, "--fingerprint", said["signed by"]).returncode == 0
    assert run(case, "verify", bundle, "--fingerprint", "SHA256:short").returncode == 2
    other = run(case, "verify", bundle, "--fingerprint", "SHA256:" + "A" * 43)
    assert other.returncode == 1 and "the wrong signer" in other.stdout
    assert run(case, "verify", tmp_path / "absent").returncode == 2
    report = json.loads(run(case, "verify", bundle, "--json").stdout)
    assert report["intact"] and not report["signer_checked"] and report["fingerprint"] == said["signed by"]

    signer = ("--fingerprint", said["signed by"], "-i", case.paths.inventory)
    a, b = ("--identity", key(case, "a", 1), *signer), ("--identity", key(case, "b", 0))
    opened = run(case, "open", bundle, *a, *b)
    assert opened.returncode == 0 and f"{len(case.vault.entries())} entries" in opened.stdout, opened.stderr
    alone = run(case, "open", bundle, *a, "--identity", key(case, "a", 0))
    assert alone.returncode == 2 and "the key file (group B)" in alone.stderr
    output = tmp_path / "vault.kdbx"
    assert run(case, "open", bundle, *a, *b, "-o", output).returncode == 0
    assert len(Vault.open(output, PASSPHRASE).entries()) == len(case.vault.entries())
    again = run(case, "open", bundle, *a, *b, "-o", output)
    assert again.returncode == 2 and "never overwritten" in again.stderr
    entries = [entry for entry in case.journal.entries() if entry.get("event") == "command"]
    assert [(entry["command"], entry.get("bundle"), entry["result"]) for entry in entries] == [
        ("build", bundle.name, "built"),
        ("open", bundle.name, "opened"),
        ("open", bundle.name, "failed"),
        ("open", bundle.name, "opened"),
        ("open", bundle.name, "failed"),
    ]
    assert all({"user", "controller"} <= entry.keys() for entry in entries)
    assert entries[0]["revision"] == git(case.project, "rev-parse", "HEAD").strip()
    assert case.journal.verify().problems == []
    assert git(case.paths.state, "status", "--porcelain") == ""
    for done in (built, opened, alone):
        assert "Traceback" not in done.stderr and not any(
            entry.password in done.stdout + done.stderr for entry in case.vault.entries()
        )


def test_a_build_that_fails_is_journalled_as_well(case: Case, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("where a folder is needed")
    failed = run(case, "build", "-i", case.paths.inventory, "-o", tmp_path / "file" / "bundles")
    assert failed.returncode == 2 and "cannot be written" in failed.stderr
    last = list(case.journal.entries())[-1]
    assert (last["command"], last["result"]) == ("build", "failed") and "bundle" not in last


def test_a_bundle_that_was_carried_elsewhere_has_no_journal_beside_it(case: Case, tmp_path: Path) -> None:
    done = case.build(minutes=7)
    built = done.path
    bundle = Path(shutil.copytree(built, tmp_path / "usb" / built.name))
    shutil.rmtree(built)
    before = len(list(case.journal.entries()))
    keys = ("--identity", key(case, "a", 1), "--identity", key(case, "b", 0))
    refused = run(case, "open", bundle, *keys)
    assert refused.returncode == 2 and "Nobody said who should have signed" in refused.stderr
    (bundle / "data" / "06-secrets" / "OUVRIR.txt").write_text("autre chose")
    changed = run(case, "open", bundle, *keys, "--fingerprint", done.seal.fingerprint)
    assert (
        changed.returncode == 2 and "is refused" in changed.stderr and "Nothing was opened" in changed.stderr
    )
    opened = run(case, "open", bundle, *keys, "--unverified")
    assert opened.returncode == 0 and all(
        line.startswith("UNVERIFIED") for line in opened.stdout.splitlines()
    )
    assert len(list(case.journal.entries())) == before and not (tmp_path / "state").exists()


def key(case: Case, group: str, number: int) -> Path:
    """The private key of a holder."""
    return (case.paths.data / case.market.contract["holders"][group][number]["recipient_file"]).with_suffix(
        ".key"
    )


@pytest.fixture
def with_paper(case: Case, tmp_path: Path) -> Case:
    """The market with a holder who has no key."""
    project = Path(
        shutil.copytree(case.project, tmp_path / "project", ignore=shutil.ignore_patterns("bundles"))
    )
    inventory = project / "inventories" / "demo"
    contract = yaml.safe_load((inventory / "contract.yml").read_text())
    holder = contract["holders"]["a"][0]
    del holder["recipient_file"]
    holder["passphrase"] = True
    (inventory / "contract.yml").write_text(yaml.safe_dump(contract, allow_unicode=True))
    paths = type(case.paths)(market="demo", inventory=inventory, data=project / "var" / "demo")
    return Case(paths, load_market(inventory), case.vault)


def test_a_sheet_is_given_to_a_print_command_and_kept_nowhere(with_paper: Case, tmp_path: Path) -> None:
    refused = run(with_paper, "build", "-i", with_paper.paths.inventory)
    assert refused.returncode == 2 and "there is no terminal" in refused.stderr
    assert not with_paper.paths.bundles.exists()

    paper = tmp_path / "paper"
    built = run(with_paper, "build", "-i", with_paper.paths.inventory, "--sheets-to", f"tee {paper}")
    assert built.returncode == 0, built.stderr
    sheet = paper.read_text(encoding="utf-8")
    passphrase = re.search(r"^    (([A-Z2-9]{4}-){6}[A-Z2-9]{4})$", sheet, re.MULTILINE)
    assert passphrase and "Mairie, services techniques (groupe A)" in sheet
    (bundle,) = (path for path in with_paper.paths.bundles.iterdir() if path.name.startswith("cartable-"))
    for path in bundle.rglob("*"):
        assert not path.is_file() or passphrase[1].encode() not in path.read_bytes()
    half, _ = halves(bundle, load_identity(key(with_paper, "b", 1)), lambda holder: passphrase[1])
    assert re.fullmatch(r"([A-Z2-9]{4}-){6}[A-Z2-9]{4}", half)

    lost = run(
        with_paper, "build", "-i", with_paper.paths.inventory, "-o", tmp_path / "out", "--sheets-to", "false"
    )
    assert lost.returncode == 2 and "was not printed" in lost.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".lock"]


def test_a_bundle_is_there_only_when_its_sheets_were_delivered(with_paper: Case) -> None:
    delivered: list[tuple[Path, str]] = []

    def deliver(made: Sequence[Sheet], bundle: Path) -> None:
        assert latest(with_paper.paths.bundles, "demo") is None and not bundle.exists()
        delivered.extend((bundle, sheet.passphrase) for sheet in made)

    built = with_paper.build(deliver=deliver)
    ((bundle, passphrase),) = delivered
    assert bundle == built.path == latest(with_paper.paths.bundles, "demo")
    assert passphrase not in repr(built)
    assert halves(built.path, load_identity(key(with_paper, "b", 0)), lambda holder: passphrase)


def test_a_sheet_that_was_not_delivered_leaves_no_bundle(with_paper: Case) -> None:
    def jammed(made: Sequence[Sheet], bundle: Path) -> None:
        raise CartableError("the printer is jammed")

    with pytest.raises(CartableError, match="jammed"):
        with_paper.build(deliver=jammed)
    assert [path.name for path in with_paper.paths.bundles.iterdir()] == [".lock"]


def test_sheets_that_nobody_would_see_are_refused_early(with_paper: Case) -> None:
    with pytest.raises(CartableError, match=r"Mairie, services techniques.*reversibility build"):
        with_paper.build()
    assert not with_paper.paths.bundles.exists()


def test_a_build_killed_while_a_sheet_is_printed_leaves_no_bundle(with_paper: Case, tmp_path: Path) -> None:
    """A real process, killed by the print command itself: what would be read as the newest bundle is not there."""
    script = tmp_path / "print"
    script.write_text("#!/bin/sh\ncat > /dev/null\nkill -9 $PPID\n")
    script.chmod(0o755)
    out = tmp_path / "out"
    killed = run(with_paper, "build", "-i", with_paper.paths.inventory, "-o", out, "--sheets-to", script)
    assert killed.returncode == -9, killed.stderr
    assert not [path for path in out.iterdir() if path.name.startswith("cartable-")]


def test_a_sheet_is_shown_on_the_terminal_until_enter(with_paper: Case) -> None:
    """On a pseudo-terminal of its own, as a person would see it."""
    script = (
        "from pathlib import Path\n"
        "from reversibility.bundle import passphrase_sheets\n"
        "from reversibility.bundle.dual_control import Holder, Sheet\n"
        "holder = Holder('Mairie', 'a', 'town', None, 'moitie-a/mairie.age')\n"
        "passphrase_sheets.show([Sheet(holder, 'ABCD-EFGH')], Path('bundle'), None)\n"
    )
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(PROJECT)
        os.execv(sys.executable, [sys.executable, "-c", script])
    shown = b""
    while b"press Enter" not in shown:
        shown += os.read(terminal, 4096)
    assert b"ABCD-EFGH" in shown and b"age -d data/06-secrets/moitie-a/mairie.age" in shown
    os.write(terminal, b"\n")
    while passphrase_sheets.CLEAR.encode() not in shown:
        shown += os.read(terminal, 4096)
    assert os.waitpid(child, 0)[1] == 0
    os.close(terminal)


def lines(report: dict[str, object]) -> Sequence[str]:
    return list(describe(report))


def test_two_bundles_of_the_same_records_are_the_same(case: Case, tmp_path: Path) -> None:
    first, second = (case.build(minutes, output=tmp_path).path for minutes in (0, 5))
    report = compare(first, second)
    assert report["complies"] and lines(report) == [] and report["skipped"] == []
    assert len(report["assets"]["present"]) == len(case.market.assets)
    assert report["records"]["present"] and report["secrets"]["present"] and report["obligations"]["present"]


def test_a_comparison_names_what_appeared_vanished_and_changed(case: Case, tmp_path: Path) -> None:
    first = case.build(output=tmp_path / "bundles").path
    project = Path(
        shutil.copytree(case.project, tmp_path / "project", ignore=shutil.ignore_patterns("bundles"))
    )
    inventory = project / "inventories" / "demo"
    paths = type(case.paths)(market="demo", inventory=inventory, data=project / "var" / "demo")
    hosts = (inventory / "hosts.yml").read_text()
    hosts = hosts.replace("serial: LAB-PC-0002", "serial: LAB-PC-9999").replace("VP250001:", "VP250002:")
    (inventory / "hosts.yml").write_text(hosts)
    later = Case(paths, load_market(inventory), Vault.open(paths.vault, PASSPHRASE))
    state = later.state
    accounts = state.read_json("trois_platanes", "UC250002", "accounts.json")
    assert isinstance(accounts, dict)
    accounts["accounts"].append({"login": "intrus", "administrator": True, "declared": False})
    state.write("trois_platanes", "UC250002", "accounts.json", accounts)
    state.write("trois_platanes", "UC250002", "config/etc/hosts", "127.0.0.1 localhost\n")
    with later.vault.transaction() as change:
        change.put_current(
            "trois_platanes",
            "UC250002",
            "cartable",
            username="cartable",
            password="Nouveau:8Zk=de.pass9",
            policy="administrator",
        )
    second = later.build(output=tmp_path / "bundles", minutes=1).path
    report = compare(first, second)
    said = "\n".join(lines(report))
    assert not report["complies"]
    assert report["assets"]["missing"] == ["VP250001"] and report["assets"]["extra"] == ["VP250002"]
    assert report["assets"]["present"]["UC250001"]["diff"] == {
        "serial": {"before": "LAB-PC-0002", "after": "LAB-PC-9999"}
    }
    assert report["accounts"]["extra"] == ["UC250002/intrus"]
    assert set(report["records"]["present"]["trois_platanes/UC250002"]["diff"]) == {
        "accounts.json",
        "config/etc/hosts",
    }
    assert set(report["secrets"]["present"]["UC250002/cartable"]["diff"]) == {"Révision", "Expire le"}
    assert "~ obligations J-3.14-mots-de-passe trois_platanes UC250002: status: proven -> " in said
    assert "Nouveau" not in json.dumps(report)
    done = run(case, "compare", first, second)
    assert done.returncode == 1 and "+ accounts UC250002/intrus" in done.stdout
    assert run(case, "compare", first, first).returncode == 0
    assert json.loads(run(case, "compare", first, second, "--json").stdout) == report


def test_a_bundle_is_compared_with_the_state_of_today(case: Case, tmp_path: Path) -> None:
    bundle = case.build(output=tmp_path / "bundles").path
    state = Path(shutil.copytree(case.paths.state, tmp_path / "state"))
    report = compare(bundle, state)
    assert report["complies"] and report["skipped"] == ["assets", "files", "obligations", "secrets"]
    (state / "trois_platanes" / "UC250001" / "inventory.json").write_text('{"changed": true}')
    shutil.rmtree(state / "trois_platanes" / "PD250001")
    report = compare(bundle, state)
    assert report["records"]["missing"] == ["trois_platanes/PD250001"]
    assert list(report["records"]["present"]["trois_platanes/UC250001"]["diff"]) == ["inventory.json"]
    with pytest.raises(CartableError, match="neither a bundle"):
        compare(bundle, tmp_path)


def hand_over(inventory: Path, home: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the playbook handover.yml without a terminal."""
    environment = {"CARTABLE_VAULT_PASSPHRASE_COMMAND": f"echo '{PASSPHRASE}'", "HOME": str(home)}
    playbook = PROJECT / "playbooks" / "handover.yml"
    return ansible(
        "ansible-playbook", "-i", inventory, playbook, *options, environment=environment, timeout=None
    )


def test_the_playbook_builds_one_bundle(case: Case, tmp_path: Path) -> None:
    """Real ansible-playbook, every host of the market unreachable: a hand-over is possible at any moment."""
    project = Path(
        shutil.copytree(case.project, tmp_path / "project", ignore=shutil.ignore_patterns("bundles"))
    )
    shutil.rmtree(project / "var" / "demo" / "bundles", ignore_errors=True)
    inventory = project / "inventories" / "demo"
    bundles = project / "var" / "demo" / "bundles"

    def play(*options: str) -> str:
        done = hand_over(inventory, tmp_path, *options)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    checked = play("--check")
    assert "changed=1" in checked and not bundles.exists()
    said = play()
    (bundle,) = (path for path in bundles.iterdir() if path.name.startswith("cartable-demo-"))
    assert str(bundle) in said and re.search(r"completeness: \d+ of \d+ proven", said)
    assert verify(bundle).problems == []
    today = json.loads((bundle / "data" / "completude.json").read_bytes())["generated"]
    assert today[:4] == str(date.today().year)
    assert load_holders(case.market.contract, case.paths.data).a


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """inventories/jurancon with its vault and its keys, as docs/operators-guide.md says; nothing observed yet."""
    paths = make_project(tmp_path_factory.mktemp("worked"), "jurancon")
    market = load_market(paths.inventory)
    make_keys(paths, market)
    return Case(paths, market, Vault.create(paths.vault, PASSPHRASE, cost=CHEAP))


def test_the_worked_market_is_handed_over_with_the_documented_command(worked: Case, tmp_path: Path) -> None:
    """One of its holders has no key, and gets a sheet."""
    paper = tmp_path / "paper"
    built = run(worked, "build", "-i", worked.paths.inventory, "--sheets-to", f"tee {paper}")
    assert built.returncode == 0, built.stderr
    sheet = paper.read_text(encoding="utf-8")
    assert "Mairie de Jurançon, direction générale des services (groupe A)" in sheet
    bundle = latest(worked.paths.bundles, "jurancon")
    assert bundle is not None
    fingerprint = re.search(r"^signed by +(\S+)$", built.stdout, re.MULTILINE)
    assert fingerprint
    verified = run(worked, "verify", bundle, "--fingerprint", fingerprint[1])
    assert verified.returncode == 0, verified.stdout + verified.stderr
    # Nobody has made the operators' key yet, nor seen a machine: said, and no hindrance.
    assert "There is no SSH key of the operators" in built.stdout and "has no host key of" in built.stdout


def test_the_playbook_that_cannot_show_a_sheet_names_the_command_that_can(
    worked: Case, tmp_path: Path
) -> None:
    before = latest(worked.paths.bundles, "jurancon")
    refused = hand_over(worked.paths.inventory, tmp_path)
    said = " ".join((refused.stdout + refused.stderr).split())
    assert refused.returncode == 2
    assert f"`reversibility build -i {worked.paths.inventory}` on a terminal" in said
    assert "Mairie de Jurançon, direction générale des services" in said and "--sheets-to" in said
    assert latest(worked.paths.bundles, "jurancon") == before


def test_the_guide_names_the_command_as_well() -> None:
    guide = (PROJECT / "docs" / "operators-guide.md").read_text(encoding="utf-8")
    assert "reversibility build -i inventories/<market> --sheets-to" in guide
