# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parser of apt-get's simulated plan and of its errors, in the C locale."""

from __future__ import annotations

import re
from typing import Any, Dict, List, NamedTuple, Tuple

INSTALL = re.compile(
    r"^Inst (?P<name>\S+) (?:\[(?P<installed>[^]]+)\] )?\((?P<available>\S+) (?P<origin>.*?) \[(?P<arch>[^]]+)\]\)"
)
REMOVE = re.compile(r"^Remv (\S+)")
HEADINGS = {
    "The following packages have been kept back:": "kept_back",
    "The following upgrades have been deferred due to phasing:": "phased",
}
# Message of apt-get → what it is. The first that fits counts.
CAUSES: Tuple[Tuple[str, str], ...] = (
    (r"changed its '(?:Codename|Label|Suite|Origin)' value", "release_changed"),
    (r"does not have a Release file|no longer has a Release file", "release_gone"),
    (r"Release file for \S+ is (?:expired|not valid yet)", "release_expired"),
    # Before the keys, since apt-get also reports a captive portal's page as "not signed".
    (r"<html|<!DOCTYPE|NOSPLIT|Unable to parse package file", "proxy_answers_html"),
    (r"EXPKEYSIG|KEYEXPIRED|key[^;\n]* expired", "key_expired"),
    (r"NO_PUBKEY|not signed|Missing key", "key_missing"),
    (r"Unable to acquire the dpkg frontend lock|Could not get lock", "locked"),
    (r"No space left on device|not have enough free space|don't have enough free space", "disk_full"),
    (
        r"Temporary failure resolving|Could not connect|Connection timed out|Unable to connect|Could not resolve",
        "no_network",
    ),
    (r"unmet dependencies|pkgProblemResolver|broken packages", "broken_dependencies"),
    (r"returned an error code|subprocess .* returned error|dpkg: error processing", "package_script"),
)


class Plan(NamedTuple):
    """What an upgrade would do. ``upgrades`` have name, installed (None: new), available, origin, arch, security."""

    upgrades: List[Dict[str, Any]]
    removals: List[str]
    kept_back: List[str]
    phased: List[str]


def read_plan(output: str) -> Plan:
    """Read the output of ``apt-get --simulate upgrade``."""
    upgrades: List[Dict[str, Any]] = []
    removals: List[str] = []
    lists: Dict[str, List[str]] = {"kept_back": [], "phased": []}
    current = None
    for line in output.splitlines():
        if line.strip() in HEADINGS:
            current = HEADINGS[line.strip()]
            continue
        if current and line.startswith("  "):
            lists[current] += line.split()
            continue
        current = None
        match = INSTALL.match(line)
        if match:
            upgrade = match.groupdict()  # type: Dict[str, Any]
            upgrade["security"] = "security" in match["origin"].lower()
            upgrades.append(upgrade)
        match = REMOVE.match(line)
        if match:
            removals.append(match[1])
    upgrades.sort(key=lambda upgrade: (upgrade["name"], upgrade["arch"]))
    return Plan(upgrades, sorted(removals), sorted(lists["kept_back"]), sorted(lists["phased"]))


def cause(output: str) -> str:
    """Code of the cause of apt-get's or dpkg's failure; ``unknown`` for any other."""
    return next((name for pattern, name in CAUSES if re.search(pattern, output, re.IGNORECASE)), "unknown")


def first_errors(output: str, most: int = 3) -> str:
    """The first error lines, without the host part of addresses with a password."""
    lines = [line.strip() for line in output.splitlines() if re.match(r"\s*(E:|W:|dpkg: error)", line)]
    said = "; ".join(dict.fromkeys(lines[:most])) or output.strip()[-200:]
    return re.sub(r"://[^/@\s]+@", "://", said)[:400]


def preferences(kept: Dict[str, str]) -> str:
    """Write apt preferences that keep each package at the version that is installed (apt_preferences(5))."""
    return "".join(
        "Package: {}\nPin: version {}\nPin-Priority: 1001\n\n".format(name, version)
        for name, version in sorted(kept.items())
    )


def newest_kernel(images: List[Tuple[str, str]], running: str) -> str:
    """Name the release of the newest installed kernel of the running one's flavour; the running one without any.

    ``images`` are (release, package version) in dpkg's order, the newest last.
    """
    same = [release for release, _ in images if _flavour(release) == _flavour(running)]
    return same[-1] if same else running


def _flavour(release: str) -> str:
    """``6.12.48+deb13-cloud-amd64`` is of the flavour ``cloud-amd64``, ``6.8.0-45-generic`` of ``generic``."""
    return re.sub(r"^[0-9.]+(?:[+~][a-z0-9.+~]*)?(?:-[0-9.]+)*-?", "", release)
