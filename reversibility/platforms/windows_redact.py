"""Redaction of a Windows PC's configuration files: what is not known to be harmless is masked."""

from __future__ import annotations

import json
import re
from typing import Any

MASK = "<secret>"
# Files of our own making: no field of theirs holds a secret, but the address of a printer may.
PLAIN = frozenset(
    {
        "/system.json",
        "/accounts.json",
        "/software.json",
        "/services.json",
        "/certificates.json",
        "/firewall.json",
        "/security/audit.csv",
    }
)
# Policies whose text is no secret; of all others only numbers are shown.
HARMLESS_TEXTS = frozenset(
    {
        "productversion",
        "targetreleaseversioninfo",
        "homepage",
        "url",
        "title",
        "placement",
        "folder",
        "startpage",
        "managedfavorites",
        "managedbookmarks",
        "requestedlocales",
        "displaybookmarkstoolbar",
        "screensaveactive",
        "screensaverissecure",
        "screensavetimeout",
        "scrnsave.exe",
    }
)
NUMERIC = frozenset({"dword", "qword"})
HEADERS = {("[version]", '"$CHICAGO$"'), ("[unicode]", "yes")}
_CREDENTIALS = re.compile(r"//[^/@\s]+@")
_INF_TEXT = re.compile(r'^(\s*[^=\r\n]+=\s*)((?:[127],)?"?[^\r\n]*)$')
_INF_NUMBER = re.compile(r'^(?:[34],)?"?-?\d+"?$')
_NO_NAME = re.compile(r"(?!)")
_NAMES = {
    "[unicode]": re.compile("Unicode"),
    "[version]": re.compile("signature|Revision"),
    "[system access]": re.compile("[A-Z][A-Za-z]+"),
    "[event audit]": re.compile("Audit[A-Za-z]+"),
    "[registry values]": re.compile(r"(?:MACHINE|USERS?)\\.+", re.IGNORECASE),
    "[privilege rights]": re.compile("Se[A-Za-z]+"),
}
_SIDS = re.compile(r"^[*\w.$ -]*(?:,[*\w.$ -]+)*$")


def redact(path: str, text: str) -> str | None:
    """The text without secrets; None where the grammar is unknown, or the text is not in it."""
    if path in PLAIN:
        return text
    try:
        if path == "/printers.json":
            return _dump([_printer(printer) for printer in json.loads(text)])
        if path == "/registry.json":
            return _dump([_value(value) for value in json.loads(text)])
    except (ValueError, AttributeError, TypeError, RecursionError):
        return None
    return _inf(text) if path == "/security/policy.inf" else None


def _printer(printer: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _CREDENTIALS.sub("//", value) if isinstance(value, str) else value
        for key, value in printer.items()
    }


def _value(value: dict[str, Any]) -> dict[str, Any]:
    shown = value.get("type") in NUMERIC and isinstance(value.get("data"), int)
    if shown or str(value.get("name", "")).lower() in HARMLESS_TEXTS:
        return dict(value)
    return {**value, "data": MASK}


def _inf(text: str) -> str:
    """Numbers everywhere; lists of accounts in the section of rights; names of the two renamed accounts."""
    lines, section = [], ""
    for line in re.split(r"\r?\n", text.rstrip("\r\n")):
        if line.strip().lower() in _NAMES:
            section = line.strip().lower()
            lines.append(line)
            continue
        found = _INF_TEXT.match(line)
        if found and not _NAMES.get(section, _NO_NAME).fullmatch(found[1].strip(" =")):
            found = None
        if found and not _shown(section, found[1], found[2].strip()):
            line = found[1] + MASK
        elif not found and line.strip():
            line = MASK
        lines.append(line)
    return "\n".join(lines) + "\n"


def _shown(section: str, name: str, value: str) -> bool:
    if _INF_NUMBER.match(value) or (section, value) in HEADERS:
        return True
    if section == "[privilege rights]":
        return bool(_SIDS.match(value))
    return name.strip(" =") in ("NewAdministratorName", "NewGuestName")


def _dump(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
