"""Wanted files of an OpenWrt access point, and the lines of ``uci batch`` that lead to them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from reversibility.platforms import uci
from reversibility.platforms.driver import ChangeRefused, Files, UnknownGrammar
from reversibility.platforms.model import Configuration, Radio, Ssid
from reversibility.platforms.secret_names import secret
from reversibility.platforms.shell_driver import Goal
from reversibility.platforms.wifi_hours import Hours

WIRELESS, NETWORK, SYSTEM = "/etc/config/wireless", "/etc/config/network", "/etc/config/system"
CRONTAB, SHADOW = "/etc/crontabs/root", "/etc/shadow"
HOURS = "cartable_hours"
"""Option of a section: the hours of its SSID, which cron keeps."""
BANDS = {"2g": "2.4", "5g": "5", "6g": "6", "11g": "2.4", "11a": "5"}
_MARK = "# cartable"
_WRITTEN = {
    "open": "none",
    "owe": "owe",
    "wpa2-personal": "psk2+ccmp",
    "wpa3-personal": "sae+ccmp",
    "wpa2-enterprise": "wpa2+ccmp",
    "wpa3-enterprise": "wpa3+ccmp",
}


def read(files: Files, path: str) -> list[uci.Section]:
    """The sections of a file; none where it is absent. Raises UnknownGrammar."""
    try:
        return uci.read(files.get(path, b"").decode("utf-8", "replace"))
    except uci.UciError as error:
        raise UnknownGrammar(f"{path}: {error}") from error


def radios_of(sections: Sequence[uci.Section]) -> dict[str, str]:
    """The band of each radio, by its section."""
    return {
        s.name: BANDS.get(s.text("band") or s.text("hwmode"), "") for s in sections if s.type == "wifi-device"
    }


def goal(wanted: Configuration, files: Files) -> Goal:
    """Every file that is managed. Raises ChangeRefused."""
    wireless, network = read(files, WIRELESS), read(files, NETWORK)
    interfaces = wireless_interfaces(wanted, radios_of(wireless), {s.name: s for s in wireless if s.name})
    used = {section.text("device") for section in interfaces}
    given = {radio.name: radio for radio in wanted.radios}
    if unknown := sorted(given.keys() - radios_of(wireless).keys()):
        raise ChangeRefused([f"the device has no radio {', '.join(unknown)}"])
    kept = [s for s in wireless if s.type != "wifi-iface" or s.text("mode", "ap") != "ap"]
    kept = [
        _radio(s, wanted, given.get(s.name)) if s.type == "wifi-device" and s.name in used else s
        for s in kept
    ]
    return {
        **(
            {} if wanted.syslog is None else {SYSTEM: uci.write(_logging(wanted.syslog, read(files, SYSTEM)))}
        ),
        WIRELESS: uci.write([*kept, *interfaces]),
        NETWORK: uci.write(_networks(wanted, network)),
        CRONTAB: _crontab(files.get(CRONTAB, b"").decode("utf-8", "replace"), interfaces),
    }


def wireless_interfaces(
    wanted: Configuration, radios: Mapping[str, str], known: Mapping[str, uci.Section]
) -> list[uci.Section]:
    """One section for each SSID and band. ``known`` are the present ones, whose hours cron keeps.

    Raises ChangeRefused.
    """
    reasons = [
        f"{s.name}: a name has 1 to 32 bytes" for s in wanted.ssids if not 0 < len(s.name.encode()) <= 32
    ]
    sections = []
    for index, ssid in enumerate(wanted.ssids):
        if ssid.security.endswith("enterprise") and not wanted.radius:
            reasons.append(f"{ssid.name}: no RADIUS server is declared (network_radius)")
            continue
        if ssid.portal:
            reasons.append(f"{ssid.name}: OpenWrt has no captive portal that is set here")
        carried = [radio for radio in sorted(radios) if _carries(radio, radios[radio], ssid, wanted)]
        if not carried:
            reasons.append(f"{ssid.name}: no radio of the device carries it")
        for radio in carried:
            name = f"cartable_{index}_{re.sub('[^A-Za-z0-9_]', '_', radio)}"
            sections.append(
                uci.Section("wifi-iface", name, _options(ssid, radio, wanted.radius or (), known.get(name)))
            )
    if reasons:
        raise ChangeRefused(reasons)
    return sections


def _carries(radio: str, band: str, ssid: Ssid, wanted: Configuration) -> bool:
    names = next((one.ssids for one in wanted.radios if one.name == radio), frozenset())
    return (not ssid.bands or band in ssid.bands) and (not names or ssid.name in names)


def _options(
    ssid: Ssid, radio: str, radius: Sequence[str], known: uci.Section | None
) -> dict[str, str | list[str]]:
    options: dict[str, str | list[str]] = {
        "device": radio,
        "mode": "ap",
        "network": f"vlan{ssid.vlan}" if ssid.vlan else "lan",
        "ssid": ssid.name,
        "encryption": _WRITTEN[ssid.security],
    }
    if ssid.security.endswith("personal"):
        options["key"] = secret(f"wifi/{ssid.name}")
    if ssid.security.endswith("enterprise"):
        options |= {
            "auth_server": radius[0],
            "auth_port": "1812",
            "auth_secret": secret(f"radius/{radius[0]}"),
        }
    options |= {name: "1" for name, on in (("isolate", ssid.isolated), ("hidden", ssid.hidden)) if on}
    if not ssid.enabled:
        options["disabled"] = "1"
    elif ssid.hours:
        options[HOURS] = ssid.hours
        options["disabled"] = known.text("disabled", "0") if known is not None and known.text(HOURS) else "0"
    return options


def _radio(section: uci.Section, wanted: Configuration, radio: Radio | None) -> uci.Section:
    """A radio that is on, with its country and its channel: OpenWrt comes with its radios off."""
    options = {name: value for name, value in section.options.items() if name != "disabled"}
    options["country"] = wanted.country or "FR"
    if radio is not None:
        options["channel"] = radio.channel
    return replace(section, options=options)


def _networks(wanted: Configuration, network: Sequence[uci.Section]) -> list[uci.Section]:
    """A bridge and an interface without an address for each VLAN of an SSID. Raises ChangeRefused."""
    numbers = sorted({ssid.vlan for ssid in wanted.ssids if ssid.vlan})
    names = {s.name for s in network if s.type == "interface"}
    if not wanted.uplink:
        if missing := [f"vlan{n}" for n in numbers if f"vlan{n}" not in names]:
            raise ChangeRefused([f"the device has no network {', '.join(missing)}: declare network_uplink"])
        return list(network)
    ours = {f"cartable_br{n}" for n in numbers} | {f"vlan{n}" for n in numbers}
    kept = [s for s in network if s.name not in ours and not _is_made_here(s)]
    for number in numbers:
        bridge = f"br-vlan{number}"
        ports: dict[str, str | list[str]] = {
            "name": bridge,
            "type": "bridge",
            "ports": [f"{wanted.uplink}.{number}"],
        }
        kept.append(uci.Section("device", f"cartable_br{number}", ports))
        kept.append(uci.Section("interface", f"vlan{number}", {"device": bridge, "proto": "none"}))
    return kept


def log_hosts(sections: Sequence[uci.Section]) -> tuple[str, ...]:
    """Where logd sends the lines: an address for UDP to port 514, else address, protocol and port."""
    system = next((s for s in sections if s.type == "system"), None)
    if system is None or not system.text("log_ip"):
        return ()
    how = (system.text("log_proto", "udp"), system.text("log_port", "514"))
    return (system.text("log_ip") if how == ("udp", "514") else " ".join((system.text("log_ip"), *how)),)


def _logging(wanted: Sequence[str], sections: Sequence[uci.Section]) -> list[uci.Section]:
    """The file ``system`` with one log host. Raises ChangeRefused.

    logd sends by UDP and TCP, to one host (openwrt.org, "Logging messages").
    """
    if len(wanted) > 1 or any(" " in host for host in wanted):
        raise ChangeRefused(["OpenWrt sends its logs to one server, by UDP to port 514"])
    if not any(section.type == "system" for section in sections):
        raise ChangeRefused(["/etc/config/system has no section “system”"])
    goal_ = []
    for section in sections:
        options = {k: v for k, v in section.options.items() if k not in ("log_ip", "log_port", "log_proto")}
        if section.type == "system":
            options |= {"log_ip": wanted[0], "log_port": "514", "log_proto": "udp"} if wanted else {}
            section = replace(section, options=options)
        goal_.append(section)
    return goal_


def _is_made_here(section: uci.Section) -> bool:
    match = re.fullmatch(r"vlan(\d+)", section.name)
    own = (
        match is not None
        and section.text("device") == f"br-vlan{match[1]}"
        and section.text("proto") == "none"
    )
    return own or section.name.startswith("cartable_br")


def _crontab(text: str, interfaces: Sequence[uci.Section]) -> str:
    """The lines of others, then one that turns each SSID with hours on and one that turns it off."""
    lines = [line for line in text.splitlines() if not line.endswith(_MARK)]
    for section in interfaces:
        if section.text(HOURS):
            hours = Hours.read(section.text(HOURS))
            for time, off in ((hours.on, 0), (hours.off, 1)):
                turned = (
                    f"uci set wireless.{section.name}.disabled={off} && uci commit wireless && wifi reload"
                )
                lines.append(f"{hours.cron(time)} {turned} {_MARK}")
    return "".join(f"{line}\n" for line in lines)


def same(one: str, other: str) -> bool:
    """Whether two UCI files say the same: the order of named sections and of options says nothing."""

    def said(text: str) -> tuple[dict[str, uci.Section], list[uci.Section]]:
        sections = uci.read(text)
        return {s.name: s for s in sections if s.name}, [s for s in sections if not s.name]

    return said(one) == said(other)


def batch(config: str, old: Sequence[uci.Section], new: Sequence[uci.Section]) -> Iterator[str]:
    """The lines of ``uci batch`` from ``old`` to ``new``.

    A section without a name is changed where it is the only one of its type; others are kept or deleted.
    """
    for kind in sorted(_alone(old) & _alone(new)):
        [was], [goes] = ([s for s in sections if s.type == kind] for sections in (old, new))
        yield from _options_changed(f"{config}.@{kind}[0]", was.options, goes.options)
        old, new = ([s for s in sections if s.type != kind] for sections in (old, new))
    yield from _without_names(config, old, [s for s in new if not s.name])
    have, goal_ = ({s.name: s for s in sections if s.name} for sections in (old, new))
    for name, section in have.items():
        if name not in goal_ or goal_[name].type != section.type:
            yield f"delete {config}.{name}"
    for name, section in goal_.items():
        before: Mapping[str, str | list[str]] = {}
        if name in have and have[name].type == section.type:
            before = have[name].options
        else:
            yield f"set {config}.{name}={section.type}"
        yield from _options_changed(f"{config}.{name}", before, section.options)


def _alone(sections: Sequence[uci.Section]) -> set[str]:
    """Types of which there is one section, without a name."""
    types = [section.type for section in sections]
    return {s.type for s in sections if not s.name and types.count(s.type) == 1}


def _options_changed(
    where: str, before: Mapping[str, str | list[str]], after: Mapping[str, str | list[str]]
) -> Iterator[str]:
    yield from (f"delete {where}.{option}" for option in before if option not in after)
    for option, value in after.items():
        if before.get(option) != value:
            yield from _set(f"{where}.{option}", value, option in before)


def _set(where: str, value: str | list[str], there: bool) -> Iterator[str]:
    if isinstance(value, str):
        yield f"set {where}={uci.quote(value)}"
        return
    if there:
        yield f"delete {where}"
    yield from (f"add_list {where}={uci.quote(item)}" for item in value)


def _without_names(config: str, old: Sequence[uci.Section], kept: list[uci.Section]) -> Iterator[str]:
    counts: dict[str, int] = {}
    gone = []
    left = list(kept)
    for section in old:
        index = counts.get(section.type, 0)
        counts[section.type] = index + 1
        if section.name:
            continue
        if section in left:
            left.remove(section)
        else:
            gone.append((section.type, index))
    yield from (f"delete {config}.@{kind}[{index}]" for kind, index in reversed(gone))
