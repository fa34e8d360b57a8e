# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Installed packages that were removed from the catalogue."""

from __future__ import annotations

import json
import os
import re
import shlex
import tempfile
from pathlib import Path
from typing import Dict, Iterable, List, Mapping, NamedTuple, Optional, Set, Tuple

from .machine import Machine

NOTE = "/var/lib/cartable/software.json"
PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]{1,200}")  # deb-control(5)
FORMAT = "${db:Status-Abbrev}|${Package}|${Provides}\\n"


class Left(NamedTuple):
    """Installed packages of the catalogue, and a sentence for each that was removed from it."""

    noted: Dict[str, str]
    changed: bool
    findings: List[str]


def left_software(machine: Machine, wanted: Mapping[str, str]) -> Left:
    """Compare the note of earlier runs with ``wanted`` (package → catalogue entry) and with what dpkg has.

    A package that was wanted once and is installed stays in the note until it is gone, whoever installed it.
    """
    before = _read(machine)
    noted = before or {}
    installed, providers = _installed(machine, [*wanted, *noted])
    names = {name: entry for name, entry in wanted.items() if name in installed}
    for name, entry in wanted.items():
        if name not in installed and len(providers.get(name, ())) == 1:
            names[providers[name][0]] = entry
    kept = {name: entry for name, entry in noted.items() if name in installed and name not in names}
    findings = [
        f"no catalogue entry asks for the package {name} any more, which {entry} did, and it is still installed; if "
        f"nothing else needs it: apt-get remove {shlex.quote(name)}"
        for name, entry in sorted(kept.items())
    ]
    if before is None:
        findings.append(f"{NOTE} cannot be read, so what the catalogue installed earlier is not known")
    now = {**kept, **names}
    return Left(now, before is None or now != noted, findings)


def write_note(noted: Mapping[str, str], path: str = NOTE) -> None:
    """Replace the note, whole or not at all."""
    folder = Path(path).parent
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=str(folder), prefix=".software.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(noted, file, indent=2, sort_keys=True)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink()
        raise


def _read(machine: Machine) -> Optional[Dict[str, str]]:
    """Read the note; empty where there is none yet, None where it is not one of ours."""
    text = machine.read(NOTE)
    if text is None:
        return {}
    try:
        noted = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(noted, dict):
        return None
    sound = all(PACKAGE.fullmatch(name) and isinstance(entry, str) for name, entry in noted.items())
    return {name: ascii(entry[:80])[1:-1] for name, entry in noted.items()} if sound else None


def _installed(machine: Machine, names: Iterable[str]) -> Tuple[Set[str], Dict[str, List[str]]]:
    """Those of ``names`` that are installed, and the installed packages that go by one of the other names."""
    asked = sorted({name for name in names if PACKAGE.fullmatch(name)})
    if not asked:
        return set(), {}
    found = {package for package, _ in _rows(machine, *asked)}
    missing = set(asked) - found
    providers: Dict[str, List[str]] = {}
    if missing:  # ssh-client, or a name from before the t64 transition
        for package, provided in _rows(machine):
            for name in {part.split()[0].partition(":")[0] for part in provided.split(",") if part.strip()}:
                if name in missing:
                    providers.setdefault(name, []).append(package)
    return found, providers


def _rows(machine: Machine, *names: str) -> List[Tuple[str, str]]:
    """Name, and what it provides, of each installed package; exit status 1 tells that dpkg does not know one."""
    answer = machine.run("dpkg-query", "--show", f"--showformat={FORMAT}", *names, accept=range(2)) or ""
    fields = [line.split("|") for line in answer.splitlines()]
    return [(field[1], field[2]) for field in fields if len(field) == 3 and field[0][1:2] == "i"]
