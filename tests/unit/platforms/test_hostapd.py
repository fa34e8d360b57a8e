"""hostapd: SSIDs are rendered and read back, planted secrets never survive."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reversibility.platforms.differences import differences
from reversibility.platforms.driver import ChangeRefused, UnknownGrammar
from reversibility.platforms.hostapd import DRIVER
from reversibility.platforms.model import Configuration, Ssid
from tests.unit.platforms.planted import SECRETS, SLOW, seconds

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
def test_a_mebibyte_takes_less_than_a_second(case: str) -> None:
    assert seconds(lambda text: DRIVER.redact(PATH, text), "interface=wlan0\nssid=" + SLOW[case]) < 1.0
