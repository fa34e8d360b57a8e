"""Redaction engine for command-line configurations: a grammar says which words are secrets, the rest fails closed.

Each line goes through four nets, each linear in its length:

1. a rule of the platform (``snmp-server community @ [(ro|rw)]``) masks the words marked ``@`` and keeps the others;
2. without a rule, everything after a word that announces a secret (password, key, community, ...) is masked;
3. words with the shape of a hash, a key or a URL with credentials are masked wherever they stand;
4. a line whose first word the platform's vocabulary does not have keeps only words that the vocabulary has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MASK = "<secret>"
CERTIFICATE = "<certificate>"
LONGEST_LINE = 8192  # longer ones are no configuration line: masked whole
MOST_LINES = 200_000  # a text of more has no readable copy

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[()][0-9A-Za-z]|\x1b[=>78DEMHc]")
_PAGER = re.compile(
    r"[ \t]*(?:<-{2,3} *More *-{2,3}>|-{2,3} *\(?more\)?(?: *\d+%)? *-{2,3}|-- MORE --[^\n]{0,80})[\x08 \r]*",
    re.IGNORECASE,
)
_CONTROL = re.compile(r"[\x00-\x02\x04-\x08\x0b\x0c\x0e-\x1f\x7f]")  # ETX stays: the delimiter of a banner
_WORD = re.compile(r"\S+")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"(?=[\s,;]|$)|\S+')

_ANNOUNCES = re.compile(
    r"passw|passphrase|pass-phrase|passcode|secret|psk|communit|credential|token|ciphertext|pre-?share|auth-?pass|priv-?pass"
    r"|keyphrase|(?:^|[-_.])keys?(?:$|[-_.\d])|key$|^(?:pass|pwd|passwd|hash|md5|sha|pin|auth|priv|authentication|wep|otp)$"
    r"|encrypted$|-pw$"
)
# What a rule that keeps the rest of a line does not keep.
_STRONG = re.compile(
    r"passw|passphrase|secret|psk\b|ciphertext|(?:key-string|encrypted-key|encrypted-password|key-value)$"
)
_QUALIFIERS = frozenset(
    [
        "0",
        "1",
        "2",
        "3",
        "4",
        "5",
        "6",
        "7",
        "8",
        "9",
        "10",
        "11",
        "12",
        "13",
        "14",
        "15",
        "level",
        "encrypted",
        "ciphertext",
        "plaintext",
        "cleartext",
        "clear-text",
        "clear",
        "sha1",
        "sha256",
        "sha512",
        "md5",
        "sha",
        "local",
        "remote",
        "ascii",
        "hex",
        "hexadecimal",
        "enc",
        "des",
        "3des",
        "aes",
        "aes128",
        "aes256",
        "aes-128",
        "aes-256",
        "=",
        ":",
        "is",
    ]
)
_HEX = re.compile(r"(?:0x)?[0-9A-Fa-f]{16,}")
_HEX_LINE = re.compile(r"[0-9A-Fa-f]{2,8}(?:[ \t][0-9A-Fa-f]{1,8}){3,}[ \t]*|[0-9A-Fa-f]{16,}[ \t]*")
_CRYPT = re.compile(r"\$(?:\d\w?|y|sha\d*|sha1|bcrypt|argon2\w*)\$\S*")
_BASE64 = re.compile(r"[A-Za-z0-9+/=]{22,}")
_INTERFACE = re.compile(
    r"(?:Two|Five|Ten|Twenty|TwentyFive|Forty|Fifty|Hundred|FourHundred|App|Fast|Management|mgmt)*(?:GigabitEthernet"
    r"|Gigabit|GigE|Ethernet|Eth|Gi|Te|Fa|Twe|Fo|Hu|Po|Vl|Lo|Port-channel|port-channel|Vlan|Loopback|loopback|Tunnel|Trk|lag"
    r"|nve|BDI|Dialer|Serial|Cellular|Async|ATM)?\d+(?:/[A-Z]?\d+){0,3}(?:[.:]\d+)?",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}")
_USER_AT = re.compile(r"([^\s:/@\"]+:)[^\s\"]+(@[^\s@]+)")
_PEM_BEGIN = re.compile(r"-----BEGIN ")
_PEM_END = re.compile(r"-----END ")
_PROSE = re.compile(
    r"(?:\bmots? de passe|\bmdp|passw(?:or)?d|\bpasswd|passphrase|\bpwd|\bsecret|\bpsk|\bcommunity|\bcommunaut[ée])\b"
    r"(?:[ \t]*[:=]+[ \t]*|[ \t]+)(?=\S)|\b(?:pass|pin|code|cl[ée]|key|token|wpa2?)[ \t]*[:=]+[ \t]*(?=\S)",
    re.IGNORECASE,
)


def clean(text: str) -> str | None:
    """The text without a terminal's escapes, pagers and carriage returns.

    None when control characters are left, or there are too many lines.
    """
    if "\x1b" in text:
        text = _ESCAPES.sub("", text)
    if "\x08" in text or "ore" in text or "ORE" in text:
        text = _PAGER.sub("", text)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return None if _CONTROL.search(text) or text.count("\n") > MOST_LINES else text


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a grammar: ``pattern`` matches the whole line, its groups are the secrets."""

    pattern: re.Pattern[str]
    parent: str
    prose: bool
    public: bool
    open: bool


class Grammar:
    """The secret-bearing lines and the vocabulary of a platform.

    ``rules``: a line each. ``W`` is a word, ``N`` a number, ``H`` hexadecimal digits that are public, ``T`` a
    type of encryption, ``@`` a secret word or quoted text,
    ``@@`` a secret up to the end of the line, ``...`` anything that is no secret, ``~`` free text that people
    write, ``[ ]``
    optional, ``(a|b)`` a choice; ``{key chain}`` before a rule: only below that line. The first rule that
    matches counts.
    """

    def __init__(self, *, rules: str, words: str) -> None:
        self.words = frozenset(words.split())
        self.rules: dict[str, list[Rule]] = {}
        for text in rules.splitlines():
            if text.strip() and not text.lstrip().startswith("#"):
                for word, rule in _compile(text.strip()):
                    self.rules.setdefault(word, []).append(rule)

    def redact_lines(self, lines: Iterable[tuple[str, str]]) -> Iterator[str]:
        """Mask the secrets of ``(kind, line)``: kind is ``config``, ``text`` (banner), ``secret``, ``certificate``."""
        parent, pending, pem = "", False, False
        last = ""
        for kind, line in lines:
            if pem or _PEM_BEGIN.search(line):
                pem = not _PEM_END.search(line)
                kind = "secret"
            if kind == "config" and _HEX_LINE.fullmatch(line.strip()):
                kind = "certificate"
            if kind in ("secret", "certificate") or len(line) > LONGEST_LINE:
                shown = _indent(line) + (CERTIFICATE if kind == "certificate" else MASK)
                if shown != last:
                    yield shown
                last = shown
                continue
            if kind == "config" and line[:1] not in (" ", "\t", ""):
                parent = line
            comment = line.lstrip()[:1] in ("!", ";")
            last, pending = self._line(line, parent, pending, known=comment or kind != "config")
            yield last

    def redact_line(self, line: str, parent: str = "") -> str:
        """Mask the secrets of one line of configuration."""
        return self._line(line, parent, False, known=False)[0]

    def known(self, line: str) -> bool:
        """Whether the vocabulary has the line's first word."""
        return _first_word(line) in self.words

    def _line(self, line: str, parent: str, pending: bool, *, known: bool) -> tuple[str, bool]:
        """The line without secrets, and whether the secret that it announces is on the next line."""
        if not line or line.isspace():
            return "", pending
        first = _first_word(line)
        inside = known or first in self.words
        if pending and not inside:
            return _indent(line) + MASK, False
        for rule in self.rules.get(first, ()):
            match = rule.pattern.match(line) if parent.startswith(rule.parent) else None
            if match is None:
                continue
            if rule.prose:
                return _shapes(prose(line)), False
            if rule.public:
                return line, False
            if rule.open and match.re.groups == 0:
                line = _after_announcement(line, _STRONG)[0]
            masked = line
            for index in range(match.re.groups, 0, -1):
                if match.start(index) >= 0:
                    masked = masked[: match.start(index)] + MASK + masked[match.end(index) :]
            return _shapes(masked), False
        masked, pending = _after_announcement(line)
        if known:
            masked = prose(masked)
        if not inside:
            masked = self._vocabulary_only(masked)
        return _shapes(masked), pending

    def _vocabulary_only(self, line: str) -> str:
        kept: list[str] = []
        for token in _TOKEN.findall(line):
            good = token.lower() in self.words or _ADDRESS.fullmatch(token) or token == MASK
            word = token if good else MASK
            if word != MASK or kept[-1:] != [MASK]:
                kept.append(word)
        return _indent(line) + " ".join(kept)


def prose(line: str) -> str:
    """Mask what follows a password's name in a text that a person wrote."""
    match = _PROSE.search(line)
    return line if match is None else line[: match.end()] + MASK


def mask_shapes(line: str) -> str:
    """Mask the words that look like a hash, a key or an address with credentials."""
    return _shapes(line)


def mask_strong(line: str) -> str:
    """Mask what follows a word that always announces a secret."""
    return _after_announcement(line, _STRONG)[0]


def _after_announcement(line: str, announces: re.Pattern[str] = _ANNOUNCES) -> tuple[str, bool]:
    """Mask everything after the first word that announces a secret, but for the type of its encryption."""
    tokens = list(_WORD.finditer(line))
    for index, token in enumerate(tokens):
        word = token[0].strip("\"'`,;:=()[]{}").lower()
        if not word or not announces.search(word):
            continue
        name, sign, value = token[0].partition("=")
        if sign and value:  # name=value in one word: the rest of the line with it
            named = announces.search(name.strip("\"'").lower())
            return line[: token.start() + (len(name) + 1 if named else 0)] + MASK, False
        following = index + 1
        while following < len(tokens) - 1 and tokens[following][0].lower() in _QUALIFIERS:
            following += 1
        if following >= len(tokens):
            return line, index == len(tokens) - 1
        if following == len(tokens) - 1 and tokens[following][0].lower() in ("sha1", "sha256", "encrypted"):
            return line, True  # the value is on the next line
        return line[: tokens[following].start()] + MASK, False
    return line, False


def _shapes(line: str) -> str:
    """Mask the words that look like a hash, a key or an address with credentials."""
    if len(line) < 12:
        return line
    return _TOKEN.sub(_shape, line)


def _shape(match: re.Match[str]) -> str:
    token = match[0]
    if len(token) < 5 or token == MASK:
        return token
    if " " in token:
        return token[0] + _shapes(token[1:-1]) + token[-1] if token[0] == token[-1] == '"' else token
    if "://" in token:
        return redact_url(token)
    if "@" in token and (address := _USER_AT.search(token)):
        return token[: address.start()] + address[1] + MASK + address[2] + token[address.end() :]
    core = token.strip("\"',;:()[]{}")
    return token.replace(core, MASK) if core and looks_secret(core) else token


def looks_secret(word: str) -> bool:
    """Whether a word has the shape of a hash or of key material."""
    if "$" in word and _CRYPT.search(word):
        return True
    if len(word) < 16:
        return False
    if _HEX.fullmatch(word):
        return True
    if len(word) < 22 or not _BASE64.fullmatch(word) or _INTERFACE.fullmatch(word):
        return False
    mixed = (
        any(c.isdigit() for c in word) and any(c.islower() for c in word) and any(c.isupper() for c in word)
    )
    return mixed or word.endswith("=")


def redact_url(token: str) -> str:
    """An address without its password (up to the last ``@``), the values of its query and what looks like a key."""
    scheme, _, rest = token.partition("://")
    user, at, host = rest.rpartition("@")
    if at:
        name, colon, _ = user.partition(":")
        rest = f"{name}:{MASK}@{host}" if colon else f"{MASK}@{host}"
    else:
        host, colon, port = rest.partition("/")[0].partition(":")
        if colon and not port.strip("\"',;)").isdigit():
            return f"{scheme}://{host}:{MASK}"  # credentials without their end
    path, question, query = rest.partition("?")
    if question:
        pairs = [pair.partition("=") for pair in query.split("&")]
        rest = (
            path
            + "?"
            + "&".join(
                n + s + (v if v[:1] == "<" and len(v) < 5 else MASK) if s else MASK for n, s, v in pairs
            )
        )
    else:
        rest = "/".join(MASK if looks_secret(part) else part for part in path.split("/"))
    return f"{scheme}://{rest}"


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())][:32]


def _first_word(line: str) -> str:
    words = line.split(None, 3)[:3]
    if len(words) > 1 and (words[0] in ("no", "default") or words[0].isdigit()):
        words = words[1:]
    return words[0].lower() if words else ""


def _compile(text: str) -> Iterator[tuple[str, Rule]]:
    parent = ""
    if text.startswith("{"):
        parent, _, text = text[1:].partition("}")
        text = text.strip()
    parts, open_groups, is_prose = [], 0, False
    for index, item in enumerate(text.split()):
        opened = len(item) - len(item.lstrip("["))
        closed = len(item) - len(item.rstrip("]"))
        item = item.strip("[]")
        body = {
            "W": r"\S+",
            "N": r"\d+",
            "H": r"[0-9A-Fa-f:]+",
            "T": r"(?:\d{1,2}|encrypted|ciphertext)",
            "@": r'("[^"]*"|\S+)',
            "@@": r"(\S.*?)",
        }.get(item)
        separator = r"[ \t]+" if index else r"\s*(?:no[ \t]+|default[ \t]+|\d+[ \t]+)?"
        if item in ("...", "~"):
            is_prose = is_prose or item == "~"
            parts.append("(?:" * opened + r"(?:[ \t].*)?" + ")?" * closed)
            continue
        if body is None:
            body = "(?:" + "|".join(re.escape(choice) for choice in item.strip("()").split("|")) + ")"
        parts.append("(?:" * opened + separator + body + ")?" * closed)
        open_groups += opened - closed
    if open_groups:
        raise ValueError(f"brackets do not match: {text}")
    pattern = re.compile("".join(parts) + r"[ \t]*$", re.IGNORECASE)
    rule = Rule(pattern, parent, is_prose, " H" in text, "..." in text)
    for word in text.split()[0].strip("[]()").split("|"):
        yield word.lower(), rule
