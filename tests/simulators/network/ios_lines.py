"""Lines of IOS that do more than stand in the configuration."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.simulators.network.grammar import Match, Mistake, numbers, ranges

if TYPE_CHECKING:
    from tests.simulators.network.ios import IosShell

ALLOWED = "switchport trunk allowed vlan"
LONG_NAME = (
    "%You must disable VTPv1 and VTPv2 or switch to VTPv3 "
    "before configuring a VLAN name longer than 32 characters"
)


def end(shell: IosShell, match: Match) -> None:
    shell.up_to(shell.first_mode)
    shell.mode = "exec"


def exit_mode(shell: IosShell, match: Match) -> None:
    shell.leave()


def exec_line(shell: IosShell, match: Match) -> str:
    return shell.execute(match.words[-1])


def nothing(shell: IosShell, match: Match) -> None:
    """Accepted, and not part of the configuration."""


def hostname(shell: IosShell, match: Match) -> None:
    shell.device.running.put(
        "hostname", "hostname Switch" if match.negated else match.text, match.command.rank
    )


def vlan(shell: IosShell, match: Match) -> str | None:
    found = numbers(match.words[1]) or set()
    database = shell.device.vlans
    if match.negated:
        if found & ({1} | set(range(1002, 1006))):
            return (
                "%Default VLAN 1 may not be deleted."
                if 1 in found
                else "%Default VLAN 1002 may not be deleted."
            )
        for number in found:
            database.drop(f"vlan {number}")
        return None
    if found & set(range(1002, 1006)) or (shell.device.vtp_mode == "client"):
        return "%VTP VLAN configuration not allowed when device is in CLIENT mode."
    shell.up_to("config")
    shell.enter("config-vlan", tuple(database.open(f"vlan {n}", match.command.rank) for n in sorted(found)))
    return None


def vlan_name(shell: IosShell, match: Match) -> str | None:
    if match.negated:
        for section in shell.sections:
            section.drop("name")
        return None
    name = match.words[-1]
    bare = name.strip('"')
    if len(bare) > 32:
        return LONG_NAME
    if " " in name and not name.startswith('"'):
        return shell.refusal(Mistake("invalid", 5 + name.index(" ") + 1), match.text)
    if any(
        line.section is not None
        and line.section not in shell.sections
        and line.section.get("name") == f"name {name}"
        for line in shell.device.vlans.lines.values()
    ):
        return f"%VLAN with the same name exists: {bare}"
    for section in shell.sections:
        section.put("name", f"name {name}", match.command.rank)
    return None


def vtp_mode(shell: IosShell, match: Match) -> str:
    mode = "server" if match.negated else match.words[-1]
    shell.device.vtp_mode = mode
    return f"Setting device to VTP {mode.capitalize()} mode for VLANS."


def vtp_domain(shell: IosShell, match: Match) -> str | None:
    if match.negated:
        return None
    before, shell.device.vtp_domain = shell.device.vtp_domain, match.words[-1]
    return f"Changing VTP domain name from {before or 'NULL'} to {match.words[-1]}"


def vtp_password(shell: IosShell, match: Match) -> str:
    shell.device.vtp_password = "" if match.negated else match.words[2]
    return "Setting device VTP password"


def interface(shell: IosShell, match: Match) -> str | None:
    name, running = match.words[1], shell.device.running
    key = f"interface {name}"
    if key not in running.lines:
        if not name.startswith(("Vlan", "Port-channel", "Loopback")):
            return shell.refusal(Mistake("invalid", len("interface ")), match.text)
        if match.negated:
            return None
        running.open(key, match.command.rank)
        if not name.startswith("Port-channel"):
            running.open(key).put("ip address", "no ip address", shell.device.address_rank)
    if match.negated:
        if not name.startswith(("Vlan", "Port-channel", "Loopback")):
            return shell.refusal(Mistake("invalid", len("no interface ")), match.text)
        running.drop(key)
        return None
    shell.up_to("config")
    shell.enter("config-if", (running.open(key, match.command.rank),), name)
    return None


def interface_range(shell: IosShell, match: Match) -> str | None:
    names = shell.range_of(match.words[-1])
    if names is None or any(f"interface {name}" not in shell.device.running.lines for name in names):
        return shell.refusal(Mistake("invalid", len("interface range ")), match.text)
    shell.up_to("config")
    sections = tuple(shell.device.running.open(f"interface {name}") for name in names)
    shell.enter("config-if-range", sections, "range")
    return None


def _members(shell: IosShell) -> list[object]:
    """The sections of the ports of the aggregate whose section is open."""
    number = re.fullmatch(r"Port-channel(\d+)", shell.label)
    return [] if number is None else shell.device.members(number[1])


def access_vlan(shell: IosShell, match: Match) -> str | None:
    for section in (*shell.sections, *_members(shell)):
        shell.store(section, match)
    number = match.words[-1]
    if match.negated or f"vlan {number}" in shell.device.vlans.lines:
        return None
    shell.device.vlans.open(f"vlan {number}", shell.device.vlan_rank)
    return f"% Access VLAN does not exist. Creating vlan {number}"


def allowed(shell: IosShell, match: Match) -> str | None:
    everything = set(range(1, 4095))
    for section in (*shell.sections, *_members(shell)):
        kept = section.lines.get(ALLOWED)
        now = everything if kept is None else allowed_of((kept.text, *kept.more))
        words = match.words[match.words.index("vlan") + 1 :]
        if match.negated or words[0] == "all":
            section.drop(ALLOWED)
            continue
        value = numbers(words[-1]) or set()
        wanted = {
            "none": set(), "add": now | value, "remove": now - value, "except": everything - value,
        }.get(words[0], value)  # fmt: skip
        if wanted == everything:
            section.drop(ALLOWED)
            continue
        first, *more = chunks(wanted)
        section.put(
            ALLOWED, f"{ALLOWED} {first}", match.command.rank, tuple(f"{ALLOWED} add {part}" for part in more)
        )
    return None


def allowed_of(lines: tuple[str, ...]) -> set[int]:
    """The VLANs of the lines of a trunk."""
    found: set[int] = set()
    for line in lines:
        found |= numbers(line.rpartition(" ")[2]) or set()
    return found


def chunks(found: set[int]) -> list[str]:
    """A list as IOS breaks it: no line is longer than its terminal."""
    parts, out = ranges(found).split(","), [""]
    for part in parts:
        joined = f"{out[-1]},{part}" if out[-1] else part
        if len(joined) > 48:
            out.append(part)
        else:
            out[-1] = joined
    return [text or "none" for text in out]


def address(shell: IosShell, match: Match) -> str | None:
    for section in shell.sections:
        if match.negated:
            section.put("ip address", "no ip address", match.command.rank)
        else:
            section.put("ip address", match.text, match.command.rank)
    return None


def channel_group(shell: IosShell, match: Match) -> str | None:
    answer = None
    for section in shell.sections:
        if match.negated:
            section.drop("channel-group")
            continue
        number, running = match.words[1], shell.device.running
        key = f"interface Port-channel{number}"
        bundle = running.child(key)
        if bundle is None:
            bundle = running.open(key, shell.device.interface_rank)
            for name, line in section.lines.items():
                if name.startswith("switchport"):
                    bundle.put(name, line.text, line.rank, line.more)
            answer = f"Creating a port-channel interface Port-channel {number}\n"
        elif bundle.get("switchport mode") != section.get("switchport mode"):
            return f"Command rejected ({shell.label}): conflicts with port-channel {number} (mode)"
        section.put("channel-group", match.text, match.command.rank)
    return answer


def listed(shell: IosShell, match: Match) -> None:
    """A list of VLANs that grows with each line."""
    key = " ".join(match.words[:-1])
    now = numbers((shell.device.running.get(key) or "0").rpartition(" ")[2]) or set()
    named = numbers(match.words[-1]) or set()
    wanted = now - named if match.negated else now | named
    if wanted:
        shell.device.running.put(key, f"{key} {ranges(wanted)}", match.command.rank)
    else:
        shell.device.running.drop(key)


def banner(shell: IosShell, match: Match) -> str | None:
    kind = match.words[1]
    key, running = f"banner {kind}", shell.device.running
    if match.negated:
        running.drop(key)
        return None
    text = match.words[2]
    mark, text = (text[:2], text[2:]) if text.startswith("^C") else (text[:1], text[1:])
    lines: list[str] = []

    def collect(line: str) -> str | None:
        before, found, _ = line.partition(mark)
        lines.append(before)
        if found:
            shell.collect = None
            body = "\n".join(lines) + "^C"
            first, *more = f"banner {kind} ^C{body}".split("\n")
            running.put(key, first, match.command.rank, tuple(more))
            return None
        return None

    if mark in text:
        return collect(text)
    if text:
        lines.append(text)
    else:
        lines.append("")
    shell.collect = collect
    return f"Enter TEXT message.  End with the character '{mark[:1] if mark != '^C' else '^C'}'."


def line(shell: IosShell, match: Match) -> None:
    if match.negated:
        return
    shell.up_to("config")
    shell.enter("config-line", (shell.device.running.open(match.text, match.command.rank),))


def rule(shell: IosShell, match: Match) -> None:
    """An entry of a named access list, with its number."""
    section = shell.sections[0]
    words = list(match.words)
    number = words.pop(0) if words[0].isdecimal() else ""
    text = " ".join(words)
    if match.negated:
        for key, entry in list(section.lines.items()):
            if entry.text.partition(" ")[2] == text or key == number:
                section.drop(key)
        return
    last = max((int(key) for key in section.lines if key.isdecimal()), default=0)
    section.put(number or str(last + 10), f"{number or last + 10} {text}", 0)


def rule_gone(shell: IosShell, match: Match) -> str | None:
    if not match.negated:
        return shell.refusal(Mistake("incomplete", 0), match.text)
    shell.sections[0].drop(match.words[0])
    return None


def monitor(shell: IosShell, match: Match) -> None:
    key, running = " ".join(match.key), shell.device.running
    if match.negated:
        running.drop(key)
    else:
        way = match.words[-1] if match.words[-1] in ("rx", "tx") else ""
        running.put(key, f"{key} {way}".strip(), match.command.rank)


def monitor_gone(shell: IosShell, match: Match) -> str | None:
    if not match.negated:
        return shell.refusal(Mistake("incomplete", 0), match.text)
    for key in shell.device.running.beginning(f"{match.text} "):
        shell.device.running.drop(key)
    return None
