"""Takes secrets out of configuration files, so that people can read and compare them.

Rather too much is taken out than too little: the whole file is in the encrypted copy.
"""

from __future__ import annotations

import re

from reversibility.records.scrub import REPLACEMENT

NAMES = (
    r"[\w.\-]*(?:passw(?:or)?d|passphrase|secret|psk|token|api[_-]?key|private[_-]?key|priv[_-]?key|pre[_-]?shared"
    r"|wep[_-]?key|credential|community|pin[_-]?code|sae_password|cookie_?key|auth[_-]?key)[\w.\-]*"
)
# Settings whose name speaks of passwords and whose value is a choice (PasswordAuthentication no).
CHOICE = (
    r"(?:yes|no|true|false|on|off|none|auto|\d{1,3}|required|never|prohibit-password|without-password|files"
    r"|forced-commands-only)"
)
# name = value, name: value, "name": "value", name value; the value up to the end of the line or of its
# quotes.
ASSIGNMENT = re.compile(
    rf"""(?P<name>(?<![\w.\-])["']?{NAMES}["']?)(?P<sign>\s*(?:=>|:=|[=:])\s*|[ \t]+)"""
    rf"""(?!{CHOICE}\s*[,;}}]?\s*(?:\#.*)?$)(?P<value>"[^"\n]*"|'[^'\n]*'|[^\s].*?)(?P<end>\s*[,;}}]?[ \t]*)$""",
    re.IGNORECASE | re.MULTILINE,
)
QUOTED_PAIR = re.compile(
    rf"""(?P<name>["']{NAMES}["']\s*[=:]\s*)(?P<value>"[^"\n]*"|'[^'\n]*')""", re.IGNORECASE
)
INLINE = re.compile(
    rf"""(?P<name>(?<![\w.\-]){NAMES}\s*=\s*)(?P<value>"[^"\n]*"|'[^'\n]*'|[^\s,;"']+)""", re.IGNORECASE
)
WORDS_AND_CHOICE = re.compile(rf"^[\w \t\-]+=\s*{CHOICE}$", re.IGNORECASE)
NETRC = re.compile(r"(?P<name>\b(?:password|passwd|account)[ \t]+)(?P<value>\S+)", re.IGNORECASE)
URL = re.compile(r"(?P<name>\b[a-z][a-z0-9+.\-]*://[^\s/:@\"']*:)(?P<value>[^\s/@\"']+)(?=@)", re.IGNORECASE)
CRYPT = re.compile(r"\$(?:\d\w?|y|gy|7|sha1|argon2\w*)\$[^\s:\"',;]+")
HEADER = re.compile(
    r"(?P<name>\b(?:authorization|x-api-key)\s*[:=]\s*(?:(?:basic|bearer)\s+)?)(?P<value>\S+)", re.I
)
KEY_BLOCK = re.compile(
    r"(?P<begin>-----BEGIN [A-Z0-9 ]*(?:PRIVATE|SECRET) KEY(?: BLOCK)?-----).*?"
    r"(?P<end>-----END [A-Z0-9 ]*(?:PRIVATE|SECRET) KEY(?: BLOCK)?-----|\Z)",
    re.DOTALL,
)
AGE_KEY = re.compile(r"AGE-SECRET-KEY-1[A-Z0-9]+")
ACCOUNT_FILES = frozenset({"/etc/passwd", "/etc/group"})
NETRC_FILES = re.compile(r"(?:^/etc/apt/auth\.conf(?:\.d/.*)?|/\.?netrc)$")


def redact(path: str, text: str) -> str:
    """Give ``text``, the content of the file ``path``, with ``<secret>`` in place of what looks like a
    secret.

    These are values of settings whose name says so, keys and crypt(3) hashes wherever they stand, passwords
    in addresses and in netrc files, and the password fields of passwd and group.
    """
    if path in ACCOUNT_FILES:
        return "".join(_account_line(line) for line in text.splitlines(keepends=True))
    text = KEY_BLOCK.sub(rf"\g<begin>\n{REPLACEMENT}\n\g<end>", text)
    for pattern in (AGE_KEY, CRYPT):
        text = pattern.sub(REPLACEMENT, text)
    if NETRC_FILES.search(path):
        text = NETRC.sub(rf"\g<name>{REPLACEMENT}", text)
    for pattern in (URL, HEADER, QUOTED_PAIR, INLINE):
        text = pattern.sub(_keep_choice, text)
    return ASSIGNMENT.sub(_assignment, text)


def _assignment(match: re.Match[str]) -> str:
    """Blank the value; a comment that merely talks about passwords, in several words, stays readable."""
    if not match["sign"].strip() and WORDS_AND_CHOICE.match(match["value"]):
        return match[0]  # the name goes on: "unix password sync = yes"
    line = match.string[match.string.rfind("\n", 0, match.start()) + 1 : match.start()]
    if not match["sign"].strip() and line.lstrip().startswith(("#", ";")) and " " in match["value"].strip():
        return match[0]
    return f"{match['name']}{match['sign']}{REPLACEMENT}{match['end']}"


def _keep_choice(match: re.Match[str]) -> str:
    if re.fullmatch(CHOICE, match["value"].strip("\"'"), re.IGNORECASE):
        return match[0]
    return f"{match['name']}{REPLACEMENT}"


def _account_line(line: str) -> str:
    """Blank the second field of a line of passwd or group, unless it says that there is no password here."""
    fields = line.split(":")
    if len(fields) > 3 and fields[1] not in ("x", "*", "!", "!!", ""):
        fields[1] = REPLACEMENT
    return ":".join(fields)
