"""AOS-CX: plans from any state, round trips, what is its own, redaction."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from reversibility.platforms.aruba_aoscx import DRIVER
from reversibility.platforms.aruba_aoscx_plan import canonical
from reversibility.platforms.differences import differences
from reversibility.platforms.driver import ChangeRefused
from reversibility.platforms.model import Configuration, Port, Vlan
from tests.unit.platforms.aoscx_device import AoscxDevice
from tests.unit.platforms.configurations import switches
from tests.unit.platforms.planted import LIMIT, SECRETS, SLOW, plant, seconds


def _possible(wanted: Configuration) -> Configuration:
    """One VLAN for guests and refused, and a trunk has a VLAN."""
    ports = []
    for port in wanted.ports:
        dot1x = port.dot1x and replace(port.dot1x, failed_vlan=None)
        empty = port.mode == "trunk" and port.native is None and port.tagged == frozenset()
        ports.append(replace(port, dot1x=dot1x, native=wanted.vlans[0].number if empty else port.native))
    return replace(wanted, ports=tuple(ports))


SWITCHES = switches(
    [f"1/1/{n}" for n in range(1, 6)],
    lambda n: f"lag {n}",
    guards=["edge", "bpdu", "root", "loop", "dhcp-trust"],
    services=["https"],
    transports=(" tcp 1470", " udp 1514"),
).map(_possible)


def files(device: AoscxDevice) -> dict[str, bytes]:
    return {"/running-config": device.running_config().encode()}


@given(SWITCHES, SWITCHES)
@settings(max_examples=40, deadline=None)
def test_a_plan_leads_from_any_state_to_what_is_wanted(before: Configuration, wanted: Configuration) -> None:
    device = AoscxDevice()
    device.apply(DRIVER.plan(before, {"/running-config": b"hostname blank\n"}))
    device.all_vlans.clear()
    device.apply(DRIVER.plan(wanted, files(device)))
    assert list(differences(canonical(wanted), DRIVER.parse(files(device)))) == []
    assert DRIVER.plan(wanted, files(device)) == ()
    assert device.all_vlans <= {f"interface {port.name}" for port in wanted.ports if port.tagged is None}


@given(SWITCHES)
@settings(max_examples=30, deadline=None)
def test_what_is_rendered_is_parsed_back(wanted: Configuration) -> None:
    text = DRIVER.render(wanted).encode()
    assert list(differences(canonical(wanted), DRIVER.parse({"/running-config": text}))) == []


def test_a_list_grows_before_it_shrinks() -> None:
    text = (
        b"hostname SW\nvlan 1,10,20,30\ninterface 1/1/1\n    no shutdown\n    vlan trunk native 10\n"
        b"    vlan trunk allowed 10,20\n"
    )
    wanted = Configuration(ports=(Port("1/1/1", mode="trunk", native=10, tagged=frozenset({30})),))
    assert DRIVER.plan(wanted, {"/running-config": text}) == (
        "interface 1/1/1",
        "    vlan trunk allowed 30",
        "    no vlan trunk allowed 20",
    )
    with pytest.raises(ChangeRefused, match="1/1/1 leads to the device"):
        DRIVER.plan(replace(wanted, protected_ports=frozenset({"1/1/1"})), {"/running-config": text})


def test_a_collapsed_line_is_each_of_its_vlans() -> None:
    seen = DRIVER.parse({"/running-config": b"hostname SW\nvlan 1,103,105-106\nvlan 103\n    name test\n"})
    assert seen.vlans == (Vlan(103, "test"), Vlan(105), Vlan(106))


FORMS = """
user admin group administrators password ciphertext @
user admin group administrators password plaintext @
radius-server key ciphertext @
radius-server host 198.51.100.9 key ciphertext @ vrf mgmt
radius-server host 198.51.100.9 key plaintext @
tacacs-server host 198.51.100.9 key ciphertext @
tacacs-server key plaintext @
snmpv3 user lecteur auth sha auth-pass ciphertext @ priv aes priv-pass ciphertext @
snmpv3 user lecteur auth sha auth-pass plaintext @
snmp-server community @
snmp-server host 198.51.100.9 trap version v2c community @
ntp authentication-key 1 sha1 ciphertext @
ntp authentication-key 1 md5 @
radius dyn-authorization client 198.51.100.9 secret-key ciphertext @
aaa authentication port-access mac-auth|    password ciphertext @
interface 1/1/1|    ip ospf authentication-key ciphertext @
interface 1/1/1|    ip ospf message-digest-key 1 md5 ciphertext @
router bgp 65533|    neighbor 198.51.100.1 password ciphertext @
keychain ROUTAGE|    key 1|        key-string ciphertext @
crypto pki ta-profile X|    ta-certificate|-----BEGIN PRIVATE KEY-----|@|-----END PRIVATE KEY-----
rest server https://u:@@198.51.100.9/
inconnu @
aruba-central|    location-override 198.51.100.1 token @
vsx|    keepalive peer 198.51.100.1 secret @
macsec policy P|mka policy P|    pre-shared-key ckn 01 cak ciphertext @
""".strip().splitlines()
HEAD = "!Version ArubaOS-CX GL.10.09.0010\nhostname SW\nvlan 1\n"


@pytest.mark.parametrize("form", FORMS)
@given(SECRETS)
@settings(max_examples=6, deadline=None)
def test_no_planted_secret_survives(form: str, secret: str) -> None:
    shown = DRIVER.redact("/running-config", HEAD + plant(form, secret))
    assert shown is not None
    assert secret not in shown, shown


def test_what_is_no_secret_stays() -> None:
    text = (
        "hostname SW\nbanner motd !\n#### Accès réservé ####\n!\nvlan 10\n    name administration\n"
        "    voice\n"
        "access-list ip VERS-SERVEURS\n    10 comment accès aux fichiers\n"
        "    20 permit tcp 10.40.0.0/255.255.128.0 any eq ssh\n"
        "apply access-list ip VERS-SERVEURS control-plane vrf default\ninterface 1/1/1\n"
        "    no shutdown\n    no routing\n"
        "    description Salle 3\n    vlan trunk native 1\n    vlan trunk allowed 1-2,4\n"
        "    spanning-tree bpdu-guard\n"
        "    aaa authentication port-access client-limit 2\n"
        "    aaa authentication port-access dot1x authenticator\n"
        "        enable\ninterface vlan 10\n    ip address 198.51.100.2/27\nip route 0.0.0.0/0 198.51.100.1\n"
        "route-map R permit seq 10\n    set local-preference 1000\nhttps-server vrf mgmt\n"
        "ssh server vrf mgmt\n"
    )
    assert DRIVER.redact("/running-config", text) == text


@pytest.mark.parametrize("case", SLOW)
def test_a_mebibyte_takes_linear_time(case: str) -> None:
    assert seconds(lambda text: DRIVER.redact("/running-config", text), HEAD + SLOW[case]) < LIMIT
