"""Checks of Debian's configuration files: each known file is parsed by its format."""

from __future__ import annotations

import re
from collections.abc import Callable

from reversibility.platforms import openvswitch
from reversibility.platforms.driver import Files

SSHD_LINE = re.compile(r"^[A-Za-z][A-Za-z0-9]*[ \t=]+\S")


def problems(files: Files) -> list[str]:
    """What is damaged, each as ``path: what`` in French, sorted."""
    found = openvswitch.DRIVER.problems(files)
    for path in sorted(files):
        for pattern, check in CHECKS:
            if re.search(pattern, path):
                found += [f"{path}: {problem}" for problem in check(files[path])]
                break
    return sorted(found)


def _lines(content: bytes) -> list[str]:
    return [
        line.strip()
        for line in content.decode("utf-8", "replace").splitlines()
        if line.strip() and not line.lstrip().startswith("#")
    ]


def _fields(count: int) -> Callable[[bytes], list[str]]:
    def check(content: bytes) -> list[str]:
        bad = [number for number, line in enumerate(_lines(content), 1) if line.count(":") != count - 1]
        return [f"la ligne {number} n’a pas {count} champs" for number in bad] or (
            [] if content else ["vide"]
        )

    return check


def _sshd(content: bytes) -> list[str]:
    return [f"{line.split()[0]!r} n’a pas de valeur" for line in _lines(content) if not SSHD_LINE.match(line)]


def _hostname(content: bytes) -> list[str]:
    return (
        [] if re.fullmatch(rb"[A-Za-z0-9][A-Za-z0-9.-]*\n?", content) else ["ce n’est pas un nom de machine"]
    )


def _sections(content: bytes) -> list[str]:
    """Read the format of smb.conf and of systemd: [section] and key = value."""
    bad = [line for line in _lines(content) if not re.match(r"^(\[[^\]]+\]|;.*|[^=]+=.*)$", line)]
    return [f"{line[:30]!r} n’est ni une section ni un réglage" for line in bad]


def _apt_list(content: bytes) -> list[str]:
    bad = [line for line in _lines(content) if not re.match(r"^deb(-src)?\s+(\[[^\]]*\]\s+)?\S+\s+\S+", line)]
    return [f"{line[:30]!r} n’est pas une source de paquets" for line in bad]


def _apt_stanzas(content: bytes) -> list[str]:
    stanzas = [
        stanza for stanza in re.split(r"\n\s*\n", content.decode("utf-8", "replace")) if stanza.strip()
    ]
    bad = [
        s
        for s in stanzas
        if _lines(s.encode()) and not re.search(r"^URIs:\s*\S+", s, re.MULTILINE | re.IGNORECASE)
    ]
    return ["une source de paquets est sans adresse" for _ in bad]


def _braces(content: bytes) -> list[str]:
    text = re.sub(r'"[^"\n]*"', "", "\n".join(_lines(content)))
    return [] if text.count("{") == text.count("}") else ["ses accolades ne se ferment pas"]


def _private_key(content: bytes) -> list[str]:
    whole = re.search(rb"-----BEGIN ([A-Z ]*PRIVATE KEY)-----\n.+\n-----END \1-----", content, re.DOTALL)
    return [] if whole else ["ce n’est pas une clé privée entière"]


CHECKS: list[tuple[str, Callable[[bytes], list[str]]]] = [
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
