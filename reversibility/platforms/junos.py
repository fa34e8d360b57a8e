"""Juniper Junos, read only: configurations in braces or as ``set`` commands."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reversibility.platforms.model import Account, Configuration, StaticRoute, Vlan
from reversibility.platforms.reader import Reader
from reversibility.platforms.redaction import LONGEST_LINE, MASK, looks_secret, prose

_VOLATILE = re.compile(
    r"\s*## Last (?:commit|changed)|\s*\[edit\]|\S+@\S+[>#] ?(?:show .*)?$|\{master(?::\d+)?\}"
)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{};]|\[|\]|#.*|/\*.*|[^\s{};"]+')
_HASH = re.compile(r"\$(?:[0-9a-z]+)\$")
_ANNOUNCES = re.compile(
    r"passw|passphrase|secret|psk|pre-shared|credential|token|(?:^|-)keys?$|^(?:ascii-text|hexadecimal|key-string|cak|ckn|pin)$"
    r"|(?:^|-)community$|^trap-group$|^community-name$|^(?:ssh-rsa|ssh-dsa|ssh-ecdsa|ssh-ed25519)$|^authentication-key$"
)
_HARMLESS = re.compile(  # what an announcing word may be followed by without a secret
    r"^(?:minimum-\w+(?:-\w+)*|maximum-\w+(?:-\w+)*|format|change-type|ascii-text|hexadecimal"
    r"|algorithm|start-time|options|\d{1,3}"
    r"|tolerance|lifetime-seconds|authentication-algorithm|generate|secret|key|cak|ckn|encrypted-password"
    r"|members|add|delete|set|value|type|md5|sha1|sha256|sha512|ascii)$"
)
_AFTER = frozenset(
    ["authorization", "read-only", "read-write", "clients", "targets", "view", "options", "client-list-name"]
)
_BGP = ("policy-options", "policy-statement", "term", "from", "then", "routing-options", "routing-instances")
_TEXTS = ("description", "message", "announcement", "location", "contact", "annotate")


MARKS = (
    r"## Last (?:changed|commit)", r"system \{$", r"interfaces \{$", r"set system \S+", r"set interfaces \S+",
)  # fmt: skip


class Junos(Reader):
    """Driver of Junos."""

    platform = "junos"
    marks = MARKS
    command = "show configuration | display set"

    def recognizes(self, text: str) -> bool:
        """Whether most lines are ``set`` commands, or statements that end with a brace or a semicolon."""
        lines = [line.strip() for line in text.split("\n") if line.strip()]
        sets = sum(line.startswith(("set ", "deactivate ", "activate ", "delete ")) for line in lines)
        ends = sum(line.endswith(("{", "}", ";")) or "; ##" in line for line in lines)
        starts = any(
            re.match(r"(?:set )?(?:system|version|interfaces|groups|snmp|protocols|vlans|security)\b", line)
            for line in lines
        )
        return starts and max(sets, ends) > len(lines) * 0.5

    def redact_text(self, text: str) -> str:
        """Mask the value after each word that announces a secret, and each hash or reversible password."""
        shown: list[str] = []
        stack: list[list[str]] = []
        pem = False
        for line in text.split("\n"):
            if pem or "-----BEGIN " in line:
                pem = "-----END " not in line
                shown.append(MASK)
                continue
            if _VOLATILE.match(line):
                continue
            shown.append(_redact(line.rstrip(), stack))
            stripped = line.split("##")[0].strip()
            if stripped.endswith("{"):
                stack.append(stripped[:-1].split())
            elif stripped.startswith("}") and stack:
                stack.pop()
        return "\n".join(shown)

    def read(self, text: str) -> Configuration:
        """Name, VLANs, accounts, static routes."""
        hostname, vlans, accounts, routes = "", [], [], []
        for words in paths(text):
            if words[:2] == ["system", "host-name"] and len(words) > 2:
                hostname = words[2]
            elif words[:1] == ["vlans"] and words[2:3] == ["vlan-id"] and words[3:4] and words[3].isdigit():
                vlans.append(Vlan(int(words[3]), words[1]))
            elif words[:3] == ["system", "login", "user"] and words[4:5] == ["class"]:
                accounts.append(Account(words[3], "admin" if words[5:6] == ["super-user"] else "operator"))
            elif (
                words[:3] == ["routing-options", "static", "route"]
                and words[4:5] == ["next-hop"]
                and len(words) > 5
            ):
                routes.append(StaticRoute(words[3], words[5]))
        return Configuration(
            hostname=hostname,
            vlans=tuple(sorted(vlans, key=lambda vlan: vlan.number)),
            accounts=tuple(sorted(set(accounts), key=lambda account: account.name)),
            routes=tuple(routes),
        )


def paths(text: str) -> Iterator[list[str]]:
    """Each statement as the words of its path, of either form."""
    stack: list[list[str]] = []
    words: list[str] = []
    for line in text.split("\n"):
        if line.strip().startswith("set "):
            yield [word.strip('"') for word in _TOKEN.findall(line)[1:]]
            continue
        for token in _TOKEN.findall(line):
            if token[0] == "#" or token.startswith("/*"):
                break
            if token == "{":
                stack.append(words)
                words = []
            elif token == "}":
                if stack:
                    stack.pop()
                words = []
            elif token == ";":
                yield [word for level in stack for word in level] + words
                words = []
            else:
                words.append(token.strip('"'))


def _redact(line: str, stack: list[list[str]]) -> str:
    if len(line) > LONGEST_LINE:
        return MASK
    if "## SECRET-DATA" in line:
        before, _, after = line.rpartition("##")
        head = before.split(None, 1)
        indent = before[: len(before) - len(before.lstrip())]
        return f"{indent}{head[0] if head else ''} {MASK}; ##{after}"
    tokens = list(_TOKEN.finditer(line))
    context = [word for level in stack for word in level]
    parts: list[str] = []
    end, masking, masked = 0, False, False
    for index, match in enumerate(tokens):
        token = match[0]
        before = line[end : match.start()]
        end = match.end()
        bare = token.strip('"')
        if token in ("{", "}", ";", "[", "]"):
            masking = masking and token in "[]"
        elif masked and masking and bare in _AFTER:
            pass
        elif token[0] == "#" or token.startswith("/*"):
            token = prose(token)
        elif (
            masking
            and _HARMLESS.match(bare)
            and index < len(tokens) - 1
            and tokens[index + 1][0] not in "{};"
        ):
            pass
        elif masking or _looks(bare):
            token = MASK
        elif bare in _TEXTS:
            return line[: match.end()] + prose(line[match.end() :])
        elif bare in ("from", "then", "add", "delete") and "community" in line[end:]:
            context.append("policy-options")
        masked = (masked and masking) or (masking and token == MASK)
        if token != MASK and _announces(bare, context, tokens[:index]):
            masking = True
        parts.append(before + token)
    return "".join(parts) + line[end:]


def _announces(word: str, context: list[str], before: list[re.Match[str]]) -> bool:
    word = word.lower()
    if not _ANNOUNCES.search(word):
        return False
    if word == "community":  # of SNMP; those of BGP are in policies
        here = [*context, *(match[0] for match in before)]
        return not any(name in here for name in _BGP)
    return True


def _looks(word: str) -> bool:
    if "://" in word and "@" in word:
        return True
    return bool(_HASH.search(word)) or any(looks_secret(part) for part in word.split())


DRIVER = Junos()
