"""The driver of Debian, and of the switch and the router that run on it."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reversibility.market.kinds import kind_table
from reversibility.market.load import load_market
from reversibility.market.platforms import platform_table
from reversibility.platforms.driver import Driver, UnknownGrammar
from reversibility.platforms.model import Configuration, Port
from reversibility.platforms.openvswitch import DRIVER as OPENVSWITCH
from reversibility.platforms.openvswitch import port_differences
from reversibility.platforms.registry import driver
from tests.project import PROJECT

DEBIAN = driver("debian")
assert DEBIAN is not None
DRIVERS = [found for name in platform_table().platforms if (found := driver(name))]


GOOD = {
    "/etc/hostname": b"uc250001\n",
    "/etc/passwd": b"root:x:0:0:root:/root:/bin/bash\n",
    "/etc/shadow": b"root:*:20000:0:99999:7:::\n",
    "/etc/ssh/sshd_config": b"# comment\nPort 22\n",
    "/etc/samba/smb.conf": b"[global]\n   workgroup = ECOLE\n; old\n",
    "/etc/nftables.conf": b'table inet filter { chain x { log prefix "{" } }\n',
    "/etc/apt/sources.list": b"deb [arch=amd64] https://deb.example/debian trixie main\n",
    "/etc/apt/sources.list.d/debian.sources": b"Types: deb\nURIs: https://deb.example/debian\nSuites: trixie\n",
    "/switch.json": b'{"ports": []}',
}
BAD = {
    "/etc/hostname": b"",
    "/etc/passwd": b"root:x:0:0\n",
    "/etc/shadow": b"",
    "/etc/ssh/sshd_config": b"Port\n",
    "/etc/samba/smb.conf": b"no section\n",
    "/etc/nftables.conf": b"table inet filter {\n",
    "/etc/apt/sources.list": b"dbe x\n",
    "/etc/apt/sources.list.d/debian.sources": b"Types: deb\nSuites: trixie\n",
    "/switch.json": b"{",
}


def test_a_good_configuration_parses():
    assert DEBIAN.problems(GOOD) == []


@pytest.mark.parametrize("path", sorted(BAD))
def test_a_file_that_is_not_what_its_name_says_is_named(path):
    problems = DEBIAN.problems({**GOOD, path: BAD[path]})
    assert problems
    assert all(problem.startswith(f"{path}: ") for problem in problems)


@pytest.mark.parametrize("one", DRIVERS, ids=lambda one: one.platform)
def test_a_driver_collects_what_it_requires(one: Driver) -> None:
    """For each kind: what cannot be restored without is read by observe, and nothing that is foreign is readable."""
    assert driver(one.platform) is one
    for kind in kind_table().kinds:
        assert one.required_files(kind) and one.collected(kind)
    for text in ("Hunter2 is the password\n", "\0\x01", "{" * 1000):
        assert one.redact("/no/such/path", text) is None


def test_nobody_drives_what_has_no_module() -> None:
    assert driver("android") is None and driver("driver") is None and driver("none") is None


def test_what_a_kind_requires() -> None:
    assert "/openvswitch/conf.db" in DEBIAN.required_files("switch")
    assert "openvswitch" in DEBIAN.collected("switch") and "openvswitch" not in DEBIAN.collected(
        "classroom_pc"
    )
    assert "/etc/nftables.conf" in DEBIAN.required_files("router")
    assert "/etc/samba/smb.conf" in DEBIAN.required_files("nas")
    assert DEBIAN.required_files("classroom_pc") == (
        "/etc/group",
        "/etc/hostname",
        "/etc/passwd",
        "/etc/shadow",
    )


def test_accounts_and_name_are_read() -> None:
    files = {
        "/etc/hostname": b"uc250001\n",
        "/etc/passwd": b"root:x:0:0::/root:/bin/bash\ncartable:x:1000:1000::/home/c:/bin/bash\n"
        b"eleve:x:1001:1001::/home/e:/bin/bash\nwww:x:33:33::/:/usr/sbin/nologin\n",
        "/etc/group": b"sudo:x:27:cartable\n",
        "/etc/shadow": b"root:*:1::::::\ncartable:$y$x:1::::::\neleve:!:1::::::\n",
    }
    found = DEBIAN.parse(files)
    assert found.hostname == "uc250001"
    assert [(account.name, account.role, account.enabled) for account in found.accounts] == [
        ("root", "administrator", False),
        ("cartable", "administrator", True),
        ("eleve", "", False),
    ]
    with pytest.raises(UnknownGrammar, match="/etc/passwd, line 1"):
        DEBIAN.parse({**files, "/etc/passwd": b"root:x\n"})


PORTS = {
    "p1": {"mode": "access", "vlan": "pupils"},
    "p2": {"mode": "trunk", "vlans": ["administration", "pupils"]},
}
VLANS = {"administration": {"id": 10}, "pupils": {"id": 40}}
SWITCH = {
    "ports": [
        {"name": "br0", "tag": None, "trunks": [], "internal": True},
        {"name": "p1", "tag": 40, "trunks": [], "internal": False},
        {"name": "p2", "tag": None, "trunks": [10, 40], "internal": False},
    ]
}


def test_the_differences_of_a_switch_are_named() -> None:
    assert port_differences(SWITCH, PORTS, VLANS) == []
    ports = {
        "p1": {"mode": "access", "vlan": "administration"},
        "p2": {"mode": "trunk", "vlans": ["administration"]},
        "p3": {"mode": "access", "vlan": "pupils"},
    }
    other = {"ports": [*SWITCH["ports"], {"name": "p9", "tag": 40, "trunks": [], "internal": False}]}
    assert port_differences(other, ports, VLANS) == ["p1", "p2", "p3", "p9"]


def test_the_ports_of_a_switch_are_read_and_shown() -> None:
    text = json.dumps(SWITCH)
    found = OPENVSWITCH.parse({"/switch.json": text.encode()})
    assert [vlan.number for vlan in found.vlans] == [10, 40]
    assert found.ports[2] == Port("p2", mode="trunk", tagged=frozenset({10, 40}))
    assert DEBIAN.redact("/switch.json", text) == text
    assert DEBIAN.redact("/openvswitch/conf.db", "OVSDB JSON 1\n") is None
    assert "set port p2 tag=[] trunks=10,40" in OPENVSWITCH.render(found)


@pytest.mark.parametrize(
    "text",
    [
        '{"ports": [{"name": "p1", "tag": 40, "trunks": [], "internal": false, "psk": "Hunter2"}]}',
        '{"ports": [{"name": "p1 Hunter2", "tag": 40, "trunks": [], "internal": false}]}',
        '{"ports": [{"name": "p1", "tag": "Hunter2", "trunks": [], "internal": false}]}',
        '{"ports": [], "secret": "Hunter2"}',
        "[1]",
        "[" * 150_000,
    ],
)
def test_what_is_no_list_of_ports_is_not_shown(text: str) -> None:
    assert OPENVSWITCH.redact("/switch.json", text) is None
    assert OPENVSWITCH.problems({"/switch.json": text.encode()})


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(st.sampled_from(sorted({*GOOD, *BAD, "/openvswitch/conf.db"})), st.binary(max_size=200))
)
def test_no_file_of_a_pupil_stops_a_driver(files: dict[str, bytes]) -> None:
    """A record is input: damaged, it is a problem or another grammar, never another exception."""
    assert isinstance(DEBIAN.problems(files), list)
    with suppress(UnknownGrammar):
        assert isinstance(DEBIAN.parse(files), Configuration)


def test_a_configuration_of_another_machine_is_told() -> None:
    market = load_market(PROJECT / "inventories" / "demo")
    asset = market.assets["UC250001"]
    files = dict.fromkeys(DEBIAN.required_files(asset.kind), b"x\n")
    assert "c’est la configuration de" in str(DEBIAN.compare(market, asset, files))
    assert DEBIAN.compare(market, asset, {**files, "/etc/hostname": b"UC250001\n"}) is None
    assert "manque /etc/shadow" in str(DEBIAN.compare(market, asset, {**files, "/etc/shadow": b" \n"}))
    named = replace(asset, variables={**asset.variables, "baseline_hostname": "salle-cp"})
    assert DEBIAN.compare(market, named, {**files, "/etc/hostname": b"salle-cp\n"}) is None
