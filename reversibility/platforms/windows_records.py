"""Records of a Windows PC besides its inventory, from the answer of ``win_asset_facts``: as those of a Linux asset."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection
from typing import Any

from reversibility.market.platforms import platform_of, version_of
from reversibility.platforms.windows_answer import Answer, by_name, number, text_of, without_empty
from reversibility.platforms.windows_inventory import inventory_record
from reversibility.platforms.windows_protection import protection, signature_base

ADMINISTRATORS = "S-1-5-32-544"
FIRST_OWN = 1000  # relative identifiers below it are Windows' own accounts
SERVICE_STATES = {"Running": "running", "Stopped": "stopped"}
LINKS = {2: "up", 7: "down"}  # Win32_NetworkAdapter.NetConnectionStatus


def records(answer: Answer, asset: str, declared: Collection[str], client: str) -> dict[str, Any]:
    """Everything that observe keeps: the result of the action ``win_asset_facts``."""
    accounts = local_accounts(answer, declared)
    return {
        "inventory": inventory_record(answer, asset, client, end_of_support(answer)),
        "accounts": {"accounts": accounts},
        "services": {"services": services(answer)},
        "protection": protection(answer),
        "certificates": {"certificates": certificates(answer)},
        "volatile": volatile(answer),
        "configuration": configuration_files(answer, accounts),
        "problems": dict(answer.problems),
    }


def end_of_support(answer: Answer) -> str | None:
    """The last day (ISO date) of free updates for this release and edition; None when it is not known."""
    release = answer.release()
    support = platform_of(release.os or None).support(
        version_of(release.os or None), release.release, release.editions
    )
    return support.ends.isoformat() if support.ends else None


def local_accounts(answer: Answer, declared: Collection[str]) -> list[dict[str, Any]]:
    """The local accounts by security identifier.

    ``locked``: disabled, so that no password opens it. Windows' own accounts cannot be removed: a disabled one counts
    as declared. ``declared`` is None without declared names.
    """
    groups = {text_of(row.get("Name")): text_of(row.get("SID")) for row in answer.rows("groups")}
    members: dict[str, set[str]] = {}
    for row in answer.rows("members"):
        members.setdefault(text_of(row.get("member")).lower(), set()).add(text_of(row.get("group")))
    wanted = {name.lower() for name in declared}
    found = []
    for row in by_name(answer.rows("users"), "SID"):
        login, sid = text_of(row.get("Name")), text_of(row.get("SID"))
        own = members.get(login.lower(), set())
        rid = number(sid.rpartition("-")[2]) or 0
        locked = row.get("Disabled") is True
        system = rid < FIRST_OWN
        found.append(
            {
                "login": login,
                "sid": sid,
                "name": text_of(row.get("FullName")),
                "groups": sorted(own),
                "system": system,
                "administrator": ADMINISTRATORS in {groups.get(name) for name in own},
                "locked": locked,
                "password_required": row.get("PasswordRequired") is not False,
                "declared": (login.lower() in wanted or (system and locked)) if wanted else None,
            }
        )
    return found


def services(answer: Answer) -> list[dict[str, str]]:
    """The services: name, how they start, and the state of those that are meant to run all the time.

    Services of a user's session have a random ending and are left out.
    """
    found = []
    for row in by_name(answer.rows("services"), "Name"):
        name, startup = text_of(row.get("Name")), text_of(row.get("StartMode")).lower()
        head, _, ending = name.rpartition("_")
        if head and len(ending) in (5, 6, 7, 8) and all(letter in "0123456789abcdef" for letter in ending):
            continue
        service = {"name": name, "startup": startup}
        if startup == "auto":
            service["state"] = SERVICE_STATES.get(
                text_of(row.get("State")), text_of(row.get("State")).lower()
            )
        found.append(service)
    return found


def certificates(answer: Answer) -> list[dict[str, Any]]:
    """The certificates in the machine's own store, by the day on which they end."""
    return [
        without_empty(
            {
                "store": "LocalMachine/My",
                "subject": text_of(row.get("subject")),
                "issuer": text_of(row.get("issuer")),
                "sha1": text_of(row.get("thumbprint")).lower(),
                "not_before": text_of(row.get("not_before")),
                "not_after": text_of(row.get("not_after")),
                "private_key": bool(row.get("private_key")),
            }
        )
        for row in by_name(answer.rows("certificates"), "not_after", "thumbprint")
    ]


def volatile(answer: Answer) -> dict[str, Any]:
    """What is another one with each run."""
    system = answer.first("system")
    free = {
        text_of(row.get("DeviceID")): size // 1024**2
        for row in by_name(answer.rows("volumes"), "DeviceID")
        if (size := number(row.get("FreeSpace"))) is not None
    }
    links = {
        text_of(row.get("NetConnectionID")) or text_of(row.get("Name")): LINKS.get(
            number(row.get("NetConnectionStatus")) or -1, "unknown"
        )
        for row in answer.rows("adapters")
    }
    return without_empty(
        {
            "boot_time": text_of(system.get("LastBootUpTime")),
            "clock": text_of(system.get("LocalDateTime")),
            "free_mebibytes": free,
            "links": links,
            "antivirus_base": signature_base(answer),
        }
    )


def configuration_files(answer: Answer, accounts: list[dict[str, Any]]) -> list[dict[str, str]]:
    """What rebuilds the PC and is in the answer: files of the configuration, as the driver ``windows`` reads them."""
    release, computer = answer.release(), answer.first("computer")
    languages = answer.first("system").get("MUILanguages")
    record = inventory_record(answer, "", "")["content"]
    settings = {text_of(row.get("name")): row for row in answer.rows("print_settings")}
    files = {
        "/system.json": {
            "name": text_of(computer.get("Name")),
            "workgroup": text_of(computer.get("Workgroup")),
            "domain": text_of(computer.get("Domain")) if computer.get("PartOfDomain") else "",
            "os": release.os,
            "release": release.release,
            "edition": release.edition,
            "language": text_of(languages[0] if isinstance(languages, list) and languages else languages),
            "time_zone": text_of(answer.first("time_zone").get("TimeZoneKeyName")),
        },
        "/accounts.json": [
            {
                key: account[key]
                for key in ("login", "sid", "name", "groups", "administrator", "locked", "system")
            }
            for account in accounts
        ],
        "/software.json": [
            {key: item.get(key, "") for key in ("name", "version", "publisher", "from")}
            for item in record.get("softwares", [])
            if item.get("from") != "hotfix"
        ],
        "/printers.json": [
            {
                **{key: printer.get(key, "") for key in ("name", "driver", "port")},
                "color": bool(settings.get(printer["name"], {}).get("color")),
                "duplex": text_of(settings.get(printer["name"], {}).get("duplex")),
            }
            for printer in record.get("printers", [])
        ],
        "/services.json": services(answer),
        "/certificates.json": certificates(answer),
    }
    return [
        {"path": path, "content_b64": base64.b64encode(_json(content)).decode("ascii")}
        for path, content in files.items()
    ]


def _json(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True).encode() + b"\n"
