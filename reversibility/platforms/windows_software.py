"""Installed software of a Windows PC: programs of the registry, Store apps and updates, in GLPI's format."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from reversibility.platforms.windows_answer import Answer, by_name, text_of, without_empty

GUID = re.compile(r"^\{[0-9A-Fa-f-]{36}\}$")


def installed_software(answer: Answer) -> list[dict[str, Any]]:
    """All of it; ``from`` says what each is: ``registry``, ``appx`` or ``hotfix``."""
    return [*_programs(answer), *_store_apps(answer), *_hotfixes(answer)]


def _programs(answer: Answer) -> Iterator[dict[str, Any]]:
    """Programs of both registry views and of users; each name, architecture, version and user once."""
    seen = set()
    for row in by_name(answer.rows("programs"), "DisplayName", "arch", "DisplayVersion", "scope", "key"):
        key, name = text_of(row.get("key")), text_of(row.get("DisplayName"))
        if not name or text_of(row.get("SystemComponent")) == "1" or text_of(row.get("ParentKeyName")):
            continue
        user = text_of(row.get("scope")) if text_of(row.get("scope")) != "machine" else ""
        version, arch = text_of(row.get("DisplayVersion")), text_of(row.get("arch"))
        if (identity := (name, arch, version, user)) in seen:
            continue
        seen.add(identity)
        yield without_empty(
            {
                "name": name,
                "version": version,
                "publisher": text_of(row.get("Publisher")),
                "arch": arch,
                "guid": key if GUID.match(key) else "",
                "install_date": _install_date(text_of(row.get("InstallDate"))),
                "system_category": "application",
                "userid": user,
                "from": "registry",
            }
        )


def _install_date(text: str) -> str:
    """``yyyymmdd``; some installers write other things, which are not guessed."""
    found = re.fullmatch(r"((?:19|20)\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", text)
    return "-".join(found.groups()) if found else ""


def _store_apps(answer: Answer) -> Iterator[dict[str, Any]]:
    rows = [row for row in answer.rows("store_apps") if text_of(row.get("name"))]
    for row in by_name(rows, "name", "arch", "version"):
        yield without_empty(
            {
                "name": text_of(row.get("name")),
                "version": text_of(row.get("version")),
                "publisher": text_of(row.get("publisher")),
                "system_category": "store_app",
                "from": "appx",
            }
        )


def _hotfixes(answer: Answer) -> Iterator[dict[str, Any]]:
    for row in by_name(answer.rows("hotfixes"), "HotFixID"):
        found = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", text_of(row.get("InstalledOn")))
        if re.fullmatch(r"KB\d+", text_of(row.get("HotFixID"))):  # Windows XP has "File 1"
            yield without_empty(
                {
                    "name": text_of(row.get("HotFixID")),
                    "publisher": "Microsoft Corporation",
                    "install_date": f"{found[3]}-{int(found[1]):02d}-{int(found[2]):02d}" if found else "",
                    "system_category": "update",
                    "from": "hotfix",
                }
            )
