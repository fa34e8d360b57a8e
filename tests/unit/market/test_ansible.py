"""Ansible itself, with the market's vars plugin and preflight: the real programs on a copy of the base market."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.market.support import PROJECT

BIN = Path(sys.executable).parent
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


def ansible(program: str, *arguments: str | Path, cwd: Path = PROJECT) -> subprocess.CompletedProcess[str]:
    """Run a program of Ansible from the project, without the plugins of other parts."""
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg"),
        "ANSIBLE_VARS_ENABLED": "host_group_vars,cartable.fleet.market",
        "ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.default",
        "ANSIBLE_NOCOLOR": "1",
        "COLUMNS": "400",
    }
    environment.pop("CARTABLE_DATA_DIR", None)
    command = [str(BIN / program), *map(str, arguments)]
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


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
    assert {group for group in groups if group.startswith("site_")}
    assert {group for group in groups if group.startswith("room_")}


def test_hosts_know_the_market(market: Path, play: Path) -> None:
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
