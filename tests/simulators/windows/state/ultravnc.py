"""UltraVNC on a PC: what its installer leaves, what its service reads when it starts, and whom it lets in.

The names of its settings are those that winvnc's SettingsManager.cpp reads. The names of the firewall rules of its
installer, and that it opens its port to everybody, are [K].
"""

from __future__ import annotations

import configparser
import struct

from ..reachability import firewall_refusal
from .pc_state import PCState
from .system import FirewallRule, Service

FOLDER = r"C:\Program Files\uvnc bvba\UltraVNC"
SERVICE = "uvnc_service"
INTERACT = 0x3


def installed(state: PCState) -> None:
    """The program, its encryption plugin, a service that runs, and a rule that lets everybody in."""
    state.files.make_directory(FOLDER)
    for name in ("winvnc.exe", "SecureVNCPlugin64.dsm"):
        state.files.write(rf"{FOLDER}\{name}", b"")
    state.files.write(rf"{FOLDER}\ultravnc.ini", b"[admin]\r\nSocketConnect=1\r\n")
    state.services[SERVICE] = Service(
        SERVICE,
        "UltraVNC Server",
        start_mode="auto",
        state="started",
        path=rf'"{FOLDER}\winvnc.exe" -service',
    )
    state.firewall_rules.append(
        FirewallRule("winvnc.exe", program=rf"{FOLDER}\winvnc.exe", protocol="tcp", local_ports="any")
    )
    started(state)


def started(state: PCState) -> None:
    """The service reads its settings now, and not again."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.read_string(state.files.read(rf"{FOLDER}\ultravnc.ini").decode("utf-8"))
    state.extra["ultravnc"] = dict(parser["admin"]) if parser.has_section("admin") else {}


def may_interact(state: PCState) -> set[str]:
    """Identifiers that the access control list of MS-Logon II lets in."""
    data = bytes(state.registry.get(r"HKLM\SOFTWARE\ORL\WinVNC3", "ACL", b""))
    found: set[str] = set()
    if not data:
        return found
    _, _, _, entries, _ = struct.unpack_from("<BBHHH", data)
    position = 8
    for _ in range(entries):
        kind, _, size, mask = struct.unpack_from("<BBHI", data, position)
        _, parts = struct.unpack_from("<BB", data, position + 8)
        authority = int.from_bytes(data[position + 10 : position + 16], "big")
        below = struct.unpack_from(f"<{parts}I", data, position + 16)
        if kind == 0 and mask & INTERACT == INTERACT:
            found.add("-".join(["S", "1", str(authority), *map(str, below)]))
        position += size
    return found


def refusal(state: PCState, remote: str, user: str, password: str) -> str:
    """Why a viewer at an address is not let in; empty when it is, over an encrypted connection."""
    settings = state.extra.get("ultravnc", {})
    if state.services.get(SERVICE) is None or state.services[SERVICE].state != "started":
        return "the service does not run"
    port = int(settings.get("portnumber", 5900))
    refused = firewall_refusal(state, port, remote, rf"{FOLDER}\winvnc.exe")
    if refused:
        return refused
    plugin = settings.get("dsmplugin", "")
    if settings.get("usedsmplugin") != "1" or not state.files.exists(rf"{FOLDER}\{plugin}"):
        return "it would not be encrypted"
    if (settings.get("mslogonrequired"), settings.get("newmslogon")) != ("1", "1"):
        return "it asks for a password of its own, of eight characters"
    account = state.accounts.find_user(user)
    if account is None or not account.enabled or account.password != password:
        return "wrong user or password"
    groups = {group.sid for group in state.accounts.groups_of(account)} | {account.sid}
    return "" if groups & may_interact(state) else f"{user} is not in the access control list"
