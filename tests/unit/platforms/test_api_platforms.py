"""Meraki and UniFi: bodies are rendered and read back, planted secrets never survive in answers."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reversibility.platforms import meraki, unifi, unifi_site
from reversibility.platforms.differences import differences
from reversibility.platforms.model import Configuration, Port, Ssid
from reversibility.platforms.wifi_hours import DAYS, Hours
from tests.unit.platforms.planted import LIMIT, MEBIBYTE, SECRETS, seconds

SSIDS = st.lists(
    st.builds(
        Ssid,
        st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=8),
        st.integers(1, 4094),
        st.sampled_from(
            ["open", "owe", "wpa2-personal", "wpa3-personal", "wpa2-enterprise", "wpa3-enterprise"]
        ),
        st.booleans(),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda ssid: ssid.name,
)
PORTS = (
    Port("1", mode="trunk", native=10, tagged=frozenset({20, 30}), guards=frozenset({"root"})),
    Port("2", access=20, voice=30, description="Salle 3", guards=frozenset({"bpdu", "protected"})),
    Port("3", mode="trunk", native=10, tagged=None),
    Port("4", access=1, enabled=False),
)


@given(SSIDS)
@settings(deadline=None)
def test_what_is_rendered_for_meraki_is_parsed_back(ssids: list[Ssid]) -> None:
    wanted = Configuration(ssids=tuple(ssids), ports=PORTS, radius=("198.51.100.9",))
    bodies = json.loads(meraki.DRIVER.render(wanted))
    assert len(bodies["ssids"]) == 15
    answers = {
        meraki.SSIDS: json.dumps(
            [{"number": int(n), **body} for n, body in bodies["ssids"].items()]
        ).encode(),
        meraki.PORTS: json.dumps(
            [{"portId": name, **body} for name, body in bodies["ports"].items()]
        ).encode(),
        meraki.DEVICE: b"{}",
    }
    assert list(differences(meraki.DRIVER.comparable(wanted), meraki.DRIVER.parse(answers))) == []


@given(SSIDS)
@settings(deadline=None)
def test_what_is_rendered_for_unifi_is_parsed_back(ssids: list[Ssid]) -> None:
    wanted = Configuration(ssids=tuple(ssids))
    bodies = json.loads(unifi.DRIVER.render(wanted))
    networks = {
        body["network"]["networkId"]: {"vlanId": ssid.vlan} for body, ssid in zip(bodies, ssids, strict=True)
    }
    answers = {
        unifi.WLANS: json.dumps(dict(enumerate(bodies))).encode(),
        unifi.NETWORKS: json.dumps(networks).encode(),
    }
    assert list(differences(unifi.DRIVER.comparable(wanted), unifi.DRIVER.parse(answers))) == []


TIMES = st.tuples(st.times(), st.times()).map(lambda pair: sorted(f"{time:%H:%M}" for time in pair))


@given(st.sampled_from(DAYS), st.sampled_from(DAYS), TIMES.filter(lambda pair: pair[0] < pair[1]))
@settings(deadline=None, max_examples=60)
def test_hours_come_back_from_the_blackouts_of_unifi(first: str, last: str, times: list[str]) -> None:
    hours = Hours(first, last, *times)
    seen = unifi_site.hours_of(unifi_site.blackout(hours))
    if len(hours.days) == 7:
        hours = Hours("mon", "sun", *times)
    assert seen == ("" if str(hours) == "mon-sun 00:00-23:59" else str(hours))


def test_ssids_of_the_classic_api_are_read() -> None:
    wlans = [
        {"name": "L’école", "enabled": True, "security": "wpapsk", "wpa3_support": True, "networkconf_id": "n40",
         "hide_ssid": True, "wlan_bands": ["5g"], "x_passphrase": "une clé"},
        {"name": "Invités", "security": "open", "vlan_enabled": True, "vlan": "50", "is_guest": True},
    ]  # fmt: skip
    files = {
        unifi.WLANS: json.dumps(wlans).encode(),
        unifi.NETWORKS: b'[{"_id": "n40", "vlan": 40}]',
        "/device.json": b'{"name": "AP1"}',
    }
    seen = unifi.DRIVER.parse(files)
    assert seen.hostname == "AP1"
    assert seen.ssids == (
        Ssid("Invités", 50, "open", isolated=True, bands=frozenset({"2.4", "5"})),
        Ssid("L’école", 40, "wpa3-personal", hidden=True, bands=frozenset({"5"})),
    )


NAMES = [
    "psk",
    "secret",
    "x_passphrase",
    "x_iapp_key",
    "x_radius_secret_1",
    "x_password",
    "apiKey",
    "communityString",
    "passphrase",
    "authKey",
    "privateKey",
    "radiusSecret",
    "x_ssh_password",
    "token",
    "userPassword",
    "wep_key",
]


@given(SECRETS, st.sampled_from(NAMES))
@settings(max_examples=60, deadline=None)
def test_no_planted_secret_survives(secret: str, name: str) -> None:
    answer = [
        {
            "name": "L’école",
            "enabled": True,
            "vlan": 40,
            name: secret,
            "deep": [{name: [secret]}, {name: {"a": secret}}],
        }
    ]
    shown = unifi.DRIVER.redact(unifi.WLANS, json.dumps(answer))
    assert shown is not None
    assert secret not in shown
    kept = json.loads(shown)[0]
    assert (kept["name"], kept["enabled"], kept["vlan"]) == ("L’école", True, 40)


@pytest.mark.parametrize("text", ["", "{", "[" * MEBIBYTE, "NaN" * 3])
def test_what_is_not_json_has_no_readable_copy(text: str) -> None:
    assert meraki.DRIVER.redact(meraki.SSIDS, text) is None
    assert meraki.DRIVER.redact("/etc/passwd", "{}") is None


def test_a_mebibyte_takes_linear_time() -> None:
    text = json.dumps([{"name": f"port {n}", "psk": "x" * 20, "vlan": n} for n in range(16_000)])
    assert seconds(lambda written: meraki.DRIVER.redact(meraki.SSIDS, written), text) < LIMIT
    assert (
        seconds(lambda written: meraki.DRIVER.redact(meraki.SSIDS, written), json.dumps(["a" * MEBIBYTE]))
        < 1.0
    )
