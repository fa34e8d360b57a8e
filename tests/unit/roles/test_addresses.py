"""Addresses outside some networks, for a firewall rule that refuses everybody else."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from plugins.filter.addresses import EVERYBODY, addresses_outside


@pytest.mark.parametrize(
    ("networks", "outside"),
    [
        ([], ["0.0.0.0-255.255.255.255"]),
        (["192.0.2.0/24"], ["0.0.0.0-192.0.1.255", "192.0.3.0-255.255.255.255"]),
        (
            ["192.0.2.128/25", "192.0.2.0/25", "0.0.0.0/8"],
            ["1.0.0.0-192.0.1.255", "192.0.3.0-255.255.255.255"],
        ),
        (["0.0.0.0/0"], []),
    ],
)
def test_everybody_else(networks: list[str], outside: list[str]) -> None:
    assert addresses_outside(networks) == [*outside, EVERYBODY]


@given(
    st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32)), max_size=6), st.integers(0, 2**32 - 1)
)
def test_an_address_is_outside_or_in_a_network(given_networks: list[tuple[int, int]], address: int) -> None:
    networks = [IPv4Network((number, prefix), strict=False) for number, prefix in given_networks]
    ranges = [
        [int(IPv4Address(end)) for end in one.split("-")]
        for one in addresses_outside(map(str, networks))[:-1]
    ]
    assert any(low <= address <= high for low, high in ranges) != any(
        IPv4Address(address) in network for network in networks
    )


@pytest.mark.parametrize("networks", [["2001:db8::/32"], ["192.0.2.1/24"], [None]])
def test_what_is_no_network_is_refused(networks: list[str]) -> None:
    with pytest.raises(AnsibleFilterError):
        addresses_outside(networks)
