"""Redaction of answers in JSON: values under names that speak of secrets, and values that look like one."""

from __future__ import annotations

import json
import re
from typing import Any

from reversibility.platforms.redaction import LONGEST_LINE, MASK, looks_secret, mask_shapes

_SECRET = re.compile(
    r"passw|passphrase|secret|psk|community|token|credential|(?:^|_)key$|[a-z]key$|apikey|private|authkey|(?:^|_)pin$|passcode|^x_"
    r"|pwd|certificate|hash",
    re.IGNORECASE,
)
_PUBLIC = re.compile(
    r"^(?:wpa_?enc\w*|encryptionmode|publickey|x_inform_authtime|bandselection|passwordpolicy)$",
    re.IGNORECASE,
)


def redact_json(text: str) -> str | None:
    """The same JSON, keys in order, without secrets; None when it is none, or its nesting is too deep."""
    try:
        content = json.loads(text)
        return json.dumps(masked(content), ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    except (ValueError, RecursionError):
        return None


def masked(value: Any, name: str = "") -> Any:
    """A JSON value without secrets; ``name`` is the key that it stands under."""
    if isinstance(value, dict):
        hidden = bool(name) and _is_secret(name)
        return {
            key: MASK if hidden and not isinstance(inner, bool) else masked(inner, key)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [masked(item, name) for item in value]
    if isinstance(value, bool) or value is None or value == "":
        return value
    if _is_secret(name):
        return MASK
    if isinstance(value, str):
        if len(value) > LONGEST_LINE or "-----BEGIN" in value or looks_secret(value):
            return MASK if not _IDENTIFIER.fullmatch(value) or not _is_identifier(name) else value
        return mask_shapes(value)
    return value


# MongoDB's, which UniFi's classic API uses for everything, and those of its official one.
_IDENTIFIER = re.compile(r"[0-9a-f]{24}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _is_identifier(name: str) -> bool:
    return name.endswith(("_id", "_ids", "Id", "Ids")) or name in ("id", "_id")


def _is_secret(name: str) -> bool:
    return bool(_SECRET.search(name)) and not _PUBLIC.match(name)
