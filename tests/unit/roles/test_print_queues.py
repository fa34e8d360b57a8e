"""Which printers a computer gets queues for: by the inventory and the flows of network.yml."""

from __future__ import annotations

from typing import Any

from plugins.filter.network_flows import subnets_with_flow
from plugins.filter.print_queues import print_queues, queue_options

NETWORK: dict[str, Any] = {
    "flows": [
        {"from": ["direction", "teachers"], "to": "printing", "services": ["ipp", "jetdirect"]},
        {"from": "pupils", "to": ["printing"], "assets": ["IM250001"], "services": ["jetdirect"]},
        {"from": "administration", "to": ["teachers", "pupils"], "services": ["winrm"]},
        {"from": "guests", "to": "teachers", "services": ["http"]},
    ],
    "subnets": [
        {"site": "a", "vlan": "administration", "cidr": "192.0.2.0/27"},
        {"site": "b", "vlan": "administration", "cidr": "192.0.2.32/27"},
        {"site": "a", "vlan": "guests", "cidr": "192.0.2.64/27"},
    ],
}
SITES = {"a": {"rooms": {"maitres": {"name": "Salle des maîtres"}}}}


def host(name: str, **more: Any) -> dict[str, Any]:
    asset = {"vendor": "Canon", "model": "C357i", "vlan": "printing"}
    return {
        "inventory_hostname": name,
        "cartable_kind_groups": ["printing"],
        "asset": asset,
        "cartable_room": "maitres",
    } | more


HOSTS = [
    host("IM250001", ansible_host="192.0.2.203", printing_driver={"driver": "Brother"}),
    host("CO230001", ansible_host="192.0.2.202"),
    host("CO230009"),  # no address
    host("UC250001", ansible_host="192.0.2.9", cartable_kind_groups=["computers"]),
]


def names(vlan: str) -> list[str]:
    return [queue["name"] for queue in print_queues(HOSTS, NETWORK, SITES, "a", vlan)]


def test_queues_follow_the_flows() -> None:
    assert names("teachers") == ["CO230001", "IM250001"]
    assert names("pupils") == ["IM250001"]  # that flow is for one printer
    assert names("guests") == []
    [first, second] = print_queues(HOSTS, NETWORK, SITES, "a", "direction")
    assert first == {
        "name": "CO230001",
        "address": "192.0.2.202",
        "port": 9100,
        "location": "Salle des maîtres",
        "comment": "Canon C357i",
    }
    assert second["driver"] == "Brother"


def test_each_system_has_its_own_options() -> None:
    queues = [{"name": "A", "driver": "Brother", "color": True}, {"name": "B"}]
    assert queue_options(queues, {"color": False, "model": "everywhere"}, ["name", "color", "model"]) == [
        {"name": "A", "color": True, "model": "everywhere"},
        {"name": "B", "color": False, "model": "everywhere"},
    ]


def test_subnets_that_may_administer() -> None:
    assert subnets_with_flow(NETWORK, "winrm", "a", "teachers") == ["192.0.2.0/27"]
    assert subnets_with_flow(NETWORK, "winrm", "a", "direction") == []
    assert subnets_with_flow(NETWORK, "jetdirect", "a", "printing", "IM250001") == []
