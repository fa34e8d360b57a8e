"""Detection of secrets written out in a market's files.

The inventory and each bundle contain these files. A secret belongs in the vault; the file has a lookup, or a value that
ansible-vault has encrypted.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

# Words of a name that stands for a secret; the one list, for written-out secrets and for redaction.
SECRET_WORDS_TEXT = """
pass passwd password passphrase passcode pwd mdp motdepasse secret token psk community credential pin otp
"""
SECRET_WORDS = frozenset(SECRET_WORDS_TEXT.split())
# A key is a secret after one of these, and elsewhere may be any key of a table.
KEY_WORDS_TEXT = """
private secret shared preshared access api wpa wep auth encryption signing master
"""
KEY_WORDS = frozenset(KEY_WORDS_TEXT.split())
GLUED = re.compile(
    r"(?:passw(?:or)?d|passphrase|secret|token|psk|credential|(?:private|secret|shared|access|api|wpa|wep|auth)key)s?$",
    re.IGNORECASE,
)
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^A-Za-z_\-. ]+")
# Secrets that are recognised under any name: private keys of SSH, TLS and age, and a password in an address.
SECRET_TEXT = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY|AGE-SECRET-KEY-1[0-9A-Z]|://[^/\s:@{}]+:[^/\s@{}]+@"
)
ENCRYPTED = "$ANSIBLE_VAULT;"
TEMPLATE = re.compile(r"\s*\{\{(?P<expression>.*)\}\}\s*", re.DOTALL)
LOOKUP = re.compile(r"\b(?:lookup|query|q)\s*\(")


@lru_cache(maxsize=4096)
def is_secret_name(name: Any) -> bool:
    """Whether a variable of this name holds a secret: ``ansible_password``, ``wifi_psk``, ``PrivateKey``."""
    if not isinstance(name, str):
        return False
    *before, last = name_words(name) or [""]
    if last == "key":
        return bool(before) and before[-1] in KEY_WORDS
    return last in SECRET_WORDS or GLUED.search(name) is not None


@lru_cache(maxsize=4096)  # bounded: names come from machines too
def speaks_of_secret(name: str) -> bool:
    """Whether any part of a setting's name speaks of a secret (``ldap admin password``, ``MYSQL_PWD``, ``key-string``).

    Wider than ``is_secret_name``: for redaction, where too much is better than too little.
    """
    words = name_words(name)
    folded = name.casefold().replace("-", "").replace("_", "")
    return (
        not SECRET_WORDS.isdisjoint(words)
        or ("key" in words and "public" not in words)
        or any(
            stem in folded
            for stem in ("passw", "passphrase", "secret", "psk", "token", "communit", "credential")
        )
        or (folded.endswith(("pass", "pwd", "key")) and not folded.endswith("publickey"))
    )


def name_words(name: str) -> list[str]:
    """The words of a name in lower case and the singular: ``userApiKeys`` is user, api, key."""
    return [
        word.lower().removesuffix("s") if word.lower() not in SECRET_WORDS else word.lower()
        for word in WORD.findall(name)
    ]


def is_secret_text(value: Any) -> bool:
    """Whether ``value`` is a secret whatever its name."""
    return isinstance(value, str) and SECRET_TEXT.search(value) is not None


def is_literal(value: Any) -> bool:
    """Whether ``value`` is written out: no lookup, no other variable, nothing that ansible-vault has encrypted."""
    if value is None or isinstance(value, bool) or value == "":
        return False
    if not isinstance(value, str):
        return True
    if value.startswith(ENCRYPTED):
        return False
    template = TEMPLATE.fullmatch(value)
    if template is None:
        return True
    expression = template["expression"]
    # A text in quotes is a text also between braces, unless it says what to look up.
    return LOOKUP.search(expression) is None and ("'" in expression or '"' in expression)
