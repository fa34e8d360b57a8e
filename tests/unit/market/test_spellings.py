"""One host, several spellings: names without their case, addresses as addresses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reversibility.market.addresses import comparable, comparable_with_port
from reversibility.market.host_keys import unknown_hosts
from reversibility.market.host_vars_check import shared_addresses
from reversibility.market.load import load_market
from tests.project import PROJECT

SAME = [
    ("UC250002.Ecole.Example", "uc250002.ecole.example"),
    ("na250001.lan.", "NA250001.lan"),
    ("2001:0DB8:5:0:0:0:0:10", "2001:db8:5::10"),
    ("[2001:db8::A]", "2001:0db8:0000:0000:0000:0000:0000:000a"),
    ("::ffff:198.51.100.9", "198.51.100.9"),
]
OTHERS = [
    ("198.51.100.9", "198.51.100.90"),
    ("2001:db8::1", "2001:db8::10"),
    ("a.ecole.example", "b.ecole.example"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_of_one_host(one: str, other: str) -> None:
    assert comparable(one) == comparable(other)
    assert comparable_with_port(f"[{one.strip('[]')}]:22") == comparable_with_port(other)
    assert len(shared_addresses({"UC250001": one, "UC250002": other}, lambda _: ("hosts.yml", 3))) == 1


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_two_hosts_stay_two(one: str, other: str) -> None:
    assert comparable(one) != comparable(other)
    assert comparable_with_port(f"[{one}]:2222") != comparable_with_port(f"[{one}]:22")
    assert shared_addresses({"UC250001": one, "UC250002": other}, lambda _: ("hosts.yml", 3)) == []


@pytest.mark.parametrize(("one", "other"), SAME)
@pytest.mark.parametrize("port", [22, 2222])
def test_a_host_key_is_found_under_another_spelling(one: str, other: str, port: int) -> None:
    market = load_market(PROJECT / "inventories" / "jurancon")
    asset = replace(market.assets["NA250001"], address=one.strip("[]"), variables={"ansible_port": port})
    known = other if port == 22 else f"[{other}]:{port}"
    known_hosts = f"elsewhere.example,{known} ssh-ed25519 AAAA\n"
    found = replace(
        market, assets={"NA250001": replace(asset, attributes={**asset.attributes, "os": "debian-13"})}
    )
    assert unknown_hosts(found, known_hosts) == []
    assert unknown_hosts(found, "elsewhere.example ssh-ed25519 AAAA\n") == ["NA250001"]
