"""ArubaOS-Switch: plans from any state, round trips, what is its own, redaction."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reversibility.platforms.aruba_aoss import DRIVER
from reversibility.platforms.aruba_aoss_parse import contract, expand
from reversibility.platforms.aruba_aoss_plan import canonical
from reversibility.platforms.differences import differences
from reversibility.platforms.driver import ChangeRefused
from reversibility.platforms.model import Account, Configuration, Port, Svi, Vlan
from tests.unit.platforms.aoss_device import AossDevice
from tests.unit.platforms.configurations import switches
from tests.unit.platforms.planted import LIMIT, SECRETS, SLOW, plant, seconds


def _one_guest(wanted: Configuration) -> Configuration:
    """This platform has one VLAN for both, and the trunk of a test has a VLAN."""
    ports = []
    for port in wanted.ports:
        dot1x = port.dot1x and replace(port.dot1x, failed_vlan=None)
        empty = port.mode == "trunk" and not port.tagged and port.native is None and port.tagged is not None
        ports.append(replace(port, dot1x=dot1x, native=wanted.vlans[0].number if empty else port.native))
    return replace(wanted, ports=tuple(ports))


SWITCHES = switches(
    [str(n) for n in range(1, 7)],
    lambda n: f"Trk{n}",
    guards=["edge", "bpdu", "root", "loop", "dhcp-trust", "protected"],
    services=["telnet", "http"],
    transports=(" tcp 1470", " udp 1514"),
).map(_one_guest)


def files(device: AossDevice) -> dict[str, bytes]:
    return {"/running-config": device.running_config().encode()}


@given(SWITCHES, SWITCHES)
@settings(max_examples=40, deadline=None)
def test_a_plan_leads_from_any_state_to_what_is_wanted(before: Configuration, wanted: Configuration) -> None:
    device = AossDevice()
    device.apply(DRIVER.plan(before, files(device)))
    device.apply(DRIVER.plan(wanted, files(device)))
    assert list(differences(canonical(wanted), DRIVER.parse(files(device)))) == []
    assert DRIVER.plan(wanted, files(device)) == ()


@given(SWITCHES)
@settings(max_examples=30, deadline=None)
def test_what_is_rendered_is_parsed_back(wanted: Configuration) -> None:
    wanted = replace(wanted, services={})
    assert (
        list(
            differences(canonical(wanted), DRIVER.parse({"/running-config": DRIVER.render(wanted).encode()}))
        )
        == []
    )


@given(
    st.sets(
        st.tuples(st.sampled_from(["", "A", "B", "1/", "2/", "1/A", "Trk"]), st.integers(1, 60)), min_size=1
    )
)
def test_a_list_of_ports_is_read_as_it_is_written(ports: set[tuple[str, int]]) -> None:
    names = {f"{prefix}{number}" for prefix, number in ports}
    assert set(expand(contract(names))) == names
    assert expand("A1-A4,1/A1,B21,Trk1") == ["A1", "A2", "A3", "A4", "1/A1", "B21", "Trk1"]


def test_a_new_address_comes_before_the_old_one_goes() -> None:
    text = (
        b'hostname "SW"\nvlan 10\n   name "admin"\n   untagged 1-4\n'
        b"   ip address 198.51.100.2 255.255.255.224\n   exit\n"
    )
    plan = DRIVER.plan(Configuration(svis=(Svi(10, "198.51.100.3/27"),)), {"/running-config": text})
    assert plan == (
        "vlan 10",
        "   ip address 198.51.100.3 255.255.255.224",
        "vlan 10",
        "   no ip address 198.51.100.2 255.255.255.224",
    )
    with pytest.raises(ChangeRefused, match="address of VLAN 10"):
        wanted = Configuration(svis=(Svi(10, "198.51.100.3/27"),), protected_vlans=frozenset({10}))
        DRIVER.plan(wanted, {"/running-config": text})


def test_a_hash_on_the_next_line_is_of_the_account_and_is_masked() -> None:
    text = (
        'hostname "SW"\npassword manager user-name "admin" sha1\n'
        ' "deadbeef0000000000000000000000000000dead"\nvlan 1\n   exit\n'
    )
    assert DRIVER.parse({"/running-config": text.encode()}).accounts == (Account("admin", "admin"),)
    shown = DRIVER.redact("/running-config", text) or ""
    assert "deadbeef" not in shown
    assert 'password manager user-name "admin"' in shown
    assert DRIVER.restore({"/running-config": text.encode()})[1].endswith('dead"')


FORMS = """
password manager @
password manager plaintext "@"
password operator user-name "lecture" sha256 "@"
password manager user-name "admin" sha1| "@"
encrypted-password manager @
aaa authentication local-user "eleve" group "Level-1" password sha1 "@"
snmp-server community "@" Unrestricted
snmp-server community "@" operator
snmp-server host 198.51.100.9 community "@" trap-level all
snmp-server host 198.51.100.9 "@" All
snmpv3 user "lecteur" auth md5 "@" priv "@"
snmpv3 user "lecteur" auth sha @ priv aes @
snmpv3 community index "1" name "@" sec-name "public" tag "x"
radius-server key "@"
radius-server host 198.51.100.9 key "@"
radius-server host 198.51.100.9 encrypted-key "@"
radius-server host 198.51.100.9 dyn-authorization key @
tacacs-server host 198.51.100.9 key @
tacacs-server key "@"
key-chain "ROUTAGE" key 1 key-string "@"
key-chain "ROUTAGE" key 1 encrypted-key "@"
aaa port-access supplicant 1 identity "sw" secret "@"
aaa port-access supplicant 1 encrypted-secret "@"
aaa port-access mac-based password "@"
sntp authentication key-id 1 authentication-mode md5 key-value "@" trusted
encrypt-credentials pre-shared-key hex @
router ospf|   area 0 range x|vlan 10|   ip ospf 198.51.100.1 md5-auth-key-chain "k"|   ip ospf authentication-key "@"
aruba-central url "https://u:@@central.example/" password "@"
inconnu "@"
vlan 10|   inconnu "@"
dhcp config-file-update "tftp://u:@@1.2.3.4/x"
""".strip().splitlines()
HEAD = (
    '; JL323A Configuration Editor; Created on release #WC.16.11.0025\nhostname "SW"\nvlan 1\n'
    '   name "DEFAULT_VLAN"\n   exit\n'
)


@pytest.mark.parametrize("form", FORMS)
@given(SECRETS)
@settings(max_examples=6, deadline=None)
def test_no_planted_secret_survives(form: str, secret: str) -> None:
    shown = DRIVER.redact("/running-config", HEAD + plant(form, secret))
    assert shown is not None
    assert secret not in shown, shown


def test_what_is_no_secret_stays() -> None:
    text = HEAD + (
        'vlan 20\n   name "Clé secrète"\n   untagged 1-4,Trk1\n   tagged A1-A4\n'
        "   ip address 198.51.100.34 255.255.255.224\n   voice\n"
        "   exit\naaa authentication port-access eap-radius\n"
        "aaa port-access authenticator 1-4 unauth-vid 50\n"
        'ip access-list extended "VERS-SERVEURS"\n'
        "   10 permit tcp 0.0.0.0 255.255.255.255 198.51.100.9 0.0.0.0 eq 445\n   exit\n"
        'trunk 23-24 trk1 lacp\ninterface 3\n   name "Salle 3"\n   dhcp-snooping trust\n   exit\n'
        "spanning-tree 1-4 admin-edge-port\n"
        "ip authorized-managers 198.51.100.0 255.255.255.224 access manager\nno telnet-server\n"
        "ip default-gateway 198.51.100.33\n"
    )
    assert DRIVER.redact("/running-config", text) == text


@pytest.mark.parametrize("case", SLOW)
def test_a_mebibyte_takes_linear_time(case: str) -> None:
    assert seconds(lambda text: DRIVER.redact("/running-config", text), HEAD + SLOW[case]) < LIMIT


def test_a_trunk_of_all_vlans_lists_those_that_are_declared() -> None:
    device = AossDevice()
    wanted = Configuration(
        vlans=(Vlan(10, "a"), Vlan(20, "b")), ports=(Port("1", mode="trunk", native=10, tagged=None),)
    )
    device.apply(DRIVER.plan(wanted, files(device)))
    seen = {port.name: port for port in DRIVER.parse(files(device)).ports}
    assert (seen["1"].native, seen["1"].tagged) == (10, frozenset({20}))
