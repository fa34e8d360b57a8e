"""Names that stand for secrets in commands and files: ``<secret:account/admin>``. The values are filled in
when sending.

``account/U``: password of the account U. ``snmp/U/auth``, ``snmp/U/priv``: those of an SNMPv3 user.
``radius/A``: shared
secret of the RADIUS server A. ``wifi/S``: key of the SSID S.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_NAME = re.compile(r"<secret:([^<>\n]+)>")


def secret(name: str) -> str:
    """The placeholder for the secret of this name."""
    return f"<secret:{name}>"


def names_in(text: str) -> tuple[str, ...]:
    """The names of the secrets that a text needs, each once."""
    return tuple(dict.fromkeys(_NAME.findall(text)))


def fill(text: str, secrets: Mapping[str, str], quote: Callable[[str], str] = str) -> str:
    """The text with the secrets themselves, written by ``quote``. Raises KeyError with the name of one that lacks."""
    return _NAME.sub(lambda match: quote(secrets[match[1]]), text)
