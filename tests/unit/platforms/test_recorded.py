"""Recorded configurations of real devices: what is read of them, and what of them may be shown."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from reversibility.platforms import aruba_aoscx, aruba_aoss, cisco_ios, cisco_nxos
from reversibility.platforms.driver import SwitchDriver
from reversibility.platforms.model import Configuration, Port, StaticRoute, Svi, Vlan
from tests.project import PROJECT

DRIVERS: dict[str, SwitchDriver] = {
    "cisco_ios_catalyst9300": cisco_ios.DRIVER,
    "cisco_ios_csr1000v": cisco_ios.DRIVER,
    "cisco_nxos_9k": cisco_nxos.DRIVER,
    "aruba_aoss_2930m": aruba_aoss.DRIVER,
    "aruba_aoscx_8325": aruba_aoscx.DRIVER,
}
SECRETS = re.compile(
    r"\$9\$\S+|ntc123|ntc-public|ntc-private|0x[0-9a-f]{32}|deadbeef\S+"
    r"|(?<=ciphertext )\S+|3082032E|version 2c networktocode"
)
# The share of lines of which nothing is masked nor left out: a readable copy that masks all is of no use.
READABLE = 0.95


def recorded(case: str) -> str:
    return (PROJECT / "tests" / "fixtures" / "network" / case / "running-config.txt").read_text()


def read(case: str) -> tuple[Configuration, dict[str, Port]]:
    seen = DRIVERS[case].parse({"/running-config": recorded(case).encode()})
    return seen, {port.name: port for port in seen.ports}


@pytest.mark.parametrize("case", DRIVERS)
def test_no_secret_is_shown_and_nearly_all_the_rest_is(case: str) -> None:
    text = recorded(case)
    shown = DRIVERS[case].redact("/running-config", text)
    assert shown is not None
    assert not [found for found in SECRETS.findall(shown) if "<" not in found]
    lines = [
        line.rstrip()
        for line in text.splitlines()
        if line.strip() and not re.fullmatch(r"\s+([0-9A-F]{2,8} ?)+", line)
    ]
    kept = set(shown.splitlines())
    masked = [line for line in lines if line not in kept]
    assert len(masked) < len(lines) * (1 - READABLE) + 8, masked
    assert DRIVERS[case].redact("/running-config", shown) == shown  # what is shown is stable


@pytest.mark.parametrize("case", DRIVERS)
def test_a_device_that_is_as_wanted_gets_no_command(case: str) -> None:
    """Everything that was read, wanted again, is no change: hidden defaults and stale lines included."""
    seen, _ = read(case)
    ports = tuple(
        port
        for port in seen.ports
        if port.mode != "routed"
        and port.options.get("mode") != "dynamic"
        and (port.tagged, port.native) != (None, None)
    )
    wanted = replace(seen, ports=ports, services={}, accounts=(), snmp_users=None)
    assert DRIVERS[case].plan(wanted, {"/running-config": recorded(case).encode()}) == ()


def test_a_catalyst() -> None:
    seen, ports = read("cisco_ios_catalyst9300")
    assert [account.role for account in seen.accounts] == ["operator", "admin"]
    assert ports["TenGigabitEthernet1/0/1"].aggregate == "Port-channel1"
    assert ports["Port-channel2"].tagged == frozenset({11, 20})
    assert ports["Port-channel2"].native == 100
    trunk = ports["TenGigabitEthernet1/0/9"]  # with a stale "switchport access vlan 11"
    assert (trunk.mode, trunk.access, trunk.native, trunk.tagged) == ("trunk", None, 11, frozenset({20}))
    access = ports["TenGigabitEthernet1/0/14"]  # with a stale trunk list
    assert (access.mode, access.access, access.tagged) == ("access", 100, frozenset())
    assert ports["FortyGigabitEthernet1/1/1"].tagged is None
    assert seen.routes == (StaticRoute("0.0.0.0/0", "192.168.11.1"),)
    assert Svi(11, "192.168.11.252/24") in (seen.svis or ())
    assert dict(seen.services) == {
        "telnet": "off",
        "ssh": "on",
        "http": "on",
        "https": "on",
        "snmp-v2c": "off",
    }


def test_the_others() -> None:
    router, _ = read("cisco_ios_csr1000v")
    assert (router.services["telnet"], router.services["snmp-v2c"]) == ("on", "on")
    assert router.ntp == ("10.1.1.1", "10.2.2.2")
    nexus, _ = read("cisco_nxos_9k")
    assert (nexus.vlans, nexus.snmp_users) == ((Vlan(248, "vlan248"),), ("admin", "ntc"))
    assert nexus.banner == "This is a test,\nbanner message."
    stack, ports = read("aruba_aoss_2930m")
    assert (ports["1/48"].native, ports["1/48"].tagged, ports["1/A4"].access) == (10, frozenset({2}), 1)
    assert stack.services["snmp-v2c"] == "on"
    spine, ports = read("aruba_aoscx_8325")
    assert ports["1/1/16"].access == 2
    assert ports["1/1/16"].guards == {"edge", "bpdu"}
    assert (ports["lag 256"].tagged, ports["lag 256"].native, ports["1/1/55"].mode) == (None, None, "routed")
    assert (spine.banner or "").splitlines()[1] == "This is a test banner"
