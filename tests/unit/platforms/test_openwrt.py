"""UCI: what is written reads back, what libuci refuses or silently changes is refused; OpenWrt's files on top of it."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reversibility.platforms import uci
from reversibility.platforms.differences import differences
from reversibility.platforms.driver import ChangeRefused, UnknownGrammar
from reversibility.platforms.model import Configuration, Ssid
from reversibility.platforms.openwrt import DRIVER
from reversibility.platforms.openwrt_plan import batch
from tests.unit.platforms.planted import LIMIT, SECRETS, SLOW, seconds

NAME = st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=8)
VALUE = st.text(
    st.one_of(st.sampled_from("'\"\\#; \t\n{}U$àé’"), st.characters(exclude_categories=["Cc", "Cs"])),
    min_size=1,
    max_size=20,
)
SECTIONS = st.lists(
    st.builds(
        uci.Section,
        st.text(string.ascii_letters + "-_", min_size=1, max_size=8),
        st.just(""),
        st.dictionaries(
            NAME,
            st.one_of(VALUE, st.lists(st.one_of(VALUE, st.just("")), min_size=1, max_size=3)),
            max_size=4,
        ),
    ),
    max_size=4,
)


@given(SECTIONS, st.lists(NAME, min_size=4, max_size=4, unique=True), st.booleans())
def test_what_is_written_reads_back(sections: list[uci.Section], names: list[str], named: bool) -> None:
    for section, name in zip(sections, names, strict=False):
        section.name = name if named else ""
    assert uci.read(uci.write(sections)) == sections


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("option k 'a'\\''b'", "a'b"),
        ("option k 'x'\"y\"z", "xyz"),
        ('option k "a\\nb\\"c"', 'anb"c'),
        ("option k 'deux\nlignes'", "deux\nlignes"),
        ("o k v", "v"),
        ("option k a\n\toption k b", "b"),
        ("option k v\n\toption k ''", "v"),
        ("option k 'abc' # commentaire", "abc"),
        ("option k 'abc' ;option j c", "abc"),
        ("option k '{'\\''U'", "{'U"),
        ("option k L’école", "L’école"),
        ("option k v\r\n", "v"),
    ],
)
def test_the_quoting_rules_of_libuci(text: str, value: str) -> None:
    assert uci.read(f"config a b\n\t{text}\n")[0].options["k"] == value


@pytest.mark.parametrize(
    "text",
    [
        "option k v\n",
        "config a\n\toption k a b\n",
        "config a\n\toption k\n",
        "Config a\n",
        "config a b-c\n",
        "config a\n\toption k-x v\n",
        "config 'a b'\n",
        "config a x\nconfig b x\n",
        "config a\n\toption k 'v\n",
        "config a\n\toption k 'v\0w'\n",
        "config a\n\toption k abc#def\n",
        "config a\n\toption k a;option j c\n",
        "config a b c\n",
    ],
)
def test_what_libuci_refuses_or_changes_silently_is_refused(text: str) -> None:
    with pytest.raises(uci.UciError):
        uci.read(text)


def test_sections_merge_and_lists_keep_empty_items() -> None:
    text = (
        "config a x\n\toption k 1\nconfig a x\n\tlist m ''\n\tlist m 2\n\toption o 1\n\tlist o 2\n"
        "\tlist p 1\n\toption p 2\n"
    )
    assert uci.read(text) == [uci.Section("a", "x", {"k": "1", "m": ["", "2"], "o": ["1", "2"], "p": "2"})]


WIRELESS = """
config wifi-device 'radio0'
	option type 'mac80211'
	option band '5g'
	option channel '36'

config wifi-iface 'default_radio0'
	option device 'radio0'
	option mode 'ap'
	option network 'vlan40'
	option ssid 'L’école'
	option encryption 'sae+ccmp'
	option key '@'
	option isolate '1'
"""
SECRET_OPTIONS = [
    "key",
    "key1",
    "auth_secret",
    "acct_secret",
    "dae_secret",
    "r0kh",
    "r1kh",
    "priv_key_pwd",
    "sae_password_file",
    "wps_pin",
    "password",
    "private_key",
    "preshared_key",
    "pin",
    "ppp_password",
    "psk",
    "apikey",
    "token",
    "identity_passwd",
]


@given(SECRETS, st.sampled_from(SECRET_OPTIONS))
@settings(max_examples=80, deadline=None)
def test_no_planted_secret_survives(secret: str, option: str) -> None:
    text = (
        WIRELESS.replace("@", secret)
        + f"\toption {option} {uci.quote(secret)}\n\tlist {option}s {uci.quote(secret)}\n"
    )
    text += f"\toption url 'https://u:{secret}@dyn.example/'\n"
    shown = DRIVER.redact("/etc/config/wireless", text)
    assert shown is not None
    assert secret not in shown


def test_what_is_no_secret_stays() -> None:
    shown = DRIVER.redact("/etc/config/wireless", WIRELESS)
    assert shown == WIRELESS.lstrip("\n").replace("'@'", "'<secret>'")


@pytest.mark.parametrize(
    ("path", "text"), [("/etc/shadow", "a"), ("/etc/config/a.b", ""), ("/etc/config/x", "option")]
)
def test_what_is_not_uci_has_no_readable_copy(path: str, text: str) -> None:
    assert DRIVER.redact(path, text) is None


@pytest.mark.parametrize("case", SLOW)
def test_a_mebibyte_takes_linear_time(case: str) -> None:
    assert seconds(lambda text: DRIVER.redact("/etc/config/wireless", text), WIRELESS + SLOW[case]) < LIMIT
    quoted = f"{WIRELESS}\toption long {uci.quote(SLOW[case].replace(chr(27), ''))}\n"
    assert seconds(lambda text: DRIVER.redact("/etc/config/wireless", text), quoted) < LIMIT


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
        st.booleans(),
        st.sampled_from([frozenset({"5"}), frozenset({"2.4"}), frozenset({"2.4", "5"})]),
    ),
    max_size=4,
    unique_by=lambda ssid: ssid.name,
)


@given(SSIDS)
@settings(deadline=None)
def test_wanted_ssids_are_written_and_read_back(ssids: list[Ssid]) -> None:
    wanted = Configuration(ssids=tuple(ssids), radius=("198.51.100.9",), uplink="eth0")
    device = WIRELESS + "\nconfig wifi-device 'radio1'\n\toption band '2g'\n"
    path = "/etc/config/wireless"
    text = str(DRIVER.planned(wanted, {path: device.encode()})[path])
    seen = DRIVER.parse({"/etc/config/wireless": text.encode()})
    assert list(differences(Configuration(ssids=wanted.ssids), seen)) == []
    assert [s.type for s in uci.read(text)][:2] == ["wifi-device", "wifi-device"]
    assert DRIVER.planned(wanted, {path: text.encode()})[path] == text
    assert list(batch("wireless", uci.read(text), uci.read(text))) == []


def test_a_key_with_every_quotation_mark_arrives_whole() -> None:
    key = "{'U\"# x "
    wanted = Configuration(ssids=(Ssid("L'école", 40, "wpa3-personal"),))
    text = DRIVER.filled("/etc/config/wireless", DRIVER.render(wanted), {"wifi/L'école": key})
    assert {section.text("key") for section in uci.read(text)} == {key}


def test_an_enterprise_ssid_needs_a_server_and_damage_is_said() -> None:
    with pytest.raises(ChangeRefused, match="RADIUS"):
        DRIVER.render(Configuration(ssids=(Ssid("x", 10, "wpa3-enterprise"),)))
    with pytest.raises(UnknownGrammar, match="line 1"):
        DRIVER.parse({"/etc/config/wireless": b"option k v\n"})
    assert DRIVER.problems({"/etc/config/wireless": b"option k v\n"}) == [
        "/etc/config/wireless: line 1: option before the first section"
    ]


SYSTEM = "/etc/config/system"


@given(
    st.sampled_from(["", " 'system'"]),
    st.sampled_from(
        ["", "\toption log_ip '192.0.2.9'\n\toption log_proto 'tcp'\n\toption log_port '1514'\n"]
    ),
    st.sampled_from([(), ("198.51.100.10",)]),
)
def test_the_log_host_is_written_and_read_back(name: str, before: str, hosts: tuple[str, ...]) -> None:
    """OpenWrt's own file has a section without a name."""
    text = f"config system{name}\n\toption hostname 'AP'\n{before}\nconfig timeserver 'ntp'\n\toption enabled '1'\n"
    files = {SYSTEM: text.encode(), "/etc/config/wireless": WIRELESS.encode()}
    assert DRIVER.parse(files).syslog == (("192.0.2.9 tcp 1514",) if before else ())
    wanted = Configuration(syslog=hosts)
    written = str(DRIVER.planned(wanted, files)[SYSTEM])
    assert DRIVER.parse({SYSTEM: written.encode()}).syslog == hosts
    assert ("log_" in written) is bool(hosts)
    assert DRIVER.same(
        SYSTEM, str(DRIVER.planned(wanted, {**files, SYSTEM: written.encode()})[SYSTEM]), written
    )
    lines = list(batch("system", uci.read(text), uci.read(written)))
    assert all(re.match(r"(set|delete) system\.(system|@system\[0\])\.log_", line) for line in lines), lines
    assert bool(lines) is bool(before or hosts)
    assert SYSTEM not in DRIVER.planned(Configuration(), files), "not declared, not changed"


@pytest.mark.parametrize("hosts", [("192.0.2.1 tls",), ("192.0.2.1", "192.0.2.2")])
def test_a_log_host_that_logd_cannot_serve_is_refused(hosts: tuple[str, ...]) -> None:
    with pytest.raises(ChangeRefused, match="one server, by UDP"):
        DRIVER.planned(Configuration(syslog=hosts), {SYSTEM: b"config system\n"})
