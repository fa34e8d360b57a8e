"""Cisco NX-OS: round trips, plans from any state, what is its own."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from reversibility.platforms.cisco_nxos import DRIVER
from reversibility.platforms.cisco_plan import canonical
from reversibility.platforms.differences import differences
from reversibility.platforms.driver import ChangeRefused
from reversibility.platforms.model import Configuration, Dot1x, Port, Vlan
from tests.unit.platforms.cisco_device import CiscoDevice
from tests.unit.platforms.configurations import switches

SWITCHES = switches(
    [f"Ethernet1/{n}" for n in range(1, 6)],
    lambda n: f"port-channel{n}",
    guards=["edge", "bpdu", "root", "dhcp-trust"],
    dot1x_vlans=False,
    services=["telnet", "https"],
    transports=(" port 1514",),
)


def files(device: CiscoDevice) -> dict[str, bytes]:
    return {"/running-config": device.running_config().encode()}


@given(SWITCHES, SWITCHES)
@settings(max_examples=30, deadline=None)
def test_a_plan_leads_from_any_state_to_what_is_wanted(before: Configuration, wanted: Configuration) -> None:
    device = CiscoDevice(nxos=True)
    device.apply(DRIVER.plan(before, files(device)))
    device.apply(DRIVER.plan(wanted, files(device)))
    assert list(differences(canonical(wanted, nxos=True), DRIVER.parse(files(device)))) == []
    assert DRIVER.plan(wanted, files(device)) == ()


@given(SWITCHES)
@settings(max_examples=20, deadline=None)
def test_what_is_rendered_is_parsed_back(wanted: Configuration) -> None:
    text = DRIVER.render(wanted).encode()
    assert list(differences(canonical(wanted, nxos=True), DRIVER.parse({"/running-config": text}))) == []


def test_the_vlans_of_one_line_are_each_there_and_none_goes_by_accident() -> None:
    text = b"hostname SW\nvlan 1,10-12\nvlan 10\n  name administration\n"
    text += b"interface Ethernet1/1\n  switchport access vlan 12\n"
    seen = DRIVER.parse({"/running-config": text})
    assert seen.vlans == (Vlan(10, "administration"), Vlan(11), Vlan(12))
    wanted = Configuration(vlans=seen.vlans, ports=(Port("Eth1/1", access=12, description="salle ! 3"),))
    assert DRIVER.plan(wanted, {"/running-config": text}) == (
        "interface Ethernet1/1",
        " description salle ! 3",
    )


def test_a_list_of_none_stays_none() -> None:
    text = (
        b"hostname SW\ninterface Ethernet1/1\n  switchport mode trunk\n  switchport trunk allowed vlan none\n"
    )
    wanted = Configuration(ports=(Port("Ethernet1/1", mode="trunk"),))
    assert DRIVER.plan(wanted, {"/running-config": text}) == ()


def test_an_snmp_user_is_not_removed_as_an_unknown_account() -> None:
    text = b"hostname SW\nusername admin password 5 x  role network-admin\n"
    text += b"username lecteur password 5 x  role network-operator\n"
    text += b"snmp-server user lecteur network-operator auth sha 0x1 priv aes-128 0x2 localizedkey\n"
    seen = DRIVER.parse({"/running-config": text})
    assert seen.snmp_users == ("lecteur",)
    wanted = Configuration(accounts=seen.accounts[:1], snmp_users=("lecteur",))
    assert DRIVER.plan(wanted, {"/running-config": text}) == ()
    assert DRIVER.plan(Configuration(accounts=seen.accounts[:1]), {"/running-config": text}) == (
        "no username lecteur",
    )


def test_a_guest_vlan_is_refused() -> None:
    with pytest.raises(ChangeRefused, match="guest VLAN"):
        DRIVER.plan(
            Configuration(ports=(Port("Eth1/1", dot1x=Dot1x(50)),)), {"/running-config": b"hostname SW\n"}
        )
