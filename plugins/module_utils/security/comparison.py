# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Comparison of a Linux machine with rules, and the changes to make. Only the standard library; Python 3.9."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional

from .probes import Probes

COMPLIES, PRESENT, MISSING = "complies", "present", "missing"
NOT_APPLICABLE, WAIVED, DECLINED = "not_applicable", "waived", "declined"
HOST_KERNEL = "le noyau est celui de l\u2019hôte du conteneur"
NEEDS = {
    "own_kernel": HOST_KERNEL,
    "grub": "GRUB n\u2019est pas installé",
    "desktop": "GNOME n\u2019est pas installé",
    "plasma": "KDE Plasma n\u2019est pas installé",
}
# Probe → list of changes for its deviations. Most other probes are corrected by the files of their group.
REMEDIES = {
    "mode": "modes",
    "package": "packages",
    "absent": "removed",
    "unit": "units",
    "setting": "settings",
}
WITHOUT_REMEDY = frozenset({"sudo", "apparmor", "grub"})


def compare(
    rule: dict[str, Any], probes: Probes, texts: dict[str, str], waived: dict[str, dict[str, str]]
) -> dict[str, str]:
    """One line of the record: ``state``, ``expected``, ``seen`` and, if the rule is waived or declined, ``reason``."""
    row = {name: str(rule[name]) for name in ("group", "title", "level") if rule.get(name)}
    row.update({name: str(rule[name]) for name in ("anssi", "cis") if rule.get(name)})
    row["rule"] = rule["id"]
    if rule.get("declined"):
        return {**row, "state": DECLINED, "reason": rule["declined"]}
    row["expected"] = str(rule.get("expected", "écrit par Cartable"))
    if rule["id"] in waived:
        return {
            **row,
            "state": WAIVED,
            **{name: str(text) for name, text in waived[rule["id"]].items() if name != "rule"},
        }
    for need in rule.get("needs", []):
        if not probes.has(need):
            return {**row, "state": NOT_APPLICABLE, "reason": NEEDS[need]}
    seen = _seen(rule, probes, texts)
    state = _state(rule, seen)
    kernel = rule["probe"] == "sysctl" and not probes.has("own_kernel") and not probes.writable(rule["key"])
    if state != COMPLIES and kernel:
        return {**row, "state": NOT_APPLICABLE, "reason": HOST_KERNEL}
    return {**row, "state": state, **({} if seen is None else {"seen": seen})}


def _seen(rule: dict[str, Any], probes: Probes, texts: dict[str, str]) -> Optional[str]:
    probe = rule["probe"]
    if probe == "absent":
        return probes.package(rule)
    if probe == "owned":
        text = probes.text(rule["path"])
        return None if text is None else "écrit par Cartable" if text == texts[rule["path"]] else "modifié"
    seen: Optional[str] = getattr(probes, probe)(rule)
    return seen


def _state(rule: dict[str, Any], seen: Optional[str]) -> str:
    probe, expected = rule["probe"], str(rule.get("expected", "écrit par Cartable"))
    if probe == "absent" or (probe == "unit" and expected == "off"):
        return COMPLIES if seen in (None, "off") else PRESENT
    if seen is None:
        # A missing file has no permissions to restrict.
        return COMPLIES if probe == "mode" and rule.get("optional") else MISSING
    if probe == "mode":
        kept = _mode_kept(expected, seen)
    elif probe == "mount":
        kept = set(expected.split(",")) <= set(seen.split(","))
    elif rule.get("compare") == "at_least":
        kept = seen.lstrip("-").isdigit() and int(seen) >= int(expected)
    elif rule.get("compare") == "at_most":
        kept = seen.lstrip("-").isdigit() and int(seen) <= int(expected)
    else:
        kept = seen == expected
    return COMPLIES if kept else PRESENT


def _mode_kept(expected: str, seen: str) -> bool:
    """Whether owner and group are equal, and no permission exceeds the rule."""
    owners, mode = expected.rsplit(" ", 1)
    seen_owners, seen_mode = seen.rsplit(" ", 1)
    return owners == seen_owners and int(seen_mode, 8) & ~int(mode, 8) == 0


def to_do(
    rules: list[dict[str, Any]],
    rows: list[dict[str, str]],
    files: list[dict[str, str]],
    probes: Probes,
    together: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Changes of each group, in the order of the rules; groups without changes are left out.

    The groups of ``together`` are one change, at the place of the first of them.
    """
    due: dict[str, dict[str, Any]] = {}

    def group(name: str) -> dict[str, Any]:
        empty: dict[str, Any] = {
            "groups": [],
            "files": [],
            "modes": [],
            "packages": [],
            "removed": [],
            "units": [],
            "settings": [],
            "rules": [],
        }
        found = due.setdefault("together" if name in together else name, {"name": name, **empty})
        if name not in found["groups"]:
            found["groups"].append(name)
            found["name"] = ", ".join(found["groups"])
        return found

    for name in dict.fromkeys(rule["group"] for rule in rules):
        for file in files:
            concerned = file["group"] == name and all(map(probes.has, file.get("needs", ())))
            if concerned and probes.text(file["path"]) != file["content"]:
                group(name)["files"].append(file["path"])
    for rule, row in zip(rules, rows):  # noqa: B905 (Python 3.9)
        if row["state"] in (PRESENT, MISSING) and rule["probe"] not in WITHOUT_REMEDY:
            found = group(rule["group"])
            found["rules"].append(rule["id"])
            if rule["probe"] in REMEDIES and (rule["probe"] != "mode" or row["state"] == PRESENT):
                found[REMEDIES[rule["probe"]]].append(
                    {name: rule[name] for name in ("path", "key", "expected") if name in rule}
                )
    order = list(dict.fromkeys(rule["group"] for rule in rules))
    return sorted(due.values(), key=lambda each: min(map(order.index, each["groups"])))
