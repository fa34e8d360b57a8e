"""Outcome of a run of ``win_updates``: what was installed, what was left alone and why, what failed with which code.

``win_updates`` compares the names of categories, which Windows gives in its own language. Only the scope ``security``
depends on them, and there a category of unknown name is an error, never "nothing to do".
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any

from reversibility.errors import CartableError
from reversibility.market.platforms import Support, platform_of, version_of
from reversibility.platforms.windows_answer import Answer, Release, text_of

# Names of WUA's categories, English and French. The French ones are those of WAPT's sources and were not seen on a PC.
SECURITY_CATEGORIES = (
    "Security Updates", "Critical Updates", "Definition Updates",
    "Mises à jour de la sécurité", "Mises à jour critiques", "Mises à jour de définitions",
)  # fmt: skip
OTHER_CATEGORIES = (
    "Update Rollups", "Updates", "Drivers", "Tools", "Feature Packs", "Service Packs", "Upgrades",
    "Ensemble de mises à jour", "Mises à jour", "Pilotes", "Outils", "Mises à niveau",
)  # fmt: skip
REASONS = {
    "reject_list": "refused",
    "accept_list": "not_accepted",
    "hidden": "hidden",
    "skip_optional": "optional",
    "category_names": "not_security",
}
KB = re.compile(r"(?:KB)?(\d{6,8})", re.IGNORECASE)
_SECURITY = frozenset(name.casefold() for name in SECURITY_CATEGORIES)
_KNOWN = _SECURITY | {name.casefold() for name in OTHER_CATEGORIES}


def kb_patterns(names: Iterable[str]) -> list[str]:
    """Regular expressions that win_updates finds in title and KB: KB5034441 is not in KB50344415.

    Raises CartableError for what is no KB number: titles are in Windows' language, so a list of them refuses nothing.
    """
    patterns = []
    for name in names:
        found = KB.fullmatch(str(name))
        if found is None:
            raise CartableError(
                f"{name} is no KB number, such as KB5034441: titles depend on Windows' language."
            )
        patterns.append(rf"KB{found[1]}(?!\d)")
    return patterns


def refused_today(refused: Iterable[Mapping[str, Any]], today: date) -> list[str]:
    """Names of the refused updates (name, reason, until) whose last day has not passed. Raises CartableError."""
    names = []
    for entry in refused:
        missing = [key for key in ("name", "reason", "until") if not entry.get(key)]
        if missing:
            raise CartableError(f"The refused update {dict(entry)} lacks: {', '.join(missing)}.")
        try:
            until = date.fromisoformat(str(entry["until"]))
        except ValueError as error:
            raise CartableError(
                f"{entry['name']} is refused until {entry['until']}, which is no date."
            ) from error
        if until >= today:
            names.append(str(entry["name"]))
    return names


def support(properties: Mapping[str, Any]) -> tuple[Release, Support]:
    """Release and end of support, of the values of the registry key ``Windows NT\\CurrentVersion`` (win_reg_stat)."""
    values = {name: value.get("value") for name, value in properties.items() if isinstance(value, Mapping)}
    release = Answer({"release": [values]}, {}).release()
    ends = platform_of(release.os or None).support(
        version_of(release.os or None), release.release, release.editions
    )
    return release, ends


def outcome(
    run: Mapping[str, Any], installed: Collection[str] = (), *, only_security: bool = False
) -> dict[str, Any]:
    """What a run comes to. ``installed``: identifiers that said installed before the last restart.

    ``pending``: what is offered and was not installed. ``problem``: a sentence, ``code``: its cause; empty if none.
    """
    offered = [update for update in _mapping(run.get("updates")).values() if isinstance(update, Mapping)]
    filtered = [
        update for update in _mapping(run.get("filtered_updates")).values() if isinstance(update, Mapping)
    ]
    done = [update for update in offered if update.get("installed") is True]
    failed = [update for update in offered if update.get("failure_hresult_code")]
    again = [update for update in offered if update.get("id") in installed]
    result: dict[str, Any] = {
        "upgraded": [_entry(update) for update in done],
        "pending": [_entry(update) for update in offered if update not in done],
        "left": _left(filtered),
        "installed": sorted({text_of(update.get("id")) for update in done} | set(installed)),
        "reboot": ["Windows Update"] if run.get("reboot_required") is True else [],
    }
    result["code"], result["problem"] = _problem(failed, again, filtered if only_security else [])
    return result


def _problem(
    failed: list[Mapping[str, Any]],
    again: list[Mapping[str, Any]],
    filtered: list[Mapping[str, Any]],
) -> tuple[str, str]:
    if again:
        return "offered_again", "said installed, and offered again: " + ", ".join(map(_name, again))
    if failed:
        return "update_failed", "; ".join(f"{_name(one)} failed with {_code(one)}" for one in failed)
    unknown = sorted(
        {
            text_of(name)
            for one in filtered
            for name in one.get("categories") or ()
            if text_of(name).casefold() not in _KNOWN
        }
    )
    if unknown:
        return "unknown_category", f"which updates are security updates is not known: {', '.join(unknown)}"
    return "", ""


def _left(filtered: list[Mapping[str, Any]]) -> dict[str, list[str]]:
    """What is offered and stays away, by reason, as apt_upgrade says it."""
    left: dict[str, list[str]] = {word: [] for word in REASONS.values()}
    for update in filtered:
        for reason in update.get("filtered_reasons") or ():
            left.setdefault(REASONS.get(reason, "other"), []).append(_name(update))
    return {reason: sorted(names) for reason, names in left.items()}


def _entry(update: Mapping[str, Any]) -> dict[str, Any]:
    """An update in the shape of Debian's records."""
    categories = [text_of(name) for name in update.get("categories") or ()]
    return {
        "name": _name(update),
        "installed": "",
        "available": text_of(update.get("title")),
        "origin": ", ".join(categories),
        "arch": "",
        "security": any(name.casefold() in _SECURITY for name in categories),
    }


def _name(update: Mapping[str, Any]) -> str:
    numbers = [text_of(number) for number in update.get("kb") or ()]
    return "KB" + numbers[0] if numbers else text_of(update.get("title"))


def _code(update: Mapping[str, Any]) -> str:
    code, text = update["failure_hresult_code"], text_of(update.get("failure_msg"))
    shown = f"0x{code & 0xFFFFFFFF:08X}" if isinstance(code, int) else text_of(code)
    return text if shown.lower() in text.lower() else f"{shown} {text}".strip()


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
