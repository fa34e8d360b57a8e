"""Isolation tried for real (R43): probes in network namespaces around a router, whose rules are broken on purpose."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.probes import ProbeFailed, try_all

from reversibility.market.load import load_market
from reversibility.operations.isolation import Probe, attempts, differences, missing_vlans, table
from reversibility.records.state import State
from tests.simulators.network.market import SimulatedMarket

pytestmark = pytest.mark.playbook

VLANS = {"administration": 10, "pupils": 40, "guests": 50}
NETWORK = {
    "vlans": {
        name: {"id": number, "purpose": name, "isolated": name == "guests"} for name, number in VLANS.items()
    },
    "subnets": [
        {"site": "ecole", "vlan": name, "cidr": f"10.43.{number}.0/24", "gateway": f"10.43.{number}.1"}
        for name, number in VLANS.items()
    ],
    "flows": [
        {"from": "administration", "to": "pupils", "services": ["ssh", "journal"], "reason": "Exploitation"}
    ],
    "services": {
        "ssh": {"protocol": "tcp", "ports": [22]},
        "journal": {"protocol": "udp", "ports": [514]},
    },
}
PROBES = [Probe(name, name, f"10.43.{number}.9") for name, number in VLANS.items()]
# Everything is closed but the declared flow, and only for addresses of its own VLAN.
FLOW = """
ip rule add pref 10 iif v10 from 10.43.10.0/24 to 10.43.40.0/24 ipproto tcp dport 22 lookup main
ip rule add pref 10 iif v40 from 10.43.40.0/24 to 10.43.10.0/24 ipproto tcp sport 22 lookup main
ip rule add pref 10 iif v10 from 10.43.10.0/24 to 10.43.40.0/24 ipproto udp dport 514 lookup main
"""
CLOSED = "".join(f"ip rule add pref 50 iif v{number} blackhole\n" for number in VLANS.values())


class Place:
    """A network namespace."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", "ip link set lo up && echo ready && exec sleep infinity"],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"
        self.command = ["nsenter", "-t", str(self.process.pid), "-n"]

    def run(self, script: str) -> str:
        done = subprocess.run(
            [*self.command, "sh", "-ec", script], capture_output=True, text=True, check=True, timeout=20
        )
        return done.stdout

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def places() -> Iterator[dict[str, Place]]:
    """The router and a probe in each VLAN, all cabled; the router's rules are as declared."""
    if os.geteuid() != 0:
        pytest.skip("needs root for network namespaces")
    found = {name: Place() for name in ("router", *VLANS)}
    try:
        for name, number in VLANS.items():
            cable = f"ip link add v{number} type veth peer name eth0 netns {found[name].process.pid}"
            found["router"].run(
                f"{cable}; ip address add 10.43.{number}.1/24 dev v{number}; ip link set v{number} up"
            )
            found[name].run(
                f"ip address add 10.43.{number}.9/24 dev eth0; ip link set eth0 up; "
                f"ip route add default via 10.43.{number}.1"
            )
        found["router"].run("sysctl -qw net.ipv4.ip_forward=1" + FLOW + CLOSED)
        yield found
    finally:
        for place in found.values():
            place.end()


class OwnAddresses(SimulatedMarket):
    """A market whose networks have the addresses of the documentation, not those of the loopback."""

    def _network(self) -> None:
        path = self.folder / "network.yml"
        path.write_text(path.read_text().replace(", assets: [NA250001]", ""))
        contract = self.folder / "contract.yml"
        contract.write_text(contract.read_text().partition("waivers:")[0])


def test_the_playbook_records_every_attempt_and_names_what_is_not_as_declared(tmp_path: Path) -> None:
    """A cable without a router: nothing passes, also not what network.yml allows."""
    if os.geteuid() != 0:
        pytest.skip("needs root for network namespaces")
    market = OwnAddresses(tmp_path, {"SW250001": {"network_banner": "SW250001"}})
    hosts = market.folder / "hosts.yml"
    hosts.write_text(hosts.read_text().replace("127.1.10.10", "198.51.100.10"))
    subnets = {one["vlan"]: one["cidr"] for one in load_market(market.folder).network["subnets"]}
    place = Place()
    place.run("ip link add eth0 type veth peer name other; ip link set eth0 up; ip link set other up")
    probes = [
        {"name": vlan, "vlan": vlan, "command": place.command, "address": str(ip_network(cidr)[9])}
        for vlan, cidr in subnets.items()
    ]
    try:
        done = market.run("check_isolation.yml", isolation_router="SW250001", isolation_probes=probes)
        checked = market.run(
            "check_isolation.yml", "--check", isolation_router="SW250001", isolation_probes=probes[1:]
        )
    finally:
        place.end()
    assert done.returncode != 0
    assert "administration → pupils: tcp/22 blocked, expected: passes" in done.stdout, done.stdout
    assert "guests → pupils" not in done.stdout
    record = State(market.data / "state").read_json("trois_platanes", "SW250001", "isolation.json")
    assert {(row["source"], row["target"]) for row in record["attempts"]} >= {
        ("guests", "pupils"),
        ("pupils", "guests"),
    }
    assert record["tried_on"]
    assert {row["seen"] for row in record["attempts"]} == {"blocked"}
    assert "There is no probe in administration" in checked.stdout


def tried(places: dict[str, Place]) -> list[str]:
    given = [
        {
            "name": p.name,
            "vlan": p.vlan,
            "address": p.address,
            "interface": "eth0",
            "command": places[p.name].command,
        }
        for p in PROBES
    ]
    everything = attempts(NETWORK, "ecole", PROBES, {})
    return differences(table(everything, try_all(NETWORK, given, everything), PROBES))


def test_a_router_that_is_as_declared_lets_pass_what_is_declared_and_nothing_else(places) -> None:
    assert tried(places) == []


@pytest.mark.parametrize(
    ("broken", "leaks"),
    [
        (
            "ip rule add pref 5 iif v50 to 10.43.40.0/24 ipproto udp dport 514 lookup main",
            ["guests → pupils: udp/514 passes, expected: blocked"],
        ),
        (
            "ip rule add pref 5 iif v40 to 10.43.50.0/24 ipproto icmp lookup main",
            ["pupils → guests: icmp passes, expected: blocked"],
        ),
        (
            "ip rule add pref 5 iif v50 from 10.43.10.0/24 to 10.43.40.0/24 lookup main",
            ["guests → pupils: spoofed 10.43.10.9 tcp/22 passes, expected: blocked"],
        ),
        (
            "ip rule del pref 10 iif v40",
            ["administration → pupils: tcp/22 blocked, expected: passes"],
        ),
    ],
)
def test_a_hole_is_named_by_its_flow(places: dict[str, Place], broken: str, leaks: list[str]) -> None:
    places["router"].run(broken)
    assert tried(places) == leaks


RELAY = """
import select, socket
ends = {}
for one, other in (("v40", "v50"), ("v50", "v40")):
    ends[one] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    ends[one].bind((one, 0))
print("relays", flush=True)
while True:
    for ready in select.select(ends.values(), [], [])[0]:
        frame, where = ready.recvfrom(65535)
        if where[2] != 4:
            ends["v50" if ready is ends["v40"] else "v40"].send(frame)
"""


def test_two_networks_on_one_cable_are_named(places: dict[str, Place]) -> None:
    """What a wrong port does: requests of DHCP and frames with two tags arrive in the other network."""
    relay = subprocess.Popen(
        [*places["router"].command, sys.executable, "-c", RELAY], stdout=subprocess.PIPE, text=True
    )
    try:
        assert relay.stdout is not None
        assert relay.stdout.readline() == "relays\n"
        found = tried(places)
    finally:
        relay.kill()
        relay.communicate()
    for pair in ("guests → pupils", "pupils → guests"):
        assert f"{pair}: dhcp passes, expected: blocked" in found
        assert f"{pair}: double-tagged frame passes, expected: blocked" in found
    assert not [one for one in found if "administration" in one and "spoofed" not in one]


def test_a_probe_that_does_not_start_is_one_sentence(places: dict[str, Place]) -> None:
    given = [
        {
            "name": "pupils",
            "vlan": "pupils",
            "address": "10.43.40.9",
            "interface": "none0",
            "command": places["pupils"].command,
        }
    ]
    with pytest.raises(ProbeFailed, match=r"The probe pupils does not answer: .*none0|No such device"):
        try_all(NETWORK, given, [])


def test_what_is_tried_covers_every_pair_every_service_and_what_is_none() -> None:
    everything = attempts(NETWORK, "ecole", PROBES, {})
    pairs = {(a, b) for a in VLANS for b in VLANS if a != b}
    for kind in ("tcp", "udp", "icmp", "spoofed", "double-tagged", "dhcp"):
        assert {(one.source, one.target) for one in everything if one.kind == kind} == pairs
    assert [(one.source, one.what) for one in everything if one.expected] == [
        ("administration", "tcp/22"),
        ("administration", "udp/514"),
    ]
    second = Probe("guests-2", "guests", "10.43.50.8")
    assert [
        (one.kind, one.expected)
        for one in attempts(NETWORK, "ecole", [*PROBES, second], {})
        if one.source == "guests-2"
    ] == [("icmp", False), ("tcp", False), ("udp", False)]
    assert missing_vlans(NETWORK, "ecole", PROBES[1:]) == ["administration"]
