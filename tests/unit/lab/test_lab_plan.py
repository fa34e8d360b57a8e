"""The school is worked out from the market alone."""

from __future__ import annotations

import copy
import dataclasses
import ipaddress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reversibility.market.load import load_market
from reversibility.market.model import Market
from tests.lab import router, switch
from tests.lab.plan import Port, Vlan, plan
from tests.lab.shell import LabError
from tests.project import PROJECT

GOLDEN = Path(__file__).parent / "demo"


@pytest.fixture(scope="module")
def market() -> Market:
    return load_market(PROJECT / "inventories/demo")


def changed(market: Market, **network: Any) -> Market:
    """``market`` with other values in network.yml."""
    return dataclasses.replace(market, network={**copy.deepcopy(dict(market.network)), **network})


def test_demo_school(market: Market) -> None:
    school = plan(market)
    assert (school.switch, school.router) == ("SW250001", "RT250001")
    managed = {tag for tag, asset in market.assets.items() if asset.managed}
    assert managed - set(school.hosts) == {"UC250003", "UC250004", "AP250001"}, "simulated"
    assert set(school.hosts) <= managed
    assert {host.tag: host.image for host in school.computers()} == {
        "NA250001": "debian13",
        "PD250001": "debian13",
        "UC250001": "debian13",
        "UC250002": "debian13",
        "UC180001": "debian12",
    }
    assert sorted(vlan.number for vlan in school.vlans.values()) == [10, 20, 30, 40, 50]
    pupil = school.hosts["UC250002"]
    port = next(port for port in school.ports if port.peer == "UC250002")
    assert (pupil.port, pupil.vlan.number, str(pupil.address)) == (port.name, port.tag, "198.51.100.106")


def test_router_rules_are_those_of_the_golden_file(market: Market) -> None:
    assert router.ruleset(market.network, plan(market)) == (GOLDEN / "nftables.conf").read_text()


def test_router_and_switch_scripts_are_those_of_the_golden_files(market: Market) -> None:
    school = plan(market)
    assert router.network_script(school) == (GOLDEN / "router.sh").read_text()
    assert switch.network_script(school) == (GOLDEN / "switch.sh").read_text()


def test_a_probe_uses_the_free_socket_of_its_vlan(market: Market) -> None:
    school = plan(market)
    assert school.probe_port(school.vlan("guests")).name == "p_guest"
    assert school.probe_port(school.vlan("guests")).protected
    added = school.probe_port(school.vlan("administration"))
    assert (added.name, added.tag) == ("t_10", 10), "never the controller's port"


def test_unknown_vlan_is_named_with_the_known_ones(market: Market) -> None:
    with pytest.raises(LabError, match=r"no VLAN cantine; network\.yml knows administration, direction"):
        plan(market).vlan("cantine")


@pytest.mark.parametrize("where", ["from", "to"])
def test_no_flow_with_an_isolated_vlan(market: Market, where: str) -> None:
    flow = {"from": "administration", "to": "administration", "services": ["ssh"], where: ["guests"]}
    with pytest.raises(LabError, match="guests is isolated"):
        router.ruleset({**market.network, "flows": [flow]}, plan(market))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"services": ["telnet"]}, "service telnet"),
        ({"to": "cantine"}, "no VLAN cantine"),
        ({"assets": ["VP250001"]}, "VP250001, which is not a managed asset"),
    ],
)
def test_a_flow_of_unknown_things_is_refused(market: Market, change: dict[str, Any], message: str) -> None:
    flow = {"from": "administration", "to": "pupils", "services": ["ssh"], **change}
    with pytest.raises(LabError, match=message):
        router.ruleset({**market.network, "flows": [flow]}, plan(market))


def test_without_flows_nothing_is_forwarded(market: Market) -> None:
    rules = router.ruleset({**market.network, "flows": []}, plan(market))
    forward = rules[rules.index("chain forward") : rules.index("chain input")]
    accepted = [line.strip() for line in forward.splitlines() if "accept" in line]
    assert accepted == ["ct state established,related accept"]


def test_a_flow_to_the_internet_leaves_by_what_is_none_of_the_schools(market: Market) -> None:
    """As in the market of Jurançon; guests get there and nowhere else (R43)."""
    flows = [
        {"from": ["teachers", "pupils"], "to": ["administration", "internet"], "services": ["ssh"]},
        {"from": "guests", "to": "internet", "services": ["ssh"]},
    ]
    rules = router.ruleset({**market.network, "flows": flows}, plan(market)).splitlines()
    out = (
        'oifname != { "vlan10", "vlan20", "vlan30", "vlan40", "vlan50" } ip daddr != { 198.51.100.0/27, '
        "198.51.100.32/27, 198.51.100.64/27, 198.51.100.96/27, 198.51.100.128/27 } tcp dport { 22 } accept"
    )
    outside = [line.strip() for line in rules if "oifname !=" in line]
    assert outside == [
        f'iifname "vlan30" ip saddr 198.51.100.64/27 {out} comment "ssh: "',
        f'iifname "vlan40" ip saddr 198.51.100.96/27 {out} comment "ssh: "',
        f'iifname "vlan50" ip saddr 198.51.100.128/27 {out} comment "ssh: "',
    ]
    inside = [line for line in rules if 'oifname "vlan10"' in line]
    assert len(inside) == 2, "the same flow's other end, from teachers and from pupils"
    closed = next(index for index, line in enumerate(rules) if 'iifname "vlan50" drop' in line)
    assert max(index for index, line in enumerate(rules) if "oifname !=" in line) < closed


def test_a_flow_to_named_assets_does_not_open_the_internet(market: Market) -> None:
    flow = {
        "from": "pupils",
        "to": ["administration", "internet"],
        "assets": ["NA250001"],
        "services": ["smb"],
    }
    assert "oifname !=" not in router.ruleset({**market.network, "flows": [flow]}, plan(market))


@given(reason=st.text(max_size=300), service=st.sampled_from(["ssh", "smb"]))
def test_a_reason_never_ends_its_comment(reason: str, service: str) -> None:
    comment = router._comment({"reason": reason}, service)
    assert '"' not in comment
    assert "\n" not in comment
    assert "\\" not in comment
    assert len(comment.encode()) <= 128, "what nftables takes"


def test_a_host_without_a_cable_is_refused(market: Market) -> None:
    asset = market.assets["SW250001"]
    ports = {name: port for name, port in asset.variables["ports"].items() if port.get("peer") != "UC250001"}
    assets = {**market.assets, "SW250001": dataclasses.replace(asset, variables={"ports": ports})}
    with pytest.raises(LabError, match="UC250001 has no cable"):
        plan(dataclasses.replace(market, assets=assets))


@pytest.mark.parametrize("kind", ["switch", "router"])
def test_a_school_has_one_switch_and_one_router(market: Market, kind: str) -> None:
    assets = {tag: asset for tag, asset in market.assets.items() if asset.kind != kind}
    with pytest.raises(LabError, match=f"one managed {kind}"):
        plan(dataclasses.replace(market, assets=assets))


def test_an_address_outside_its_vlan_is_refused(market: Market) -> None:
    moved = dataclasses.replace(market.assets["UC250001"], address="198.51.100.42")
    with pytest.raises(LabError, match=r"UC250001: 198\.51\.100\.42 is not in the subnet"):
        plan(dataclasses.replace(market, assets={**market.assets, "UC250001": moved}))


def test_a_port_on_a_vlan_without_subnet_is_refused(market: Market) -> None:
    subnets = [subnet for subnet in market.network["subnets"] if subnet["vlan"] != "guests"]
    with pytest.raises(LabError, match="VLAN guests, which has no subnet"):
        plan(changed(market, subnets=subnets))


@given(
    st.integers(min_value=0, max_value=2**32 - 1), st.integers(min_value=16, max_value=28), st.integers(1, 5)
)
def test_addresses_from_the_end_are_usable(start: int, prefix: int, position: int) -> None:
    subnet = ipaddress.IPv4Network((start, prefix), strict=False)
    vlan = Vlan("x", 10, subnet, subnet.network_address + 1, False)
    interface = ipaddress.IPv4Interface(vlan.from_the_end(position))
    assert interface.network == subnet
    assert interface.ip in list(subnet.hosts())[-5:] if prefix >= 24 else interface.ip in subnet
    assert interface.ip != vlan.gateway


def test_an_access_port_forgets_its_trunks_and_the_reverse() -> None:
    assert (
        switch.port_settings(Port("a", 10, (), None)) == "tag=10 trunks=[] vlan_mode=access protected=false"
    )
    assert switch.port_settings(Port("b", None, (10, 20), None)) == (
        "tag=[] trunks=10,20 vlan_mode=trunk protected=false"
    )
    assert "protected=true" in switch.port_settings(Port("c", 50, (), None, protected=True))
