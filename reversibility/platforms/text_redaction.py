"""Redaction of configuration files whose grammar is known, a line at a time.

A grammar is a function of one line: the line without secrets, or None when the line is not in the grammar. One such
line and the file has no readable copy. Time is linear in the length of the text, since lines are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from reversibility.market.secret_literals import speaks_of_secret
from reversibility.platforms.redaction import LONGEST_LINE, MASK, clean, looks_secret, prose, redact_url

Grammar = Callable[[str], str | None]

_PEM_BEGIN = re.compile(r"-----BEGIN ")
_PEM_END = re.compile(r"-----END ")
_SPACES = re.compile(r"(\s+)")
_AGE_KEY = re.compile(r"AGE-SECRET-KEY-1[A-Za-z0-9]*")
_CHOICE = re.compile(r"[\"']?(?:yes|no|true|false|on|off|none|auto|never|required)[\"']?\s*;?", re.IGNORECASE)
_HEADER = re.compile(r"\b(?:authorization|bearer|basic|x-api-key|x-auth-token)\b[\s:=\"']*", re.IGNORECASE)
# What a setting of an unknown name may show: no value that a person would think of as a password.
_PLAIN = re.compile(
    r"[\"']?(?:yes|no|true|false|on|off|none|auto|\d{0,5}|/[\w/.+-]{0,100}|[a-z]{2}(?:_[A-Z]{2})?(?:\.UTF-8)?)[\"']?",
    re.IGNORECASE,
)


def redact_lines(text: str, grammar: Grammar) -> str | None:
    """The text without secrets; None when a line is not in the grammar, or control characters are in it."""
    cleaned = clean(text)
    if cleaned is None:
        return None
    shown, pem = [], False
    for line in cleaned.split("\n"):
        if pem or _PEM_BEGIN.search(line):
            if not pem:
                shown.append(MASK)
            pem = not _PEM_END.search(line)
            continue
        redacted = MASK if len(line) > LONGEST_LINE else grammar(line)
        if redacted is None:
            return None
        shown.append(redacted)
    return "\n".join(shown)


def value(text: str) -> str:
    """A value without the secrets that it shows: in addresses, options and headers, and by their shape."""
    if header := _HEADER.search(text):
        return text[: header.end()] + MASK if header.end() < len(text) else text
    shown: list[str] = []
    for token in _SPACES.split(text):
        masked, rest = _token(token)
        shown.append(masked)
        if rest:  # the option's value: it may have blanks in it
            return "".join(shown) + (MASK if rest == "value" else f" {MASK}")
    return "".join(shown)


def _token(token: str) -> tuple[str, str]:
    """A word without its secrets, and ``value`` or ``next`` where all that follows it is one."""
    if not token or token.isspace():
        return token, ""
    if "://" in token:
        quote = token[0] if token[0] in "\"'" else ""
        start = token.index("://")
        scheme = start
        while scheme and (token[scheme - 1].isalnum() or token[scheme - 1] in "+.-"):
            scheme -= 1
        end = len(token.rstrip("\"';,)"))
        before, _ = _token(token[:scheme].strip(quote)) if scheme > len(quote) else ("", "")
        return quote * (scheme > 0) + before + redact_url(token[scheme:end]) + token[end:], ""
    if _AGE_KEY.search(token):
        return _AGE_KEY.sub(MASK, token), ""
    option = token.lstrip("\"'")[:1] == "-"
    if option and "=" not in token:
        return token, "next" if speaks_of_secret(token.strip("-\"'")) else ""
    position = 0
    for part in token.split(","):  # mount options: user=eleve,pass=X
        name, sign, given = part.partition("=")
        bare = name.strip("\"'-{[(")
        if sign and given and bare and speaks_of_secret(bare):
            return token[: position + len(name) + 1] + MASK, "value" if option else ""
        if sign and bare in ("user", "username", "login") and "%" in given:
            return token[: position + part.index("%") + 1] + MASK, ""
        position += len(part) + 1
    name, sign, given = token.partition(":")
    if sign and speaks_of_secret(name.strip("\"'{[(")):
        return token[: len(name) + 1] + (MASK if given else ""), "" if given else "next"
    core = token.strip("\"',;:()[]{}")
    return (token.replace(core, MASK) if core and looks_secret(core) else token), ""


def comment(line: str) -> str:
    """A comment without the settings that it holds."""
    return value(prose(line))


def setting(name: str, sign: str, given: str, *, known: bool) -> str:
    """A setting without its secret: by its name, and where the name is not known by what its value looks like."""
    if not given.strip():
        return f"{name}{sign}{given}"
    if speaks_of_secret(name.strip()) and not _CHOICE.fullmatch(given.strip()):
        return f"{name}{sign}{MASK}"
    if known:
        return f"{name}{sign}{value(given)}"
    return (
        f"{name}{sign}{given}"
        if _PLAIN.fullmatch(given.strip()) and not looks_secret(given.strip())
        else f"{name}{sign}{MASK}"
    )


def settings(
    pattern: str, known: Callable[[str], bool], *, comments: str = "#", sections: bool = False
) -> Grammar:
    """A grammar of one setting a line: ``pattern`` has the groups name, sign and value."""
    matcher = re.compile(pattern)

    def grammar(line: str) -> str | None:
        bare = line.strip()
        if not bare:
            return ""
        if bare[0] in comments:
            return comment(line)
        if sections and bare[0] == "[" and bare[-1] == "]":
            return line
        found = matcher.fullmatch(line)
        return setting(found[1], found[2], found[3], known=known(found[1].strip())) if found else None

    return grammar


def table(pattern: str) -> Grammar:
    """A grammar of fields: comments, and lines that match ``pattern``; a comment may end a line."""
    matcher = re.compile(pattern)

    def grammar(line: str) -> str | None:
        bare = line.strip()
        if not bare:
            return ""
        if bare[0] == "#":
            return comment(line)
        fields, sign, remark = line.partition("#")
        return (
            value(fields) + (comment(sign + remark) if sign else "")
            if matcher.fullmatch(fields.strip())
            else None
        )

    return grammar
