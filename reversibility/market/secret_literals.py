"""What may not be written out in a market's files: everybody who has the inventory, or a bundle, reads them.

A secret stands in the vault, and the file has a lookup of it, or a value that ansible-vault has encrypted.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

SECRET_NAME = re.compile(
    r"(?:^|[_\-. ])(?:pass|passwd|password|passphrase|passcode|secret|token|psk|community"
    r"|(?:private|secret|shared|access|api|wpa)_?key)s?$",
    re.IGNORECASE,
)
# Secrets that show by themselves, under whatever name: private keys of SSH, TLS and age, and a password in an address.
SECRET_TEXT = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY|AGE-SECRET-KEY-1[0-9A-Z]|://[^/\s:@{}]+:[^/\s@{}]+@"
)
ENCRYPTED = "$ANSIBLE_VAULT;"
TEMPLATE = re.compile(r"\s*\{\{(?P<expression>.*)\}\}\s*", re.DOTALL)
LOOKUP = re.compile(r"\b(?:lookup|query|q)\s*\(")


@cache
def is_secret_name(name: Any) -> bool:
    """Whether a variable of this name holds a secret: ``ansible_password``, ``wifi_psk``."""
    return isinstance(name, str) and SECRET_NAME.search(name) is not None


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
