"""FortiGate (FortiOS), read only: ``config``, ``edit``, ``set``, ``next``, ``end``, and quoted values of many lines."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass

from reversibility.platforms.model import Account, Configuration, Port, StaticRoute, Vlan
from reversibility.platforms.reader import Reader
from reversibility.platforms.redaction import LONGEST_LINE, MASK, mask_shapes, mask_strong, prose

_VOLATILE = re.compile(r"#conf_file_ver=|#buildno=|[\w.\-]+(?: \([\w.\-]+\))? [#$] ?(?:show|get|end|exit)?")
_SECRET_NAME = re.compile(
    r"passw|passphrase|passcode|secret|psk|community|credential|token|(?:^|[-_])pwd|pwd$"
    r"|(?:^|[-_])keys?\d*$|key$|(?:^|-)pin$|hash"
    r"|certificate$|^csr$"
    r"|key-string|key-inbound|key-outbound|auth-code|api-?key|enckey|authkey|^crl$|^ca$|scep-url|signature|headers$|^http-body$|^script$"
)
_CHOICES = frozenset(
    ["enable", "disable", "''", '""', "auto", "none", "default", "custom", "all", "any", "true", "false"]
)
_PROSE = frozenset(["description", "comment", "comments", "alias", "location", "contact-info", "hostname"])
# Lists whose entries are named by a secret, or which have one under a harmless name.
_COMMUNITY = "config system snmp community"


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement: its ``config`` path, word (set, edit, ...), name, value, indentation and number of lines."""

    path: tuple[str, ...]
    word: str
    name: str
    value: str
    indent: str
    lines: int


def statements(text: str) -> Iterator[Statement]:
    """The statements in order, a quoted value of several lines as one."""
    lines = text.split("\n")
    path: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        indent = line[: len(line) - len(line.lstrip())][:32]
        words = line.split(None, 2)
        start = at
        if words[:1] == ["set"] and _opens(line):
            parts = [line]
            while at + 1 < len(lines) and not (len(parts) > 1 and _opens(parts[-1])):
                at += 1
                parts.append(lines[at])
            line = "\n".join(parts)
            words = line.split(None, 2)
        at += 1
        if not words:
            yield Statement(tuple(path), "", "", "", indent, at - start)
            continue
        word = words[0]
        value = words[2] if len(words) > 2 else ""
        yield Statement(tuple(path), word, words[1] if len(words) > 1 else "", value, indent, at - start)
        if word == "config":
            path.append(" ".join(line.split()))
        elif word == "end" and path:
            path.pop()


def _opens(line: str) -> bool:
    """Whether a quotation mark of the line is still open at its end, or closes one that was."""
    return re.sub(r"\\.", "", line).count('"') % 2 == 1


MARKS = (
    r"#config-version=", r"config system global$", r"config system interface$", r"config firewall policy$",
)  # fmt: skip


class Fortigate(Reader):
    """Driver of FortiGate."""

    platform = "fortigate"
    marks = MARKS
    command = "show full-configuration"

    def recognizes(self, text: str) -> bool:
        """Whether the text is made of ``config`` blocks that end."""
        lines = [line.strip() for line in text.split("\n")]
        opened = sum(line.startswith("config ") for line in lines)
        known = sum(line.split(" ", 1)[0] in _WORDS or line.startswith("#") for line in lines)
        return opened > 0 and lines.count("end") > 0 and known > len(lines) * 0.3

    def redact_text(self, text: str) -> str:
        """Mask secrets, and each value of several lines: keys, certificates, pages of HTML."""
        return "\n".join(shown for statement in statements(text) for shown in _redact(statement))

    def read(self, text: str) -> Configuration:
        """Name, VLANs, ports, accounts, static routes."""
        hostname, accounts = "", []
        entries: dict[tuple[str, str], dict[str, str]] = {}
        entry = ""
        for statement in statements(text):
            block = statement.path[-1] if statement.path else ""
            if statement.word == "edit":
                entry = f"{statement.name} {statement.value}".strip().strip('"')
                entries[block, entry] = {}
                if block == "config system admin":
                    accounts.append(Account(entry, "admin"))
            elif statement.word == "set":
                if (block, statement.name) == ("config system global", "hostname"):
                    hostname = statement.value.strip('"')
                entries.setdefault((block, entry), {})[statement.name] = statement.value.strip('"')
        ports, vlans, routes = [], [], []
        for (block, name), values in entries.items():
            if block == "config system interface":
                text_of = values.get("description", values.get("alias", ""))
                ports.append(
                    Port(name, mode="routed", description=text_of, enabled=values.get("status") != "down")
                )
                if values.get("vlanid", "").isdigit():
                    vlans.append(Vlan(int(values["vlanid"]), name))
            elif block == "config router static" and "gateway" in values:
                prefix = "/".join(values.get("dst", "0.0.0.0 0.0.0.0").split())
                routes.append(StaticRoute(str(ipaddress.ip_network(prefix)), values["gateway"]))
        return Configuration(
            hostname=hostname,
            vlans=tuple(sorted(vlans, key=lambda vlan: vlan.number)),
            ports=tuple(ports),
            accounts=tuple(accounts),
            routes=tuple(routes),
        )


_WORDS = frozenset(["config", "edit", "next", "end", "set", "unset", "append", "select"])


def _redact(statement: Statement) -> Iterator[str]:
    word, name, value = statement.word, statement.name, statement.value
    line = f"{word} {name} {value}".strip()
    if word.startswith("#"):
        if not _VOLATILE.match(word):
            yield statement.indent + mask_shapes(prose(line))
    elif not word or (word in ("next", "end") and not name):
        yield statement.indent + word if word else ""
    elif word not in _WORDS:
        if not _VOLATILE.fullmatch(line):
            yield statement.indent + MASK
    elif word == "unset" or len(line) > LONGEST_LINE or (word == "set" and _is_secret(statement)):
        yield statement.indent + (
            line if word == "unset" and len(line) < 200 else f"{word} {name[:80]} {MASK}".strip()
        )
    elif word == "set" and name in _PROSE:
        yield statement.indent + mask_shapes(prose(line))
    elif value.strip() in _CHOICES:
        yield statement.indent + line
    else:
        yield statement.indent + mask_shapes(f"{word} {name} {mask_strong(value)}".rstrip())


def _is_secret(statement: Statement) -> bool:
    if statement.lines > 1 or statement.value.startswith("ENC ") or "-----BEGIN" in statement.value:
        return True
    if statement.path and statement.path[-1] == _COMMUNITY and statement.name == "name":
        return True
    if not _SECRET_NAME.search(statement.name.lower()):
        return False
    return statement.value.strip() not in _CHOICES


DRIVER = Fortigate()
