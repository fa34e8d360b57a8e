"""hostapd: SSIDs are rendered and read back, planted secrets never survive."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reversibility.platforms import hostapd_files
from reversibility.platforms.differences import differences
from reversibility.platforms.driver import ChangeRefused, UnknownGrammar
from reversibility.platforms.hostapd import DRIVER
from reversibility.platforms.model import Configuration, Radio, Ssid
from tests.unit.platforms.planted import LIMIT, SECRETS, SLOW, seconds

PATH = "/etc/hostapd/hostapd.conf"
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
    max_size=4,
    unique_by=lambda ssid: ssid.name,
)


@given(SSIDS)
@settings(deadline=None)
def test_what_is_rendered_is_parsed_back(ssids: list[Ssid]) -> None:
    wanted = Configuration(ssids=tuple(ssids), radius=("198.51.100.9",))
    seen = DRIVER.parse({PATH: DRIVER.render(wanted).encode()})
    assert list(differences(Configuration(ssids=wanted.ssids), seen)) == []


SCHOOL = Configuration(
    hostname="AP250001",
    ssids=(
        Ssid("Personnel", 30, "wpa3-enterprise"),
        Ssid("Invités", 50, "wpa2-personal", isolated=True),
        Ssid("Visiteurs", 50, "owe", isolated=True),
    ),
    radios=(Radio("wlan0", "2.4", "1"), Radio("wlan1", "5", "36")),
    radius=("198.51.100.9",),
    radius_vlans=frozenset({30, 50}),
)


def test_a_station_with_802_1x_comes_into_the_vlan_that_radius_answers() -> None:
    files = hostapd_files.goal(SCHOOL)
    assert files["/etc/hostapd/wlan1.vlan"] == "30 wlan1.30 br30\n50 wlan1.50 br50\n"
    block = (files["/etc/hostapd/wlan1.conf"] or "").partition("bss=")[0].splitlines()
    assert {"dynamic_vlan=1", "vlan_file=/etc/hostapd/wlan1.vlan", "bridge=br30"} <= set(block)
    assert "nas_identifier=AP250001" in block
    without = hostapd_files.goal(replace(SCHOOL, radius_vlans=frozenset()))
    assert "vlan" not in (without["/etc/hostapd/hostapd.conf"] or "")
    assert DRIVER.redact("/etc/hostapd/wlan1.vlan", "30 wlan1.30 br30\n") == "30 wlan1.30 br30\n"
    with pytest.raises(ChangeRefused, match="too long"):
        hostapd_files.goal(
            replace(
                SCHOOL,
                radios=(Radio("wlanlong12", "5"),),
                ssids=SCHOOL.ssids[::-1],
                radius_vlans=frozenset({1234}),
            )
        )


def test_the_ports_of_all_guests_are_isolated_before_hostapd_starts() -> None:
    files = hostapd_files.goal(SCHOOL)
    assert 'Environment="GUESTS=wlan0_1 wlan0_2 wlan1_1 wlan1_2"\n' in (files[hostapd_files.ISOLATION] or "")
    assert "Requires=cartable-wifi-isolation.service" in (files[hostapd_files.DROP_IN] or "")
    enterprise = replace(SCHOOL, ssids=(replace(SCHOOL.ssids[0], isolated=True),), radios=SCHOOL.radios[:1])
    assert '"GUESTS=wlan0 wlan0.30 wlan0.50"\n' in (
        hostapd_files.goal(enterprise)[hostapd_files.ISOLATION] or ""
    )
    alone = hostapd_files.goal(replace(SCHOOL, ssids=SCHOOL.ssids[:1]))
    assert (alone[hostapd_files.ISOLATION], alone[hostapd_files.DROP_IN]) == (None, None)


SECRET_SETTINGS = [
    "wpa_passphrase",
    "wpa_psk",
    "sae_password",
    "auth_server_shared_secret",
    "acct_server_shared_secret",
    "radius_das_client",
    "private_key_passwd",
    "wep_key0",
    "ap_pin",
    "r0kh",
    "r1kh",
    "eap_user_file",
    "wpa_psk_file",
    "dpp_netaccesskey",
]


@given(SECRETS, st.sampled_from(SECRET_SETTINGS))
@settings(max_examples=60, deadline=None)
def test_no_planted_secret_survives(secret: str, name: str) -> None:
    text = (
        f"interface=wlan0\n# old key: {secret}\nssid=L'école\n{name}=198.51.100.9 {secret}|vlanid=3\n"
        f"ap_isolate=1\n"
    )
    shown = DRIVER.redact(PATH, text)
    assert shown == f"interface=wlan0\nssid=L'école\n{name}=<secret>\nap_isolate=1\n"


@pytest.mark.parametrize("text", ["interface wlan0\n", "a=b\n\x00", "[section]\n"])
def test_what_is_no_setting_is_refused(text: str) -> None:
    assert DRIVER.redact(PATH, text) is None
    if "\x00" not in text:
        with pytest.raises(UnknownGrammar):
            DRIVER.parse({PATH: text.encode()})


def test_an_enterprise_ssid_without_a_server_is_refused() -> None:
    with pytest.raises(ChangeRefused, match="RADIUS"):
        DRIVER.render(Configuration(ssids=(Ssid("x", 10, "wpa3-enterprise"),)))


@pytest.mark.parametrize("case", SLOW)
def test_a_mebibyte_takes_linear_time(case: str) -> None:
    assert seconds(lambda text: DRIVER.redact(PATH, text), "interface=wlan0\nssid=" + SLOW[case]) < LIMIT
