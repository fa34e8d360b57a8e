"""Wanted configuration of a device, from a market."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from reversibility.market.model import Asset, Market
from reversibility.platforms.interface_names import ios_name
from reversibility.platforms.model import Account, Dot1x, Mirror, Port, Ssid, StaticRoute, Svi, Vlan
from reversibility.platforms.wanted import wanted_configuration

NETWORK = {
    "vlans": {
        "administration": {"id": 10, "purpose": "x"},
        "pupils": {"id": 40, "purpose": "x"},
        "guests": {"id": 50, "purpose": "x", "isolated": True},
        "elsewhere": {"id": 60, "purpose": "x"},
    },
    "subnets": [
        {"site": "s", "vlan": "administration", "cidr": "198.51.100.0/27", "gateway": "198.51.100.1"},
        {"site": "s", "vlan": "pupils", "cidr": "198.51.100.96/27", "gateway": "198.51.100.97"},
        {"site": "t", "vlan": "elsewhere", "cidr": "198.51.100.64/27", "gateway": "198.51.100.65"},
    ],
    "ssids": [
        {"name": "L’école", "vlan": "pupils", "security": "wpa3-personal", "hours": "mon-fri 07:30-18:30"},
        {"name": "Ailleurs", "vlan": "elsewhere", "security": "open", "sites": ["t"]},
    ],
}


def asset(kind: str, tag: str, **variables: object) -> Asset:
    attributes = {"kind": kind, "vlan": "administration"}
    return Asset(
        tag, "s", "baie", kind, True, attributes, "198.51.100.2", MappingProxyType(variables), "hosts.yml", 1
    )


def market(*assets: Asset) -> Market:
    return Market("m", Path(), {}, NETWORK, {}, {}, {found.tag: found for found in assets})


def test_a_device_sends_its_logs_to_the_server_of_the_site() -> None:
    server = replace(asset("nas", "NA1"), address="198.51.100.10")

    def hosts(**variables: object) -> tuple[str, ...] | None:
        switch = asset("switch", "SW1", **variables)
        return wanted_configuration(market(switch, server), switch).syslog

    assert hosts() is None
    assert hosts(logs_server="NA1") == ("198.51.100.10",)
    assert hosts(logs_server="NA1", network_syslog_tls=True) == ("198.51.100.10 tls",)
    assert hosts(logs_server="NA1", network_syslog=["192.0.2.1"]) == ("192.0.2.1",)
    assert hosts(logs_server="NA1", network_syslog=[]) == ()


def test_ports_vlans_and_the_way_to_the_device() -> None:
    ports = {
        "Gi1/0/1": {
            "mode": "trunk",
            "vlans": ["administration", "pupils"],
            "native": "administration",
            "peer": "RT1",
        },
        "Gi1/0/2": {
            "mode": "access",
            "vlan": "pupils",
            "dot1x": True,
            "guest": "guests",
            "mac_fallback": True,
        },
        "Gi1/0/3": {"mode": "member", "aggregate": "Po1"},
        "Gi1/0/4": {"mode": "disabled", "description": "Libre", "guards": ["edge"]},
    }
    switch, router = asset("switch", "SW1", ports=ports), asset("router", "RT1")
    wanted = wanted_configuration(market(switch, router), switch, ios_name)
    assert wanted.ports == (
        Port("GigabitEthernet1/0/1", mode="trunk", native=10, tagged=frozenset({40})),
        Port("GigabitEthernet1/0/2", access=40, dot1x=Dot1x(50, None, True)),
        Port("GigabitEthernet1/0/3", aggregate="Port-channel1", lacp="active"),
        Port(
            "GigabitEthernet1/0/4", access=1, enabled=False, description="Libre", guards=frozenset({"edge"})
        ),
    )
    assert wanted.vlans == (Vlan(10, "administration"), Vlan(40, "pupils"), Vlan(50, "guests"))
    assert wanted.hostname == "SW1"
    assert wanted.svis == (Svi(10, "198.51.100.2/27"),)
    assert wanted.routes == (StaticRoute("0.0.0.0/0", "198.51.100.1"),)
    assert wanted.protected_ports == {"GigabitEthernet1/0/1"}
    assert wanted.protected_vlans == {10}
    assert wanted.ntp is wanted.mirrors is wanted.banner is None  # what nobody declares is not managed


def test_one_word_opens_the_way_and_variables_say_the_rest() -> None:
    switch = asset(
        "switch",
        "SW1",
        network_change_management=True,
        network_accounts={"lecture": "operator", "admin": "admin"},
        network_services={"telnet": False, "https": "on"},
        network_ntp=["198.51.100.9"],
        network_mirrors=[{"session": 1, "sources": ["Gi1/0/1"], "destination": "Gi1/0/2"}],
        network_dhcp_snooping=["pupils"],
        network_addresses={"administration": "dhcp"},
        network_routes=[{"to": "10.0.0.0/8", "via": "198.51.100.3"}],
    )
    wanted = wanted_configuration(market(switch), switch, ios_name)
    assert wanted.protected_vlans == wanted.protected_ports == frozenset()
    assert wanted.accounts == (Account("admin", "admin"), Account("lecture", "operator"))
    assert dict(wanted.services) == {"telnet": "off", "https": "on"}
    assert wanted.mirrors == (Mirror(1, frozenset({"GigabitEthernet1/0/1"}), "GigabitEthernet1/0/2"),)
    assert (wanted.ntp, wanted.dhcp_snooping) == (("198.51.100.9",), frozenset({40}))
    assert wanted.svis == (Svi(10, "dhcp"),)
    assert wanted.routes == (StaticRoute("10.0.0.0/8", "198.51.100.3"),)


def test_an_access_point_has_the_ssids_of_its_site() -> None:
    point = asset("access_point", "AP1")
    wanted = wanted_configuration(market(point), point)
    assert wanted.ssids == (Ssid("L’école", 40, "wpa3-personal", hours="mon-fri 07:30-18:30"),)
    assert wanted.vlans == (Vlan(40, "pupils"),)
    assert wanted.ports == ()


@pytest.mark.parametrize("address", ["", "dhcp", None])
def test_a_device_without_a_fixed_address_keeps_its_own_route(address: str | None) -> None:
    switch = replace(asset("switch", "SW1", ports={}), address=address)
    wanted = wanted_configuration(market(switch), switch, ios_name)
    assert wanted.routes is wanted.svis is None


def test_a_radius_server_that_is_named_by_its_tag_is_configured_by_its_address() -> None:
    server = asset("nas", "NA1")
    switch = asset("switch", "SW1", network_radius=["NA1", "192.0.2.9"])
    assert wanted_configuration(market(switch, server), switch).radius == ("192.0.2.9", "198.51.100.2")
    assert wanted_configuration(market(switch), asset("switch", "SW1")).radius is None
