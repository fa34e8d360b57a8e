"""What scripts/demo promises: provisioned, 0 changed on the second run, observed, handed over, verified."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from reversibility.market.load import load_market
from reversibility.records.journals import Journals
from reversibility.records.state import State
from tests import glpi
from tests.e2e.conftest import ACCESS_POINT, BIN, INVENTORY, PROJECT, TAGS, WINDOWS, DemoRun, School
from tests.lab import access_points, network, reach
from tests.lab.hosts import INTERFACE
from tests.lab.plan import plan
from tests.lab.switch import plug_in
from tests.lab.windows import folder_of


def test_the_demo_provisions_twice_and_the_second_changes_nothing(demo: DemoRun) -> None:
    assert "10 hosts, 0 changed" in demo.output


def test_the_demo_says_where_to_look_and_how_complete_it_is(school: School, demo: DemoRun) -> None:
    completeness = json.loads(
        (school.newest_bundle() / "data" / "completude.json").read_text(encoding="utf-8")
    )
    totals = completeness["totals"]
    assert totals["proven"] > 0
    assert totals["rate"] == pytest.approx(totals["proven"] / totals["rows"], abs=1e-4)
    assert f"Completeness: {totals['proven']} of {totals['rows']} proven" in demo.output
    assert str(school.newest_bundle() / "data" / "00-lisez-moi" / "lisez-moi.html") in demo.output


def test_the_simulated_windows_pcs_are_proven_and_named_as_simulated(school: School, demo: DemoRun) -> None:
    assert "UC250003 and UC250004 are SIMULATED Windows PCs" in demo.output
    bundle = school.newest_bundle() / "data"
    rows = json.loads((bundle / "completude.json").read_text(encoding="utf-8"))["rows"]
    about = [row for row in rows if row.get("asset") in WINDOWS]
    assert {row["asset"] for row in about} == WINDOWS
    assert [row for row in about if row["status"] != "proven"] == []
    hosts = (bundle / "10-automatisation" / "marche" / "hosts.yml").read_text(encoding="utf-8")
    for tag in WINDOWS:
        record = json.loads((school.paths.state / "trois_platanes" / tag / "inventory.json").read_text())
        assert record["content"]["bios"]["smodel"] == "Poste Windows simulé"
        journal = (folder_of(school.paths) / f"{tag}.journal.jsonl").read_text(encoding="utf-8").splitlines()
        assert journal and {json.loads(line)["kind"] for line in journal}.isdisjoint({"unknown", "bug"})
    assert hosts.count("aucun Windows ne tourne") == len(WINDOWS)


def test_the_access_point_is_proven_and_named_as_simulated(school: School, demo: DemoRun) -> None:
    assert f"{ACCESS_POINT} is a SIMULATED access point" in demo.output
    bundle = school.newest_bundle() / "data"
    rows = json.loads((bundle / "completude.json").read_text(encoding="utf-8"))["rows"]
    about = [row for row in rows if row.get("asset") == ACCESS_POINT]
    assert {row["obligation"] for row in about} >= {
        "J-3.14-reseaux",
        "J-3.14-mots-de-passe",
        "B-6.2-inventaire-glpi",
    }
    about += [row for row in rows if row["obligation"] in ("J-3.14-reseaux", "B-6.2-cles-wifi")]
    assert [row for row in about if row["status"] != "proven"] == []
    hosts = (bundle / "10-automatisation" / "marche" / "hosts.yml").read_text(encoding="utf-8")
    assert "aucun OpenWrt ne tourne" in hosts
    record = school.paths.state / "trois_platanes" / ACCESS_POINT / "config" / "etc" / "config" / "wireless"
    said = record.read_text(encoding="utf-8")
    assert all(
        f"option ssid '{name}'" in said for name in ("Ecole-Personnel", "Ecole-Classe", "Ecole-Invites")
    )
    assert all(f"option network 'vlan{number}'" in said for number in (30, 40, 50))


def test_the_three_verifications_agree_that_the_bundle_is_good(school: School, demo: DemoRun) -> None:
    bundle = school.newest_bundle()
    fingerprint = school.fingerprint()
    school.run(BIN / "reversibility", "verify", bundle, "--fingerprint", fingerprint)
    school.run(sys.executable, "-I", bundle / "verifier.py", "--empreinte", fingerprint, bundle)
    school.run(BIN / "bagit.py", "--validate", bundle)


def test_the_records_verify(school: School, demo: DemoRun) -> None:
    assert State(school.paths.state).verify() == []
    assert Journals(school.paths.journal).verify().problems == []
    assert school.vault().verify() == []


def test_the_records_of_a_second_observation_make_no_diff(school: School, demo: DemoRun) -> None:
    school.playbook("observe.yml")
    changed = subprocess.run(
        ["git", "-C", school.paths.state, "show", "--stat", "--format=", "HEAD"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "journal/" in changed
    assert "trois_platanes" not in changed


def test_every_managed_asset_has_a_record_that_its_history_tells(school: School, demo: DemoRun) -> None:
    log = school.run(BIN / "reversibility", "state", "log", "-i", INVENTORY, "UC250001").stdout
    assert "gtypist" in log or "first" in log.lower()


@glpi.needs_schema
def test_every_inventory_record_of_the_hosts_is_valid_glpi(school: School, demo: DemoRun) -> None:
    state = State(school.paths.state)
    records = {tag: state.read_json(site, tag, "inventory.json") for site, tag in state.assets()}
    assert {tag for tag, record in records.items() if record is not None} >= TAGS | WINDOWS | {ACCESS_POINT}
    assert {tag: found for tag, record in records.items() if (found := glpi.problems(record))} == {}


def test_check_mode_writes_nothing_to_the_records(school: School, demo: DemoRun) -> None:

    def records() -> dict[Path, bytes]:
        # No records: those devices themselves, and what they received.
        simulated = {folder_of(school.paths), access_points.folder_of(school.paths)}
        return {
            path: path.read_bytes()
            for path in sorted(school.paths.data.rglob("*"))
            if path.is_file() and ".git" not in path.parts and simulated.isdisjoint(path.parents)
        }

    before = records()
    school.on_host("UC250002", "rm -f /etc/issue")
    shown = {
        name: school.playbook(name, "--check", "--diff").stdout
        for name in ("provision.yml", "observe.yml", "handover.yml")
    }
    assert re.search(r"\+\+\+ after: .*/issue\.j2$", shown["provision.yml"], re.MULTILINE)
    assert "+Commune de Villedemo" in shown["provision.yml"]
    after = records()
    assert {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)} == set()
    assert school.on_host("UC250002", "ls /etc/issue 2>/dev/null || echo absent") == "absent\n"


def test_drift_is_repaired_and_journalled(school: School, demo: DemoRun) -> None:
    done = school.playbook("provision.yml", "--limit", "UC250002")
    assert "changed=0" not in done.stdout.split("PLAY RECAP")[1]
    assert "Villedemo" in school.on_host("UC250002", "cat /etc/issue")
    lines = list(Journals(school.paths.journal).entries())
    assert any(line.get("asset") == "UC250002" and line.get("result") == "changed" for line in lines[-20:])


def test_a_socket_changes_its_vlan_by_one_edit_of_the_inventory(school: School, demo: DemoRun) -> None:
    """A PC in the guests' socket is shut out from the pupils; once the socket is the pupils', it is one of them."""
    variables = INVENTORY / "host_vars" / "SW250001.yml"
    text = variables.read_text(encoding="utf-8")
    market = plan(load_market(INVENTORY))
    port = next(port for port in market.ports if port.name == "p_guest")
    # A pupils’ PC that no test secures: with the security rules its firewall answers the administration only.
    pc, gateway, pupil = "pc-moved", "198.51.100.129", "198.51.100.107"

    def is_neighbour(address: str) -> bool:
        """Whether the address answers without a router between (ARP, RFC 826)."""
        network.inside(pc, ["ip", "neigh", "flush", "all"])
        network.inside(pc, ["ping", "-q", "-c", "1", "-W", "1", address], check=False)
        return "lladdr" in network.inside(pc, ["ip", "neigh", "show", address]).stdout

    def ssh_to_a_pupil() -> str:
        return network.inside(pc, [sys.executable, "-I", str(reach.__file__), f"{pupil}:22"]).stdout.strip()

    try:
        network.add_namespaces([pc])
        network.plug(pc, INTERFACE, market.switch, port.name)
        school.on_host("SW250001", plug_in(port))
        for address in ("198.51.100.140/27", "198.51.100.120/27"):
            network.inside(pc, ["ip", "address", "add", address, "dev", INTERFACE])
        assert is_neighbour(gateway) and not is_neighbour(pupil)
        assert ssh_to_a_pupil() == "filtered"
        moved = text.replace("vlan: guests, guards: [protected]", "vlan: pupils")
        assert moved != text
        variables.write_text(moved, encoding="utf-8")
        shown = school.playbook("provision.yml", "--limit", "SW250001", "--diff").stdout
        assert "+p_guest tag=40 trunks=[] vlan_mode=access protected=false" in shown
        assert is_neighbour(pupil)
        assert ssh_to_a_pupil() == "open"
        again = school.playbook("provision.yml", "--limit", "SW250001").stdout
        assert re.search(r"SW250001 +: ok=\d+ +changed=0 ", again)
    finally:
        variables.write_text(text, encoding="utf-8")
        network.remove_namespace(pc)
        school.playbook("provision.yml", "--limit", "SW250001")


def test_an_unreachable_asset_keeps_its_last_record(school: School, demo: DemoRun) -> None:
    state = State(school.paths.state)
    record = state.read_json("trois_platanes", "UC180001", "inventory.json")
    # Cut off at the network: stopping sshd would leave the shared connection of the run before open.
    cut = "add chain inet cut input { type filter hook input priority -10; policy drop; }"
    school.on_host("UC180001", f"nft add table inet cut; nft '{cut}'")
    try:
        school.playbook("observe.yml", check=False)
    finally:
        school.on_host("UC180001", "nft delete table inet cut")
    assert state.read_json("trois_platanes", "UC180001", "inventory.json") == record
    volatile = state.volatile("trois_platanes", "UC180001")
    assert volatile["last_attempt"]["reachable"] is False
    assert volatile["last_attempt"]["time"] > volatile["last_seen"]
    assert state.volatile("trois_platanes", "UC250001")["last_seen"] > volatile["last_seen"]


def test_the_project_runs_from_a_fresh_clone_without_installing_the_collection(tmp_path: Path) -> None:
    home, clone = tmp_path / "home", tmp_path / "clone"
    home.mkdir()
    # Nothing of this project's environment, and nobody's collections or settings.
    environment = {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "HOME": str(home), "LC_ALL": "C.UTF-8"}

    def run(*command: str | Path, cwd: Path) -> str:
        done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("git", "clone", "--quiet", PROJECT, clone, cwd=tmp_path)
    documented = run("ansible-doc", "--type", "module", "cartable.fleet.asset_facts", cwd=clone)
    assert f"{clone}/" in documented, "it is the clone's own module"
    for playbook in sorted((clone / "playbooks").glob("*.yml")):
        assert "playbook: " in run("ansible-playbook", "--syntax-check", playbook, cwd=clone)
