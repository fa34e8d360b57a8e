"""Ansible itself, with the market's vars plugin and preflight: the real programs on a copy of the base market."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from reversibility.market.load import load_market
from tests import project
from tests.project import PROJECT
from tests.unit.contract.handover import known_hosts_of

pytestmark = pytest.mark.playbook

PLAY = """
- hosts: "{{ target | default('managed') }}"
  gather_facts: false
  pre_tasks:
    - ansible.builtin.import_role:
        name: cartable.fleet.preflight
        rolespec_validate: false
  tasks:
    - ansible.builtin.debug:
        msg: >-
          {{ inventory_hostname }} is in {{ cartable_site }}/{{ cartable_room }} of {{ cartable_market }},
          {{ cartable_sites[cartable_site].name }}, until {{ cartable_contract.contract.end }}, with
          {{ cartable_software | map(attribute='id') | join(' ') or 'nothing' }}; {{ cartable_network.vlans | length }}
          VLANs; {{ cartable_state_dir }}
      vars: {ansible_become_password: ""}
"""


def ansible(
    program: str, *arguments: str | Path, cwd: Path = PROJECT, data: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program of Ansible from the project, without the plugins of other parts; ``data`` holds the records."""
    environment = {
        "ANSIBLE_VARS_ENABLED": "host_group_vars,cartable.fleet.market",
        "ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.default",
        **({"CARTABLE_DATA_DIR": str(data)} if data else {}),
    }
    return project.ansible(program, *arguments, cwd=cwd, environment=environment)


@pytest.fixture
def play(tmp_path: Path) -> Path:
    file = tmp_path / "play.yml"
    file.write_text(PLAY)
    return file


@pytest.mark.parametrize("name", ["demo", "jurancon"])
def test_the_groups_of_the_shipped_markets(name: str) -> None:
    done = ansible("ansible-inventory", "-i", f"inventories/{name}", "--graph")
    assert (done.returncode, done.stderr) == (0, "")
    groups = set(re.findall(r"@(\w+):", done.stdout))
    assert {"managed", "kind_nas", "kind_switch", "kind_classroom_pc", "os_debian_13", "os_none"} <= groups
    assert {"platform_debian", "family_linux", "platform_none", "family_unmanaged"} <= groups
    assert {group for group in groups if group.startswith("site_")}
    assert {group for group in groups if group.startswith("room_")}


def test_hosts_know_the_market(market: Path, play: Path) -> None:
    key = market.parent.parent / "var/base/keys/operator_ed25519"
    key.parent.mkdir(parents=True)
    key.touch()
    done = ansible("ansible-playbook", "-i", market, play)
    assert "known_hosts has no host key of NA250001, PD250001" in " ".join(done.stderr.split())
    loaded = load_market(market)
    (key.parent.parent / "known_hosts").write_text(known_hosts_of(loaded))
    done = ansible("ansible-playbook", "-i", market, play)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    said = " ".join(done.stdout.split())
    assert (
        "UC180001 is in trois_platanes/cm2 of base, École élémentaire des Trois-Platanes, until 2029-03-31, with "
        f"gtypist; 5 VLANs; {market.parent.parent}/var/base/state" in said
    )
    assert done.stdout.count("ok: [") == 8, "preflight once, and then the seven managed hosts"


def test_dates_stay_readable_in_the_inventory(market: Path) -> None:
    done = ansible("ansible-inventory", "-i", market, "--host", "UC180001")
    assert json.loads(done.stdout)["cartable_contract"]["contract"]["start"] == "2025-04-01"


def test_preflight_refuses_and_lists_everything(market: Path, play: Path) -> None:
    network = market / "network.yml"
    network.write_text(network.read_text().replace("gateway: 198.51.100.129", "gateway: 198.51.100.1"))
    hosts = market / "hosts.yml"
    hosts.write_text(hosts.read_text().replace("LAB-PC-0004", "LAB-PC-0003"))
    done = ansible("ansible-playbook", "-i", market, play)
    assert done.returncode == 2
    assert f"{network}:14: the gateway 198.51.100.1 is no address of the subnet" in done.stdout + done.stderr
    assert f'{hosts}:42: UC180001 has the serial "LAB-PC-0003" of UC250002' in done.stdout + done.stderr
    assert "The market base has 2 error(s)" in " ".join(done.stderr.split())
    assert done.stdout.count("fatal: [") == 1, "once, and not once a host"
    assert "TASK [ansible.builtin.debug]" not in done.stdout, "no host goes on"


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ({"asset": {"kind": "nas"}}, "UC180001 has another asset than its own (kind, mac, managed"),
        ({"ansible_host": ""}, "UC180001 has no ansible_host"),
        ({"ports": {"p1": {"mode": "acces"}}}, 'UC180001: ports.p1.mode is "acces"'),
        ({"target": "all"}, "the play has IM250001, which this project does not manage"),
    ],
)
def test_preflight_checks_what_ansible_merged(
    market: Path, play: Path, extra: dict[str, object], expected: str
) -> None:
    done = ansible("ansible-playbook", "-i", market, play, "-e", json.dumps(extra), "-l", "UC180001,IM250001")
    assert done.returncode == 2
    assert expected in done.stdout


def test_an_error_of_a_merged_variable_has_a_file_and_a_line(
    market: Path, play: Path, tmp_path: Path
) -> None:
    given = tmp_path / "given.yml"
    given.write_text("---\n# of today\nansible_host: ''\nports:\n  p1:\n    mode: acces\n")
    other = tmp_path / "other.yml"
    other.write_text("managed:\n  hosts:\n    UC180001:\n      asset: {kind: nas}\n")
    done = ansible("ansible-playbook", "-i", market, "-i", other, play, "-e", f"@{given}", "-l", "UC180001")
    assert done.returncode == 2
    assert f"{other}:4: UC180001 has another asset than its own (kind, " in done.stdout
    assert f"{given}:3: UC180001 has no ansible_host; " in done.stdout
    assert f'{given}:5: UC180001: ports.p1.mode is "acces"; ' in done.stdout


def test_merged_variables_are_checked_also_when_the_market_has_errors(
    market: Path, play: Path, tmp_path: Path
) -> None:
    network = market / "network.yml"
    network.write_text(network.read_text().replace("gateway: 198.51.100.129", "gateway: 198.51.100.1"))
    own = market / "host_vars" / "UC250002.yml"
    own.parent.mkdir(exist_ok=True)
    own.write_text("ports: {p1: {mode: acess}}\n")
    given = tmp_path / "given.yml"
    given.write_text("ports:\n  p1:\n    mode: acces\n")
    for options, count in (("-e", f"@{given}"), 4), (("-e", "note={{ nobody_knows_this }}"), 2):
        done = ansible("ansible-playbook", "-i", market, play, "-l", "UC180001,UC250002", *options)
        assert done.returncode == 2
        assert f"the market {market} has {count} errors; " in done.stdout
        assert f"{network}:14: the gateway 198.51.100.1 is no address of the subnet" in done.stdout
        assert f'{own}:1: ports.p1.mode is "acess"' in done.stdout
        for tag in ("UC180001", "UC250002"):
            assert (f'{given}:2: {tag}: ports.p1.mode is "acces"' in done.stdout) is (count == 4)


def test_preflight_refuses_hosts_of_another_inventory(market: Path, play: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.ini"
    other.write_text("[managed]\nUC990001 ansible_host=198.51.100.9\n")
    extra = ["-e", f"preflight_market={market}"]
    done = ansible("ansible-playbook", "-i", market, "-i", other, play, *extra)
    assert done.returncode == 2
    assert "the play has the host UC990001, which the market base does not declare" in done.stdout


def test_an_inventory_that_is_no_market(play: Path, tmp_path: Path) -> None:
    folder = tmp_path / "molecule"
    folder.mkdir()
    (folder / "hosts.yml").write_text("all: {hosts: {instance: {ansible_connection: local}}}\n")
    graph = ansible("ansible-inventory", "-i", folder / "hosts.yml", "--list")
    assert (graph.returncode, graph.stderr) == (0, "")
    assert "cartable_" not in graph.stdout
    done = ansible("ansible-playbook", "-i", folder / "hosts.yml", play, "-e", "target=all")
    assert done.returncode == 2
    assert f"{folder} is no market" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("kind", "name"), [("module", "preflight"), ("vars", "market"), ("role", "preflight")]
)
def test_the_documentation_can_be_read(kind: str, name: str) -> None:
    done = ansible("ansible-doc", "-t", kind, f"cartable.fleet.{name}", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[f"cartable.fleet.{name}"]


def test_what_stops_nothing_is_a_warning(market: Path, play: Path) -> None:
    """R56: the day after a waiver has ended, everything still runs, and says so."""
    contract = market / "contract.yml"
    contract.write_text(contract.read_text().replace("until: 2029-03-31", "until: 2025-10-31"))
    done = ansible("ansible-playbook", "-i", market, play, "-l", "UC250001")
    assert done.returncode == 0, done.stdout + done.stderr
    said = " ".join((done.stdout + done.stderr).split())
    assert "the waiver of J-3.14-materiels ended on 2025-10-31 and waives nothing now" in said


def test_an_ssh_key_that_is_not_there_is_told_once(market: Path, play: Path) -> None:
    key = market.parent.parent / "var/base/keys/operator_ed25519"
    done = ansible("ansible-playbook", "-i", market, play)
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 0 and said.count("There is no SSH key") == 1
    assert f"There is no SSH key {key}, with which 7 of the play's hosts are reached; make one" in said
    done = ansible("ansible-playbook", "-i", market, play, "-e", "ansible_connection=ansible.builtin.winrm")
    assert done.returncode == 0 and "SSH key" not in done.stdout + done.stderr


def test_hosts_of_one_play_have_addresses_of_their_own(market: Path, play: Path) -> None:
    done = ansible("ansible-playbook", "-i", market, play, "-e", "ansible_host=198.51.100.200")
    assert done.returncode == 2
    assert 'RT250001 has the address "198.51.100.200" of' in done.stdout + done.stderr
    assert "TASK [ansible.builtin.debug]" not in done.stdout


def test_ports_that_ansible_merged_are_compared_with_the_market(market: Path, play: Path) -> None:
    extra = {"ports": {"p1": {"mode": "access", "vlan": "nowhere"}}}
    done = ansible("ansible-playbook", "-i", market, play, "-l", "UC180001", "-e", json.dumps(extra))
    assert done.returncode == 2
    assert 'the port p1 of UC180001 is on the VLAN "nowhere"' in done.stdout + done.stderr


def test_a_host_has_the_variables_of_ansible(market: Path) -> None:
    """The same value counts for the check as for Ansible, wherever else it is written."""
    written = {
        "group_vars/all.yml": "notes: {all_file: 1}\nnote: all_file\n",
        "group_vars/managed.yml": "note: managed\nnote_managed: managed\n",
        "group_vars/os_debian_12.yml": "note: os\nnote_managed: os\nnote_os: os\n",
        "group_vars/site_trois_platanes.yml": "note: site\nnote_os: site\nnote_site: site\n",
        "group_vars/room_cm2.yml": "note: room\nnote_site: room\nnote_room: room\n",
        "host_vars/UC180001/a.yml": "note_room: first\nnote_host: first\n",
        "host_vars/UC180001/b": "note_host: second\n",
    }
    for name, text in written.items():
        (market / name).parent.mkdir(exist_ok=True)
        (market / name).write_text(text)
    hosts = market / "hosts.yml"
    text = hosts.read_text().replace("all:\n", "all:\n  vars: {note: inline, note_inline: inline}\n", 1)
    text = text.replace(
        "room_cm2:\n", "room_cm2:\n          vars: {note_room: inline, note_inline: room}\n", 1
    )
    hosts.write_text(
        text.replace(
            "ansible_host: 198.51.100.107", "ansible_host: 198.51.100.107\n              note_host: inline"
        )
    )
    done = ansible("ansible-inventory", "-i", market, "--host", "UC180001")
    assert done.returncode == 0, done.stderr
    expected = {name: value for name, value in json.loads(done.stdout).items() if name.startswith("note")}
    merged = load_market(market).assets["UC180001"].variables
    assert {name: value for name, value in merged.items() if name.startswith("note")} == expected
    assert len(expected) == 8


@pytest.mark.parametrize("name", ["demo", "jurancon"])
def test_the_operators_key_of_the_shipped_markets_is_the_one_that_logs_in(name: str, tmp_path: Path) -> None:
    """The role accounts removes every other key: the run must not lock itself out."""
    keys = tmp_path / name / "keys"
    keys.mkdir(parents=True)
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", keys / "operator_ed25519"], check=True
    )
    play = tmp_path / "play.yml"
    play.write_text(
        "- hosts: NA250001\n  gather_facts: false\n  connection: local\n  tasks:\n"
        "    - ansible.builtin.debug: {msg: '{{ [ansible_ssh_private_key_file] + accounts_operator_keys }}'}\n"
        "      vars: {ansible_become_password: ''}\n"
    )
    done = ansible("ansible-playbook", "-i", f"inventories/{name}", play, data=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    said = " ".join(done.stdout.split())
    assert str(keys / "operator_ed25519") in said
    assert (keys / "operator_ed25519.pub").read_text().strip() in said
