"""Wanted files of a Linux access point: one configuration a radio, and systemd's units beside them.

Debian's ``hostapd.service`` reads ``hostapd.conf``, the first radio's; ``DAEMON_OPTS`` names the files of the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from reversibility.platforms.driver import ChangeRefused
from reversibility.platforms.model import Configuration, Radio, Ssid
from reversibility.platforms.secret_names import secret
from reversibility.platforms.shell_driver import Goal
from reversibility.platforms.wifi_hours import Hours

FOLDER = "/etc/hostapd"
FIRST = f"{FOLDER}/hostapd.conf"
DEFAULTS = "/etc/default/hostapd"
DROP_IN = "/etc/systemd/system/hostapd.service.d/cartable.conf"
ISOLATION = "/etc/systemd/system/cartable-wifi-isolation.service"
TIMERS = {
    "on": "/etc/systemd/system/cartable-wifi-on.timer",
    "off": "/etc/systemd/system/cartable-wifi-off.timer",
}
_VERB = {"on": "start", "off": "stop"}
_LONGEST_NAME = 15  # of an interface of Linux
_INTERFACE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,9}")
_MODES = {"2.4": "g", "5": "a"}
_WRITTEN = {
    "wpa2-personal": ("WPA-PSK", "1"),
    "wpa3-personal": ("SAE", "2"),
    "owe": ("OWE", "2"),
    "wpa2-enterprise": ("WPA-EAP", "1"),
    "wpa3-enterprise": ("WPA-EAP-SHA256", "2"),
}
DEFAULT_RADIO = Radio("wlan0")


def quoted(ssid: str) -> str:
    """An SSID's line: in hexadecimal where hostapd would lose something, blanks at the end for example."""
    if re.fullmatch(r"[!-~](?:[ -~]*[!-~])?", ssid):
        return f"ssid={ssid}"
    return f"ssid2={ssid.encode().hex()}"


def goal(wanted: Configuration) -> Goal:
    """Every file that is managed. Raises ChangeRefused, with all reasons, for what hostapd takes and does not do."""
    radios = wanted.radios or (DEFAULT_RADIO,)
    reasons = [*_radio_problems(radios, wanted), *_ssid_problems(wanted, radios)]
    if reasons:
        raise ChangeRefused(reasons)
    files: dict[str, str | None] = {}
    others = []
    for radio in radios:
        carried = ssids_of(radio, wanted)
        path = f"{FOLDER}/{radio.name}.conf" if files else FIRST
        if not carried:
            raise ChangeRefused([f"{radio.name}: no SSID is declared for this radio"])
        others += [path] if files else []
        files[path] = radio_file(radio, carried, wanted)
        files |= _vlan_files(radio, carried, wanted)
    files[DEFAULTS] = f'# Further radios.\nDAEMON_OPTS="{" ".join(others)}"\n'
    files[ISOLATION], files[DROP_IN] = _isolation(wanted, radios)
    hours = {ssid.hours for ssid in wanted.ssids if ssid.enabled}
    for verb, path in TIMERS.items():
        units = _timer(verb, Hours.read(next(iter(hours)))) if hours not in (set(), {""}) else (None, None)
        files[path], files[path.replace(".timer", ".service")] = units
    return files


def ssids_of(radio: Radio, wanted: Configuration) -> tuple[Ssid, ...]:
    """The SSIDs that a radio carries."""
    return tuple(
        ssid
        for ssid in wanted.ssids
        if ssid.enabled
        and (not ssid.bands or not radio.band or radio.band in ssid.bands)
        and (not radio.ssids or ssid.name in radio.ssids)
    )


def interface(radio: Radio, index: int) -> str:
    """The interface of a radio's SSID."""
    return radio.name if index == 0 else f"{radio.name}_{index}"


def vlan_file(name: str) -> str:
    """The file that says in which bridge the stations of a VLAN are, for the SSID of an interface."""
    return f"{FOLDER}/{name}.vlan"


def radio_file(radio: Radio, ssids: Sequence[Ssid], wanted: Configuration) -> str:
    """The configuration of one radio; keys are named, see secret_names.py."""
    lines = [f"interface={radio.name}"]
    if radio.band:
        lines += [
            f"driver={radio.driver}",
            "ctrl_interface=/run/hostapd",
            *_country(radio, wanted),
            f"hw_mode={_MODES[radio.band]}",
            f"channel={'0' if radio.channel == 'auto' else radio.channel}",
            "ieee80211n=1",
        ]
    for index, ssid in enumerate(ssids):
        lines += [f"bss={interface(radio, index)}"] if index else []
        lines += _block(ssid, interface(radio, index), wanted)
    return "\n".join([*lines, ""])


def _country(radio: Radio, wanted: Configuration) -> tuple[str, ...]:
    """The rules of the air; without a radio hostapd would wait for a kernel that knows none."""
    return () if radio.driver == "none" else (f"country_code={wanted.country or 'FR'}", "ieee80211d=1")


def _block(ssid: Ssid, name: str, wanted: Configuration) -> Iterator[str]:
    radius = wanted.radius or ()
    if ssid.vlan:
        yield f"bridge=br{ssid.vlan}"
    yield quoted(ssid.name)
    yield "utf8_ssid=1"
    yield f"ap_isolate={int(ssid.isolated)}"
    yield f"ignore_broadcast_ssid={int(ssid.hidden)}"
    if ssid.security in _WRITTEN:
        management, protected = _WRITTEN[ssid.security]
        yield "wpa=2"
        yield "rsn_pairwise=CCMP"
        yield f"wpa_key_mgmt={management}"
        yield f"ieee80211w={protected}"
    if ssid.security == "wpa3-personal":
        yield "sae_require_mfp=1"
        yield "sae_pwe=2"
    if ssid.security.endswith("personal"):
        yield f"wpa_passphrase={secret(f'wifi/{ssid.name}')}"
    if ssid.security.endswith("enterprise"):
        yield "ieee8021x=1"
        if wanted.hostname:
            yield f"nas_identifier={wanted.hostname}"
        yield f"auth_server_addr={radius[0]}"
        yield "auth_server_port=1812"
        yield f"auth_server_shared_secret={secret(f'radius/{radius[0]}')}"
        if wanted.radius_vlans:  # the SSID's own VLAN for an answer without one; another answer is refused
            yield "dynamic_vlan=1"
            yield "vlan_naming=1"
            yield f"vlan_file={vlan_file(name)}"


def _vlan_files(radio: Radio, ssids: Sequence[Ssid], wanted: Configuration) -> Iterator[tuple[str, str]]:
    """The VLANs that a RADIUS server may answer: hostapd makes an interface of each when its first station comes."""
    for index, ssid in enumerate(ssids):
        if _by_answer(ssid, wanted):
            name = interface(radio, index)
            lines = [f"{vlan} {name}.{vlan} br{vlan}\n" for vlan in sorted(wanted.radius_vlans)]
            yield vlan_file(name), "".join(lines)


def _by_answer(ssid: Ssid, wanted: Configuration) -> bool:
    return ssid.security.endswith("enterprise") and bool(wanted.radius_vlans)


# Whenever a link changes. hostapd puts its interfaces into their bridges long after it said that it runs (once the
# rules of the country are there, after the search for radars), and again each time that it starts anew by itself.
_ISOLATE = (
    "isolate() { for name in $$GUESTS; do port=/sys/class/net/$$name/brport/isolated; on=1; "
    "[ ! -e $$port ] || read -r on < $$port || on=1; [ $$on = 1 ] || echo 1 > $$port; done; }; "
    "/bin/ip monitor link | { isolate; while read -r change; do isolate; done; }"
)


def _isolation(wanted: Configuration, radios: Sequence[Radio]) -> tuple[str | None, str | None]:
    """Guests are held apart across SSIDs too: ``ap_isolate`` acts within one, the bridge's isolation between them.

    Returns the service that isolates the ports, and the drop-in without which hostapd would start without it.
    """
    names = []
    for radio in radios:
        for index, ssid in enumerate(ssids_of(radio, wanted)):
            if ssid.isolated and ssid.vlan:
                name = interface(radio, index)
                vlans = sorted(wanted.radius_vlans) if _by_answer(ssid, wanted) else ()
                names += [name, *(f"{name}.{vlan}" for vlan in vlans)]
    if not names:
        return None, None
    service = f"""# Guests of several SSIDs do not see each other: their ports in the bridges are isolated.
[Unit]
Description=Isolation of Wi-Fi guests
PartOf=hostapd.service
[Service]
Environment="GUESTS={" ".join(names)}"
ExecStart=/bin/sh -c '{_ISOLATE}'
Restart=always
RestartSec=1
"""
    unit = ISOLATION.rpartition("/")[2]
    return service, f"[Unit]\nRequires={unit}\nAfter={unit}\n"


def _timer(verb: str, hours: Hours) -> tuple[str, str]:
    when = hours.calendar(hours.on if verb == "on" else hours.off)
    timer = f"[Unit]\nDescription=Wi-Fi {verb}\n[Timer]\n{when}\n[Install]\nWantedBy=timers.target\n"
    service = (
        f"[Unit]\nDescription=Wi-Fi {verb}\n[Service]\nType=oneshot\n"
        f"ExecStart=/bin/systemctl {_VERB[verb]} hostapd.service\n"
    )
    return timer, service


def _radio_problems(radios: Sequence[Radio], wanted: Configuration) -> Iterator[str]:
    for radio in radios:
        if not _INTERFACE.fullmatch(radio.name) or (radio.name == "hostapd" and radio is not radios[0]):
            yield f"{radio.name}: this is no name of a radio's interface"
        if radio.band and radio.band not in _MODES:
            yield f"{radio.name}: this hostapd has no band of {radio.band} GHz"
        for index, ssid in enumerate(ssids_of(radio, wanted)):
            longest = f"{interface(radio, index)}.{max(wanted.radius_vlans, default=0)}"
            if _by_answer(ssid, wanted) and len(longest) > _LONGEST_NAME:
                yield f"{radio.name}: the name is too long for {longest}, the interface of a VLAN"
        if radio.channel != "auto" and not radio.channel.isdigit():
            yield f"{radio.name}: the channel {radio.channel} is no number"  # hostapd takes any text for 0


def _ssid_problems(wanted: Configuration, radios: Sequence[Radio]) -> Iterator[str]:
    if len({ssid.hours for ssid in wanted.ssids if ssid.enabled}) > 1:
        yield "hostapd turns a radio on and off as a whole: give all SSIDs of the site the same hours"
    for ssid in wanted.ssids:
        if not 0 < len(ssid.name.encode()) <= 32:
            yield f"{ssid.name}: a name has 1 to 32 bytes"
        if ssid.portal:
            yield f"{ssid.name}: hostapd has no captive portal"
        if ssid.security.endswith("enterprise") and not wanted.radius:
            yield f"{ssid.name}: no RADIUS server is declared (network_radius)"
        if ssid.enabled and not any(ssid in ssids_of(radio, wanted) for radio in radios):
            yield f"{ssid.name}: no radio of network_radios carries it"
