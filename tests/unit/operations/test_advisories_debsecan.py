"""The verdict on Debian packages beside debsecan's on the same list; every difference has its reason."""

from __future__ import annotations

import json
import random
import subprocess
import zlib
from pathlib import Path
from typing import Any

import pytest

from reversibility.operations.advisories.matching import Matcher
from reversibility.operations.advisories.observed import Observed
from reversibility.operations.advisories.read import read_folder
from reversibility.operations.advisories.versions import dpkg_key

Tracker = dict[str, dict[str, dict[str, Any]]]
Pair = tuple[str, str]
# Installed: as released, as fixed, a rebuild of the fix, newer than everything.
VERSIONS = ("1.0-1", "1.0-1+deb13u1", "1.0-1+deb13u1+ecole1", "1.0-1+deb13u2", "2.0-1")
FIXED = ("1.0-1+deb13u1", "1.0-1+deb13u2", None, "0")
SID = ("1.0-2", "1.5-1", None)


def corpus(rng: random.Random) -> tuple[Tracker, dict[str, str]]:
    """A tracker's JSON, and the version of each package that is installed."""
    tracker: Tracker = {}
    for number in range(120):
        package = f"paquet{number}"
        tracker[package] = {}
        for cve in range(rng.randrange(1, 6)):
            fixed, sid = rng.choice(FIXED), rng.choice(SID)
            here = {"status": "resolved", "fixed_version": fixed} if fixed else {"status": "open"}
            there = {"status": "resolved", "fixed_version": sid} if sid else {"status": "open"}
            tracker[package][f"CVE-2026-{number:03d}{cve}"] = {"releases": {"trixie": here, "sid": there}}
    return tracker, {package: rng.choice(VERSIONS) for package in tracker}


def as_debsecan_wants_it(tracker: Tracker) -> bytes:
    """The list of one release, as the tracker makes it of the same data: never affected means not listed."""
    names, rows = [], []
    for package, entries in tracker.items():
        for cve, entry in entries.items():
            here, sid = entry["releases"]["trixie"], entry["releases"]["sid"]
            if here.get("fixed_version") == "0":
                continue
            flags = "S  F" if "fixed_version" in here else "S   "
            versions = f"{sid.get('fixed_version', '')},{here.get('fixed_version', '')}"
            rows.append(f"{package},{len(names)},{flags},{versions}")
            names.append(f"{cve},  ,essai")
    sources = [f"{package},{package}" for package in tracker]
    return zlib.compress("\n".join(["VERSION 1", *names, "", *rows, "", *sources, "", ""]).encode())


def debsecan(folder: Path, tracker: Tracker, installed: dict[str, str]) -> set[Pair]:
    (folder / "trixie").write_bytes(as_debsecan_wants_it(tracker))
    status = folder / "status"
    status.write_text(
        "".join(
            f"Package: {package}\nStatus: install ok installed\nVersion: {version}\nArchitecture: all\n\n"
            for package, version in installed.items()
        )
    )
    command = ["debsecan", "--source", f"{folder.as_uri()}/", "--suite", "trixie", "--status", str(status)]
    options = ["--history", str(folder / "history"), "--format", "simple"]
    said = subprocess.run([*command, *options], capture_output=True, text=True, check=True).stdout
    return {(line.split()[0], line.split()[1]) for line in said.splitlines()}


def why_only_debsecan(here: dict[str, Any], version: str) -> str:
    """It compares a release's fixes by equality: what is newer than one, and older than sid's, it calls vulnerable."""
    fixed = here.get("fixed_version")
    return "newer than the fix" if fixed and dpkg_key(version) > dpkg_key(fixed) else "?"


def why_only_we(sid: dict[str, Any], here: dict[str, Any], version: str) -> str:
    """It takes sid's fix for every release: what is as new has no CVE, though nobody has said so of the release."""
    there, fixed = sid.get("fixed_version"), here.get("fixed_version")
    unfixed = fixed is None or dpkg_key(version) < dpkg_key(fixed)
    return "as new as sid's fix" if there and unfixed and dpkg_key(version) >= dpkg_key(there) else "?"


@pytest.mark.judge("debsecan")
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_difference_from_debsecan_has_its_reason(tmp_path: Path, seed: int) -> None:
    tracker, installed = corpus(random.Random(seed))
    lists = tmp_path / "lists"
    lists.mkdir()
    (lists / "tracker.json").write_text(json.dumps(tracker))
    asset = Observed("UC260001", "tilleuls", "trixie", tuple(installed.items()))
    ours = {(one.cve, one.package) for one in Matcher(read_folder(lists)).open_on(asset)}
    theirs = debsecan(tmp_path, tracker, installed)
    both = ours & theirs
    assert len(both) > 50
    releases = {pair: tracker[pair[1]][pair[0]]["releases"] for pair in theirs | ours}
    only_theirs = {
        pair: why_only_debsecan(releases[pair]["trixie"], installed[pair[1]]) for pair in theirs - ours
    }
    only_ours = {
        pair: why_only_we(releases[pair]["sid"], releases[pair]["trixie"], installed[pair[1]])
        for pair in ours - theirs
    }
    assert set(only_theirs.values()) == {"newer than the fix"}, only_theirs
    assert set(only_ours.values()) == {"as new as sid's fix"}, only_ours
    print(f"{len(both)} by both, {len(only_theirs)} by debsecan only, {len(only_ours)} here only")
