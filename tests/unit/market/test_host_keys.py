"""Which assets need a line in known_hosts: by their platform's connection, or by the one that their variables name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reversibility.market.host_keys import reached_by_ssh, unknown_hosts
from reversibility.market.load import load_market
from reversibility.market.model import Market
from tests.project import PROJECT

MARKET = load_market(PROJECT / "inventories" / "jurancon")


def one(os: str, **variables: object) -> Market:
    """A market of one managed asset with this system."""
    asset = MARKET.assets["NA250001"]
    made = replace(asset, attributes={**asset.attributes, "os": os}, variables=variables)
    return replace(MARKET, assets={"NA250001": made})


@pytest.mark.parametrize("os", ["debian-13", "aos-s-16", "cisco-ios-15.2", "openwrt-24.10"])
def test_what_is_reached_by_ssh_needs_a_line(os: str) -> None:
    assert unknown_hosts(one(os), "") == ["NA250001"]
    assert unknown_hosts(one(os), "192.0.2.10 ssh-ed25519 AAAA\n") == []


@pytest.mark.parametrize("os", ["windows-11", "unifi-9", "meraki", "dsm-7", "android-14"])
def test_what_is_reached_otherwise_needs_none(os: str) -> None:
    assert unknown_hosts(one(os), "") == []


def test_a_connection_that_the_variables_name_counts() -> None:
    assert unknown_hosts(one("debian-13", ansible_connection="ansible.builtin.local"), "") == []
    assert unknown_hosts(one("windows-11", ansible_connection="ssh"), "") == ["NA250001"]
    assert reached_by_ssh(one("debian-13", ansible_port=2222)) == {"NA250001": "[192.0.2.10]:2222"}
