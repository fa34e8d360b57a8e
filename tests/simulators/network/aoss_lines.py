"""Lines of ArubaOS-Switch that do more than stand in the configuration."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from tests.simulators.network.aoss_ports import expand
from tests.simulators.network.grammar import Match, numbers, ranges

if TYPE_CHECKING:
    from tests.simulators.network.aoss import AossShell


def end(shell: AossShell, match: Match) -> None:
    shell.up_to("exec")


def exit_mode(shell: AossShell, match: Match) -> None:
    shell.leave()


def hostname(shell: AossShell, match: Match) -> None:
    shell.device.running.put(
        "hostname", 'hostname "Aruba"' if match.negated else match.text, match.command.rank
    )


def include_credentials(shell: AossShell, match: Match) -> None:
    def sure(answer: str) -> None:
        if answer.lower().startswith("y"):
            shell.store(shell.device.running, match)

    if match.negated or shell.device.running.get("include-credentials"):
        shell.store(shell.device.running, match)
    else:
        shell.ask(
            "This will insert possibly sensitive information in switch configuration files. Proceed?[y/n] ",
            sure,
            key=True,
        )


def password(shell: AossShell, match: Match) -> None:
    role, accounts = match.words[1], shell.device.accounts
    if match.negated:
        accounts.pop(role, None)
        return
    words = list(match.words)
    name = words[words.index("user-name") + 1].strip('"') if "user-name" in words else role
    value = words[-1].strip('"')
    accounts[role] = (name, value if "sha1" in words else hashlib.sha1(value.encode()).hexdigest())


def known(shell: AossShell, text: str) -> str | None:
    """The sentence about the first port that is not there."""
    for port in expand(text) or ():
        if port not in shell.device.members.untagged:
            return f"Module not present for port or invalid port: {port}"
    return None


def vlan(shell: AossShell, match: Match) -> str | None:
    number, device = int(match.words[1]), shell.device
    if match.negated:
        if number == 1:
            return "Operation is not allowed for the default VLAN."
        device.running.drop(match.text)
        device.members.forget(number)
        return None
    section = device.running.open(match.text, match.command.rank)
    if section.get("name") is None:
        section.put("name", f'name "VLAN{number}"', 0)
    shell.up_to("config")
    shell.enter("config-vlan", (section,), str(number))
    return None


def vlan_name(shell: AossShell, match: Match) -> str | None:
    name = match.words[1].strip('"')
    if len(name) > 32:
        return f"The name {name} is too long. Allowed length is 32"
    shell.store(shell.sections[0], match)
    return None


def member(shell: AossShell, match: Match) -> str | None:
    kind, vlan_ = match.words[0], int(shell.label)
    problem = known(shell, match.words[1])
    if problem:
        return problem
    members = shell.device.members
    for port in expand(match.words[1]) or ():
        if match.negated:
            if (
                kind == "untagged"
                and members.untagged[port] == vlan_
                and not members.tagged[port]
                and vlan_ == 1
            ):
                return f"Port {port} cannot be removed from its last VLAN."
            members.unset(port, vlan_, kind)
        else:
            members.set(port, vlan_, kind)
    return None


def address(shell: AossShell, match: Match) -> None:
    section = shell.sections[0]
    if match.words[-1] == "dhcp-bootp" or section.get("ip address dhcp-bootp"):
        for key in section.beginning("ip address"):
            section.drop(key)
    shell.store(section, match)


def enable(shell: AossShell, match: Match) -> None:
    for section in shell.sections:
        section.drop("disable")


def interface(shell: AossShell, match: Match) -> str | None:
    problem = known(shell, match.words[1])
    if problem:
        return problem
    names = expand(match.words[1]) or []
    shell.up_to("config")
    rank = match.command.rank
    sections = tuple(shell.device.running.open(f"interface {name}", rank) for name in names)
    shell.enter("config-if", sections, match.words[1])
    return None


def interface_line(shell: AossShell, match: Match) -> str | None:
    problem = known(shell, match.words[1])
    for name in [] if problem else expand(match.words[1]) or []:
        section = shell.device.running.open(f"interface {name}", match.command.rank)
        if match.words[2] == "disable":
            section.put("disable", "disable", 1)
        else:
            section.drop("disable")
    return problem


def trunk(shell: AossShell, match: Match) -> str | None:
    """Ports join a trunk; they have no VLANs of their own any more."""
    problem = known(shell, match.words[1])
    if problem or match.negated:
        return problem
    device, name = shell.device, match.words[2].capitalize()
    for port in expand(match.words[1]) or ():
        device.trunks[port] = (name, match.words[3])
        device.members.drop(port)
    device.members.add(name)
    return None


def trunk_gone(shell: AossShell, match: Match) -> str | None:
    if not match.negated:
        return f"Incomplete input: {match.words[1]}"
    for port in expand(match.words[1]) or ():
        left = shell.device.trunks.pop(port, None)
        if left:
            shell.device.members.add(port)
            if left[0] not in {name for name, _ in shell.device.trunks.values()}:
                shell.device.members.drop(left[0])
    return None


def each(shell: AossShell, match: Match) -> str | None:
    """A line with a list of ports is one line a port."""
    at = next(index for index, word in enumerate(match.words) if expand(word) and not word.isalpha())
    if match.words[at].isalpha():
        return None
    problem = known(shell, match.words[at])
    for port in [] if problem else expand(match.words[at]) or []:
        words = (*match.words[:at], port, *match.words[at + 1 :])
        key = " ".join((*match.key[:at], port, *match.key[at + 1 :]))
        if match.negated:
            for other in shell.device.running.beginning(key):
                if other == key or other.startswith(f"{key} "):
                    shell.device.running.drop(other)
        else:
            shell.device.running.put(key, " ".join(words), match.command.rank)
    return problem


def listed(shell: AossShell, match: Match) -> None:
    key, running = "dhcp-snooping vlan", shell.device.running
    now = numbers((running.get(key) or "0").rpartition(" ")[2]) or set()
    named = numbers(match.words[-1]) or set()
    wanted = now - named if match.negated else now | named
    if wanted:
        running.put(key, f"{key} {ranges(wanted)}", match.command.rank)
    else:
        running.drop(key)


def web(shell: AossShell, match: Match) -> None:
    """``no web-management`` and ``no web-management plaintext`` turn off what is clear."""
    running = shell.device.running
    if match.negated:
        running.put("web-management", "no web-management", match.command.rank)
    else:
        running.drop("web-management")


def snmp_user(shell: AossShell, match: Match) -> None:
    words, keys = list(match.words), []
    if not match.negated:
        for part in ("auth", "priv"):
            if part in words:
                at = words.index(part) + 2
                value = words[at].strip('"')
                keys.append(value)
                words[at] = f'"{hashlib.sha1(value.encode()).hexdigest()}"'
    key = " ".join(match.key)
    if match.negated:
        shell.device.running.drop(key)
        for other in shell.device.running.beginning("snmpv3 group "):
            if f"user {match.words[2]}" in other:
                shell.device.running.drop(other)
    else:
        shell.device.running.put(key, " ".join(words), match.command.rank)
    shell.device.tell_agent(match.words[2].strip('"'), *keys)


def mirror(shell: AossShell, match: Match) -> None:
    shell.store(shell.device.running, match)
