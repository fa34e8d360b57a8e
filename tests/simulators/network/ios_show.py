"""What a simulated Catalyst shows, in the vendor's format."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.simulators.network.grammar import ranges
from tests.simulators.network.section import Line, Section, natural

if TYPE_CHECKING:
    from tests.simulators.network.ios import IosDevice


def piped(text: str, pipe: str) -> str:
    """What ``| include``, ``| exclude``, ``| begin`` and ``| section`` leave."""
    word, _, pattern = pipe.strip().partition(" ")
    lines = text.split("\n")
    if "include".startswith(word):
        return "\n".join(line for line in lines if re.search(pattern, line)) + "\n"
    if "exclude".startswith(word):
        return "\n".join(line for line in lines if not re.search(pattern, line))
    if "begin".startswith(word):
        start = next((at for at, line in enumerate(lines) if re.search(pattern, line)), len(lines))
        return "\n".join(lines[start:])
    kept, inside = [], False
    for line in lines:
        inside = bool(re.search(pattern, line)) or (inside and line.startswith(" "))
        if inside:
            kept.append(line)
    return "\n".join(kept) + "\n"


def body(section: Section, depth: int = 0) -> Iterator[str]:
    """The lines of a section, with those below them."""
    for line in section.ordered():
        yield from written(line, depth)


def written(line: Line, depth: int) -> Iterator[str]:
    yield " " * depth + line.text
    yield from (more if "banner" in line.text else " " * depth + more for more in line.more)
    if line.section is not None:
        yield from body(line.section, depth + 1)


def text_of(device: IosDevice, section: Section, vlans: Section) -> str:
    """A configuration as IOS prints it: blocks closed by exclamation marks, VLANs where VTP leaves them."""
    whole = section.copy()
    if device.vlans_are_configuration:
        for key, line in vlans.lines.items():
            if key != "vlan 1":
                whole.lines[key] = line
        whole.put("vtp mode", f"vtp mode {device.vtp_mode}", device.vlan_rank - 2)
        if device.vtp_domain:
            whole.put("vtp domain", f"vtp domain {device.vtp_domain}", device.vlan_rank - 2)
    out, before = [f"version {device.version}"], -1
    for line in whole.ordered():
        if line.section is not None or line.rank != before or line.more:
            out.append("!")
        out += written(line, 0)
        before = line.rank
    return "\n".join([*out, "!", "end", ""])


def running(device: IosDevice) -> str:
    text = text_of(device, device.running, device.vlans)
    device.shown = getattr(device, "shown", 0) + 1
    minute = f"{device.shown // 60 % 24:02}:{device.shown % 60:02}"
    return (
        f"Building configuration...\n\nCurrent configuration : {len(text)} bytes\n!\n"
        f"! Last configuration change at {minute}:29 UTC Mon Nov 30 2026 by admin\n!\n{text}"
    )


def startup(device: IosDevice) -> str:
    if device.startup is None:
        return "startup-config is not present\n"
    text = text_of(device, device.startup, device.startup_vlans)
    head = "!\n! Last configuration change at 07:00:00 UTC Mon Nov 30 2026\n!\n"
    return f"Using {len(text)} out of 2097152 bytes\n{head}{text}"


def running_interface(device: IosDevice, name: str) -> str:
    line = device.running.lines.get(f"interface {name}")
    text = "\n".join(written(line, 0)) if line else ""
    return f"Building configuration...\n\nCurrent configuration : {len(text)} bytes\n!\n{text}\nend\n"


def version(device: IosDevice) -> str:
    name = (device.running.get("hostname") or "hostname Switch").partition(" ")[2]
    return (
        f"Cisco IOS XE Software, Version {device.version}.03\n"
        f"Cisco IOS Software [Dublin], Catalyst L3 Switch Software (CAT9K_IOSXE), Version {device.version}.3, "
        "RELEASE SOFTWARE (fc2)\nTechnical Support: http://www.cisco.com/techsupport\n"
        f"ROM: IOS-XE ROMMON\n{name} uptime is 1 week, 2 days, 3 hours, 4 minutes\n"
        'System returned to ROM by Reload Command\nSystem image file is "flash:packages.conf"\n'
        "Last reload reason: Reload Command\n\n"
        "cisco C9200L-24T-4G (ARM64) processor with 519006K/3071K bytes of memory.\n"
        f"Processor board ID {device.serial}\n"
        "Base Ethernet MAC Address          : 02:00:5e:00:53:01\n"
        "Model Number                       : C9200L-24T-4G\n"
        f"System Serial Number               : {device.serial}\n"
        "Configuration register is 0x102\n"
    )


def inventory(device: IosDevice) -> str:
    return f'NAME: "Switch 1", DESCR: "C9200L-24T-4G"\nPID: C9200L-24T-4G     , VID: V01  , SN: {device.serial}\n\n'


def switch(device: IosDevice) -> str:
    second = (
        " 2       Member   0000.0000.0000     1              Removed         \n"
        if device.missing_member
        else ""
    )
    return (
        "Switch/Stack Mac Address : 0200.5e00.5301 - Local Mac Address\nMac persistency wait time: Indefinite\n"
        "                                             H/W   Current\n"
        "Switch#   Role    Mac Address     Priority Version  State \n"
        "-------------------------------------------------------------------------------------\n"
        f"*1       Active   0200.5e00.5301     1      V01     Ready                \n{second}\n"
    )


def _physical(device: IosDevice) -> Iterator[tuple[str, Section]]:
    from tests.simulators.network.ios_grammar import short

    for key in sorted(device.running.beginning("interface "), key=natural):
        name = key.removeprefix("interface ")
        section = device.running.child(key)
        if section is not None and "/" in name:
            yield short(name), section


def names(device: IosDevice) -> dict[int, str]:
    """VLAN names by number."""
    found = {}
    for key, line in device.vlans.lines.items():
        number = int(key.split()[1])
        given = line.section.get("name") if line.section else None
        found[number] = (
            given.partition(" ")[2].strip('"') if given else "default" if number == 1 else f"VLAN{number:04}"
        )
    return dict(sorted(found.items()))


def vlan(device: IosDevice) -> str:
    access: dict[int, list[str]] = {}
    for port, section in _physical(device):
        if section.get("switchport mode") != "switchport mode trunk":
            access.setdefault(min(device.carried(section)), []).append(port)
    out = ["", "VLAN Name                             Status    Ports",
           "---- -------------------------------- --------- -------------------------------"]  # fmt: skip
    reserved = {
        1002: "fddi-default",
        1003: "token-ring-default",
        1004: "fddinet-default",
        1005: "trnet-default",
    }
    for number, name in sorted((names(device) | reserved).items()):
        ports = access.get(number, [])
        state = "act/unsup" if number in reserved else "active"
        out.append(f"{number:<4} {name:<32} {state:<9} {', '.join(ports[:4])}")
        out += [" " * 48 + ", ".join(ports[at : at + 4]) for at in range(4, len(ports), 4)]
    return "\n".join(out) + "\n"


def vtp_status(device: IosDevice) -> str:
    return (
        "VTP Version capable             : 1 to 3\nVTP version running             : 1\n"
        f"VTP Domain Name                 : {device.vtp_domain}\nVTP Pruning Mode                : Disabled\n"
        "VTP Traps Generation            : Disabled\nDevice ID                       : 0200.5e00.5301\n\n"
        "Feature VLAN:\n--------------\n"
        f"VTP Operating Mode                : {device.vtp_mode.capitalize()}\n"
        "Maximum VLANs supported locally   : 1005\n"
        f"Number of existing VLANs          : {len(device.vlans.lines) + 4}\nConfiguration Revision            : 0\n"
    )


def vtp_password(device: IosDevice) -> str:
    return (
        f"VTP Password: {device.vtp_password}\n"
        if device.vtp_password
        else "The VTP password is not configured.\n"
    )


def switchport(device: IosDevice) -> str:
    known = names(device)
    out = []
    for port, section in _physical(device):
        mode = (section.get("switchport mode") or "switchport mode dynamic auto").partition("mode ")[2]
        access = int((section.get("switchport access vlan") or "1").rpartition(" ")[2])
        native = int((section.get("switchport trunk native vlan") or "1").rpartition(" ")[2])
        voice = (section.get("switchport voice vlan") or "none").rpartition(" ")[2]
        carried = device.carried(section) if mode == "trunk" else set(range(1, 4095))
        everything = len(carried) == 4094
        shown = "ALL" if everything or mode != "trunk" else wrapped(carried) or "NONE"
        out.append(
            f"Name: {port}\nSwitchport: Enabled\nAdministrative Mode: {'static access' if mode == 'access' else mode}\n"
            f"Operational Mode: {'trunk' if mode == 'trunk' else 'static access'}\n"
            "Administrative Trunking Encapsulation: dot1q\nOperational Trunking Encapsulation: native\n"
            f"Negotiation of Trunking: {'Off' if mode == 'access' or section.get('switchport nonegotiate') else 'On'}\n"
            f"Access Mode VLAN: {access} ({known.get(access, 'Inactive')})\n"
            f"Trunking Native Mode VLAN: {native} ({known.get(native, 'Inactive')})\n"
            f"Administrative Native VLAN tagging: enabled\nVoice VLAN: {voice}\n"
            "Administrative private-vlan host-association: none\nAdministrative private-vlan mapping: none\n"
            "Operational private-vlan: none\n"
            f"Trunking VLANs Enabled: {shown}\nPruning VLANs Enabled: 2-1001\nCapture Mode Disabled\n"
            "Capture VLANs Allowed: ALL\n\nProtected: false\nAppliance trust: none\n"
        )
    return "\n".join(out)


def wrapped(carried: set[int]) -> str:
    """A list of VLANs over as many lines as it takes."""
    lines = [""]
    for part in ranges(carried).split(","):
        if len(lines[-1]) + len(part) > 50:
            lines.append("     ")
        lines[-1] += f"{part},"
    return "\n".join(lines).rstrip(",")


def status(device: IosDevice) -> str:
    out = ["", "Port      Name               Status       Vlan       Duplex  Speed Type"]
    for port, section in _physical(device):
        name = (section.get("description") or "").partition(" ")[2][:18]
        state = "disabled" if section.get("shutdown") else "notconnect"
        vlan_ = (
            "trunk"
            if section.get("switchport mode") == "switchport mode trunk"
            else str(min(device.carried(section)))
        )
        out.append(f"{port:<9} {name:<18} {state:<12} {vlan_:<10}   auto   auto 10/100/1000BaseTX")
    return "\n".join(out) + "\n"


def snmp_user(device: IosDevice) -> str:
    return "\n".join(
        f"User name: {name}\nEngine ID: 80000009030002005E005301\nstorage-type: nonvolatile        active\n"
        f"Authentication Protocol: {user['auth'] or 'None'}\nPrivacy Protocol: {user['priv'] or 'None'}\n"
        f"Group-name: {user['group']}\n"
        for name, user in sorted(device.snmp_users.items())
    )


def archive(device: IosDevice) -> str:
    section = device.running.child("archive")
    if section is None or not section.get("path"):
        return "Archive feature not enabled\n"
    return "The maximum archive configurations allowed is 10.\nThere are currently 0 archive configurations saved.\n"


def etherchannel(device: IosDevice) -> str:
    out = ["Flags:  D - down        P - bundled in port-channel", "", "Group  Port-channel  Protocol    Ports",
           "------+-------------+-----------+-----------------------------------------------"]  # fmt: skip
    for key in device.running.beginning("interface Port-channel"):
        number = key.rpartition("channel")[2]
        members = [port for port, section in _physical(device)
                   if (section.get("channel-group") or "").startswith(f"channel-group {number} ")]  # fmt: skip
        out.append(
            f"{number:<6} Po{number}(SU)        LACP      {' '.join(f'{port}(P)' for port in members)}"
        )
    return "\n".join(out) + "\n"


def mac_table(device: IosDevice) -> str:
    return (
        "          Mac Address Table\n-------------------------------------------\n\n"
        "Vlan    Mac Address       Type        Ports\n----    -----------       --------    -----\n"
        " All    0100.0ccc.cccc    STATIC      CPU\nTotal Mac Addresses for this criterion: 1\n"
    )
