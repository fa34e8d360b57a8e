"""A switch of Open vSwitch over SSH: real ovs-vsctl and ovs-vswitchd, in a machine of its own."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.errors import CommandRefused, Unreachable
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.session import Limits
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.shell_device import ShellDevice
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.transport import Target

from reversibility.platforms.driver import ChangeRefused
from reversibility.platforms.model import Configuration, Port
from reversibility.platforms.openvswitch import DRIVER
from tests.simulators.network.market import NETWORK, SimulatedMarket
from tests.simulators.network.unix import OneDevice, UnixDevice
from tests.unit.network.conftest import wait_for

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root for a machine's own folders"),
    pytest.mark.judge("ovs-vsctl"),
]
FOLDERS = ("/run", "/etc/systemd/system", "/var/lib/cartable", "/etc/openvswitch", "/var/log/openvswitch")
START = """
mkdir -p /run/openvswitch
ovsdb-tool create /etc/openvswitch/conf.db /usr/share/openvswitch/vswitch.ovsschema
ovsdb-server --remote=punix:/run/openvswitch/db.sock --detach --no-chdir --pidfile 2>/dev/null
ovs-vsctl --no-wait init
ovs-vswitchd --enable-dummy=override --disable-system --detach --no-chdir --pidfile 2>/dev/null
ovs-vsctl add-br br0 -- set bridge br0 datapath_type=dummy
ovs-vsctl add-port br0 mgmt0 tag=10 -- set interface mgmt0 type=internal -- add-port br0 p_ctl tag=10
ovs-vsctl set port p_ctl vlan_mode=access
"""
WANTED = Configuration(
    ports=(
        Port("p_rt", mode="trunk", tagged=frozenset({10, 40, 50})),
        Port("p_ctl", access=10),
        Port("p_pc", access=40),
        Port("p_guest", access=50, guards=frozenset({"protected"})),
    ),
    protected_ports=frozenset({"p_ctl"}),
)


@pytest.fixture
def machine(password: str) -> Iterator[UnixDevice]:
    with UnixDevice("linux", FOLDERS, password=password) as machine:
        machine.at_the_device(START)
        yield machine


@pytest.fixture
def device(machine: UnixDevice, tmp_path: Path) -> Callable[..., ShellDevice]:
    def made(**options: object) -> ShellDevice:
        (tmp_path / "known_hosts").write_text(machine.known_hosts)
        target = Target(
            "127.0.0.1",
            machine.port,
            "root",
            str(tmp_path / "known_hosts"),
            machine.password,
            connect_timeout=3.0,
        )
        values = {"secret": lambda name: "", "limits": Limits(answer=20), "minute": 0.6, **options}
        return ShellDevice(target, DRIVER, **values)

    return made


def ports_of(machine: UnixDevice) -> str:
    return machine.at_the_device(
        "ovs-vsctl --format=csv --columns=name,tag,trunks,vlan_mode,protected list port | sort"
    )


def moved(vlan: int) -> Configuration:
    others = tuple(port for port in WANTED.ports if port.name != "p_pc")
    return dataclasses.replace(WANTED, ports=(*others, Port("p_pc", access=vlan)))


def test_from_bare_cables_to_the_declared_ports_and_a_port_that_moves(machine: UnixDevice, device) -> None:
    before = ports_of(machine)
    assert device().plan(WANTED).changed
    assert ports_of(machine) == before
    done = device().present(WANTED)
    seen = {port.name: port for port in DRIVER.parse(done.files).ports}
    assert (seen["p_rt"].mode, seen["p_rt"].tagged) == ("trunk", frozenset({10, 40, 50}))
    assert (seen["p_pc"].access, seen["p_guest"].access, seen["mgmt0"].mode) == (40, 50, "routed")
    assert "p_guest,50,[],access,true" in ports_of(machine)
    assert not device().present(WANTED).changed

    device().present(moved(50))
    assert "p_pc,50,[],access,false" in ports_of(machine)
    machine.at_the_device("ovs-vsctl set port p_pc tag=10 -- add-port br0 p_foreign")
    repaired = device().present(moved(50))
    assert "-p_foreign" in diff(repaired.diffs[0])
    assert "p_foreign" not in ports_of(machine)


def diff(one: dict[str, str]) -> str:
    gone = set(one["before"].splitlines()) - set(one["after"].splitlines())
    return "".join(f"-{line}\n" for line in sorted(gone))


PLAY = """
- hosts: all
  gather_facts: false
  connection: ansible.builtin.local
  tasks:
    - ansible.builtin.include_role:
        name: cartable.fleet.switch
"""


def test_a_debian_machine_that_is_a_switch_is_one_for_the_role(tmp_path: Path, password: str) -> None:
    ports = {
        "p_ctl": {"mode": "access", "vlan": "administration", "uplink": True},
        "p_pc": {"mode": "access", "vlan": "pupils"},
    }
    market = SimulatedMarket(
        tmp_path, {"SW250001": {"ansible_user": "root", "ports": ports}}, os_="debian-13"
    )
    market.account = "root"
    (tmp_path / "play.yml").write_text(PLAY)
    with UnixDevice("linux", FOLDERS, password=password, address=f"{NETWORK}.10") as machine:
        machine.at_the_device(START)
        market.put_into_service(OneDevice(machine), {"SW250001": password})
        done = market.run(str(tmp_path / "play.yml"), "--limit", "SW250001", "--diff")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "+p_pc tag=40 trunks=[] vlan_mode=access protected=false" in done.stdout
        assert "p_pc,40,[],access,false" in ports_of(machine)
        assert "changed=0" in market.run(str(tmp_path / "play.yml"), "--limit", "SW250001").stdout


def test_what_leads_to_the_device_needs_the_word(machine: UnixDevice, device) -> None:
    before = ports_of(machine)
    cut = dataclasses.replace(WANTED, ports=(*WANTED.ports[:1], Port("p_ctl", access=40), *WANTED.ports[2:]))
    with pytest.raises(ChangeRefused, match="p_ctl leads to the device"):
        device().present(cut)
    assert ports_of(machine) == before
    assert device().present(dataclasses.replace(cut, protected_ports=frozenset())).changed


def test_without_a_new_login_the_timer_undoes_the_change(machine: UnixDevice, device) -> None:
    device().present(WANTED)
    before = ports_of(machine)
    cut = device(minutes=2)
    login = cut._new_login

    def cut_off():
        machine.reachable = False
        return login()

    cut._new_login = cut_off
    with pytest.raises(Unreachable, match="undoes the change by itself"):
        cut.present(moved(50))
    wait_for(lambda: ports_of(machine) == before)


def test_one_refused_setting_changes_nothing(machine: UnixDevice, device) -> None:
    before = ports_of(machine)
    with pytest.raises(CommandRefused, match=r"ovs-vsctl: .*the device is as it was"):
        device().present(moved(5000))
    assert ports_of(machine) == before
