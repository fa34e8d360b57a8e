"""Removal of the vault's secrets from text before it is written in clear; a second barrier after redaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from reversibility.records import session

REPLACEMENT = "<secret>"
SHORTEST = (
    6  # anything shorter would blank out ordinary words; the policy asks for twelve characters at least
)

_known: dict[tuple[Path, int, int], frozenset[str]] = {}


def vault_secrets(vault: Path) -> frozenset[str]:
    """Every secret of the vault, if this process has it open; else none.

    Passwords current, pending and former, recovery keys, the age identity, and what lies in the recycle bin: a
    former password is often still in a device's configuration. Nobody is asked for a passphrase.

    Raises CartableError when the open vault cannot be read again.
    """
    if not session.is_open(vault):
        return frozenset()
    session.opened_vault(vault)  # says so when the file is gone
    status = vault.stat()
    key = (vault, status.st_ino, status.st_mtime_ns)  # every save makes another file
    if key not in _known:
        found = session.opened_vault(vault).secrets()  # after stat: never older than the key says
        _known.clear()
        _known[key] = frozenset(value for value in found if len(value) >= SHORTEST)
    return _known[key]


def scrub(text: str, secrets: Iterable[str]) -> str:
    """Replace every secret in ``text``, longest first so that no rest of one is left."""
    for secret in sorted(_inside([text], secrets), key=len, reverse=True):
        text = text.replace(secret, REPLACEMENT)
    return text


def scrub_all(value: Any, secrets: Iterable[str]) -> Any:
    """Replace every secret in the texts of a structure of mappings and lists."""
    inside = _inside(list(_texts(value)), secrets)
    return _replace(value, inside) if inside else value


def _inside(texts: list[str], secrets: Iterable[str]) -> list[str]:
    """Find the secrets that may be in one of the texts, quickly also when there are 25,000 of them.

    Looks up the first characters of each among all the runs of as many characters.
    """
    starts = {text[at : at + SHORTEST] for text in texts for at in range(len(text) - SHORTEST + 1)}
    return [secret for secret in secrets if secret[:SHORTEST] in starts]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _replace(value: Any, secrets: list[str]) -> Any:
    if isinstance(value, str):
        return scrub(value, secrets)
    if isinstance(value, dict):
        return {scrub(str(key), secrets): _replace(item, secrets) for key, item in value.items()}
    if isinstance(value, list):
        return [_replace(item, secrets) for item in value]
    return value
