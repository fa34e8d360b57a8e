"""Proves that a restorable configuration is one: each known file is read as what it must be."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

SWITCH = "/switch.json"
OVSDB_RECORD = re.compile(rb"OVSDB JSON (\d+) ([0-9a-f]{40})\n")
SSHD_LINE = re.compile(r"^[A-Za-z][A-Za-z0-9]*[ \t=]+\S")


def configuration_problems(files: Mapping[str, bytes]) -> list[str]:
    """Read each file of ``open_restorable``; one sentence for each that is not what its name says, sorted."""
    problems = [] if files else ["the archive is empty"]
    for path in sorted(files):
        for pattern, check in CHECKS:
            if re.search(pattern, path):
                problems += [f"{path}: {problem}" for problem in check(files[path])]
                break
    return problems


def switch_differences(
    switch: Mapping[str, Any], ports: Mapping[str, Mapping[str, Any]], vlans: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Compare ``switch.json`` with the declared ports (host_vars) and VLANs (network.yml); empty when equal.

    Ports of the switch itself (its bridge and management interfaces, marked ``internal``) need not be
    declared.
    """
    found = {port["name"]: port for port in switch.get("ports", [])}
    differences = []
    for name in sorted(set(ports) | set(found)):
        port, declared = found.get(name), ports.get(name)
        if port is None:
            differences.append(f"port {name} is declared and was not found on the switch")
        elif declared is None:
            if not port.get("internal"):
                differences.append(f"port {name} is on the switch and is not declared")
        elif declared.get("mode", "access") == "trunk":
            wanted = sorted(int(vlans[vlan]["id"]) for vlan in declared.get("vlans", []) if vlan in vlans)
            if sorted(port.get("trunks", [])) != wanted:
                differences.append(f"port {name} carries VLANs {port.get('trunks', [])}, declared {wanted}")
        else:
            wanted_tag = int(vlans[declared["vlan"]]["id"]) if declared.get("vlan") in vlans else None
            if port.get("tag") != wanted_tag:
                differences.append(f"port {name} is in VLAN {port.get('tag')}, declared {wanted_tag}")
    return differences


def _lines(content: bytes) -> list[str]:
    return [
        line.strip()
        for line in content.decode("utf-8", "replace").splitlines()
        if line.strip() and not line.lstrip().startswith("#")
    ]


def _fields(count: int) -> Callable[[bytes], list[str]]:
    def check(content: bytes) -> list[str]:
        bad = [number for number, line in enumerate(_lines(content), 1) if line.count(":") != count - 1]
        return [f"line {number} has not {count} fields" for number in bad] or (
            [] if content else ["it is empty"]
        )

    return check


def _json(content: bytes) -> list[str]:
    try:
        json.loads(content)
    except ValueError as error:
        return [f"it is not JSON ({error})"]
    return []


def _ovsdb(content: bytes) -> list[str]:
    """Read the records of an Open vSwitch database: each has its length and the SHA-1 of its JSON
    (ovsdb(5)).
    """
    import hashlib

    position, records = 0, 0
    while position < len(content):
        header = OVSDB_RECORD.match(content, position)
        if not header:
            return [f"no database record at byte {position}"]
        data = content[header.end() : header.end() + int(header[1])]
        digest = hashlib.sha1(data, usedforsecurity=False).hexdigest()
        if len(data) != int(header[1]) or digest != header[2].decode():
            return [f"the database record at byte {position} is damaged"]
        position = header.end() + int(header[1])
        records += 1
    return [] if records >= 2 else ["the database has no content"]


def _sshd(content: bytes) -> list[str]:
    return [f"{line.split()[0]!r} has no value" for line in _lines(content) if not SSHD_LINE.match(line)]


def _hostname(content: bytes) -> list[str]:
    return [] if re.fullmatch(rb"[A-Za-z0-9][A-Za-z0-9.-]*\n?", content) else ["it is not a host name"]


def _sections(content: bytes) -> list[str]:
    """Read the format of smb.conf and of systemd: [section] and key = value."""
    bad = [line for line in _lines(content) if not re.match(r"^(\[[^\]]+\]|;.*|[^=]+=.*)$", line)]
    return [f"{line[:30]!r} is neither a section nor a setting" for line in bad]


def _apt_list(content: bytes) -> list[str]:
    bad = [line for line in _lines(content) if not re.match(r"^deb(-src)?\s+(\[[^\]]*\]\s+)?\S+\s+\S+", line)]
    return [f"{line[:30]!r} is not a package source" for line in bad]


def _apt_stanzas(content: bytes) -> list[str]:
    stanzas = [
        stanza for stanza in re.split(r"\n\s*\n", content.decode("utf-8", "replace")) if stanza.strip()
    ]
    bad = [
        s
        for s in stanzas
        if _lines(s.encode()) and not re.search(r"^URIs:\s*\S+", s, re.MULTILINE | re.IGNORECASE)
    ]
    return ["a package source has no address" for _ in bad]


def _braces(content: bytes) -> list[str]:
    text = re.sub(r'"[^"\n]*"', "", "\n".join(_lines(content)))
    return [] if text.count("{") == text.count("}") else ["its braces do not match"]


def _private_key(content: bytes) -> list[str]:
    whole = re.search(rb"-----BEGIN ([A-Z ]*PRIVATE KEY)-----\n.+\n-----END \1-----", content, re.DOTALL)
    return [] if whole else ["it is not a whole private key"]


CHECKS: list[tuple[str, Callable[[bytes], list[str]]]] = [
    (r"\.json$", _json),
    (r"^/openvswitch/conf\.db$", _ovsdb),
    (r"^/etc/hostname$", _hostname),
    (r"^/etc/passwd$", _fields(7)),
    (r"^/etc/group$", _fields(4)),
    (r"^/etc/shadow$", _fields(9)),
    (r"^/etc/gshadow$", _fields(4)),
    (r"^/etc/ssh/sshd_config(\.d/.*\.conf)?$", _sshd),
    (r"^/etc/ssh/ssh_host_[a-z0-9]+_key$", _private_key),
    (r"^/etc/samba/smb\.conf$", _sections),
    (r"^/etc/systemd/.*\.(conf|network|netdev|link)$", _sections),
    (r"^/etc/apt/sources\.list(\.d/.*\.list)?$", _apt_list),
    (r"^/etc/apt/sources\.list\.d/.*\.sources$", _apt_stanzas),
    (r"^/etc/nftables\.conf$", _braces),
]
