"""Plans for Cisco IOS: safe order, what is wanted at the end, nothing the second time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from reversibility.platforms.cisco_ios import DRIVER
from reversibility.platforms.cisco_plan import canonical
from reversibility.platforms.differences import differences
from reversibility.platforms.driver import ChangeRefused
from reversibility.platforms.model import Configuration, Port, Vlan
from tests.unit.platforms.cisco_device import CiscoDevice
from tests.unit.platforms.configurations import switches

SWITCHES = switches(
    [f"GigabitEthernet1/0/{n}" for n in range(1, 7)],
    lambda n: f"Port-channel{n}",
    guards=["edge", "bpdu", "root", "dhcp-trust", "protected"],
    services=["telnet", "http", "https"],
    transports=(" transport tcp port 1470", " transport udp port 1514", " vrf Mgmt-vrf"),
)


def files(device: CiscoDevice) -> dict[str, bytes]:
    return {"/running-config": device.running_config().encode()}


def left(wanted: Configuration, device: CiscoDevice) -> list[str]:
    seen = DRIVER.parse(files(device))
    return list(differences(canonical(wanted, nxos=False), seen))


@given(SWITCHES)
@settings(max_examples=40, deadline=None)
def test_what_is_rendered_is_parsed_back(wanted: Configuration) -> None:
    text = DRIVER.render(wanted)
    assert (
        list(differences(canonical(wanted, nxos=False), DRIVER.parse({"/running-config": text.encode()})))
        == []
    )


@given(SWITCHES, SWITCHES)
@settings(max_examples=50, deadline=None)
def test_a_plan_leads_from_any_state_to_what_is_wanted(before: Configuration, wanted: Configuration) -> None:
    device = CiscoDevice()
    device.apply(DRIVER.plan(before, files(device)))
    device.apply(DRIVER.plan(wanted, files(device)))
    assert left(wanted, device) == []
    assert DRIVER.plan(wanted, files(device)) == ()
    everything = {port.name for port in wanted.ports if port.tagged is None}
    all_wanted = {
        f"interface {port.name}" for port in wanted.ports if {port.name, port.aggregate} & everything
    }
    assert {block for block, _ in device.opened} <= all_wanted  # no list passes through "all VLANs"


def access_switch(**changes: object) -> CiscoDevice:
    """A device with an uplink, an access port and a bundle, as it shows itself."""
    return CiscoDevice(
        text="""hostname SW250001
vlan 10
 name administration
vlan 20
 name direction
vlan 42
interface GigabitEthernet1/0/1
 switchport trunk allowed vlan 10,20,42
 switchport trunk native vlan 10
 switchport mode trunk
interface GigabitEthernet1/0/2
 switchport access vlan 20
 switchport mode access
interface Vlan10
 ip address 198.51.100.2 255.255.255.224
line vty 0 4
 transport input ssh
"""
    )


UPLINK = Port("Gi1/0/1", mode="trunk", native=10, tagged=frozenset({20, 42}))
VLANS = (Vlan(10, "administration"), Vlan(20, "direction"), Vlan(42))


def test_short_and_long_names_are_one_port_and_hidden_defaults_are_no_change() -> None:
    device = access_switch()
    wanted = Configuration(vlans=VLANS, ports=(UPLINK, Port("gigabitethernet 1/0/2", access=20)))
    assert DRIVER.plan(wanted, files(device)) == ()


def test_a_list_on_several_lines_is_one_list() -> None:
    numbers = frozenset({11, 21, 31, *range(42, 47), 100, 200, 300, 400, 500, 600, 700, 800, 924})
    device = CiscoDevice(
        text="""interface GigabitEthernet1/0/1
 switchport mode trunk
 switchport trunk allowed vlan 11,21,31,42-46,100,200,300,400,500,600,700,800
 switchport trunk allowed vlan add 924
"""
    )
    wanted = Configuration(ports=(Port("Gi1/0/1", mode="trunk", tagged=numbers),))
    assert DRIVER.plan(wanted, files(device)) == ()
    more = Configuration(ports=(Port("Gi1/0/1", mode="trunk", tagged=numbers - {21} | {22}),))
    assert DRIVER.plan(more, files(device)) == (
        "interface GigabitEthernet1/0/1",
        " switchport trunk allowed vlan add 22",
        " switchport trunk allowed vlan remove 21",
    )


def test_a_vlan_is_made_before_and_removed_after_its_port_moves() -> None:
    wanted = Configuration(
        vlans=(Vlan(10, "administration"), Vlan(30, "élèves")), ports=(Port("Gi1/0/2", access=30),)
    )
    assert DRIVER.plan(wanted, files(access_switch())) == (
        "vlan 30",
        " name élèves",
        "interface GigabitEthernet1/0/2",
        " switchport access vlan 30",
        "no vlan 20,42",
    )


def test_a_vlan_of_a_port_that_nobody_declared_stays() -> None:
    wanted = Configuration(vlans=(Vlan(10, "administration"),), ports=(UPLINK,))
    plan = DRIVER.plan(wanted, files(access_switch()))
    assert "no vlan 42" in plan
    assert not any("20" in line for line in plan if line.startswith("no vlan"))


def test_the_way_to_the_device_changes_only_with_a_word() -> None:
    narrow = replace(UPLINK, tagged=frozenset({20}))
    wanted = Configuration(vlans=VLANS, ports=(narrow,), protected_ports=frozenset({"Gi1/0/1"}))
    with pytest.raises(ChangeRefused, match="leads to the device"):
        DRIVER.plan(wanted, files(access_switch()))
    assert DRIVER.plan(replace(wanted, protected_ports=frozenset()), files(access_switch()))
    described = replace(wanted, ports=(replace(UPLINK, description="Routeur"),))
    assert DRIVER.plan(described, files(access_switch())) == (
        "interface GigabitEthernet1/0/1",
        " description Routeur",
    )
    lost = Configuration(
        vlans=VLANS[1:], protected_vlans=frozenset({10}), svis=(), ports=(replace(UPLINK, native=None),)
    )
    with pytest.raises(ChangeRefused, match="VLAN 10 leads to the device"):
        DRIVER.plan(lost, files(access_switch()))


def test_a_trunk_of_all_vlans_is_narrowed_without_a_gap() -> None:
    device = CiscoDevice(text="interface GigabitEthernet1/0/1\n switchport mode trunk\n")
    odd = frozenset(range(3, 900, 2))
    device.apply(
        plan := DRIVER.plan(Configuration(ports=(Port("Gi1/0/1", mode="trunk", tagged=odd),)), files(device))
    )
    assert all(" remove " in line for line in plan[1:])
    assert left(Configuration(ports=(Port("Gi1/0/1", mode="trunk", tagged=odd),)), device) == []


def test_a_banner_that_looks_like_a_prompt_gets_a_delimiter_that_it_does_not_hold() -> None:
    text = "SW250001#\n% accès #1 réservé\nvlan 20\n!"
    device = access_switch()
    device.apply(DRIVER.plan(Configuration(banner=text), files(device)))
    assert DRIVER.parse(files(device)).banner == text
    assert DRIVER.parse(files(device)).vlans == DRIVER.parse(files(access_switch())).vlans
    assert DRIVER.plan(Configuration(banner=text), files(device)) == ()


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (Configuration(services={"snmp-v2c": "on"}), "clear text"),
        (Configuration(services={"ssh": "off"}), "SSH is the way"),
        (Configuration(vlans=(Vlan(7, "x" * 33),)), "longer than 32"),
        (Configuration(ports=(Port("Gi1/0/2", access=20, guards=frozenset({"loop"})),)), "no guard"),
    ],
)
def test_what_the_platform_cannot_or_must_not_do_is_refused(wanted: Configuration, reason: str) -> None:
    with pytest.raises(ChangeRefused, match=reason):
        DRIVER.plan(wanted, files(access_switch()))
