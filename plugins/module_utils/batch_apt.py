# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spares ``ansible.builtin.apt`` the apt cache, which takes seconds, where the module would certainly do nothing.

It stands beside the runner (``cartable_batch_apt.py``), which calls ``prepare`` in the child that is to run a module.
Whether nothing is to be done is read from the files that apt itself reads: dpkg's status and apt's list of what was
installed automatically. Then Ansible's module begins as ever, but ends as soon as it has checked its arguments, with the
result that it would have come to. In any doubt nothing is touched, and it runs as without this file.

Standard library only, Python 3.9 and later.
"""

# It runs on targets, in each child of the runner.
# ruff: noqa: PTH110, PTH112, PTH116, PTH123

from __future__ import annotations

import datetime
import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from types import ModuleType
from typing import Any, Iterator, Mapping, Optional

MODULE = "ansible.modules.apt"  # the name under which AnsiballZ packs Ansible's own, and no other
PYTHON_APT = ("apt", "apt_pkg")
FETCHING = "ansible.module_utils.urls"
# Options that say how packages are installed or removed, which is asked only where one is.
HOW = frozenset(
    """
    allow_change_held_packages allow_downgrade allow_unauthenticated autoremove dpkg_options fail_on_autoremove force
    force_apt_get install_recommends lock_timeout only_upgrade policy_rc_d update_cache_retries
    update_cache_retry_max_delay
    """.split()  # noqa: SIM905 - as a list it would take fifteen lines
)
REFRESH = frozenset({"cache_valid_time", "update_cache"})
# By the first that exists of these the module tells how old the package lists are.
STAMPS = ("/var/lib/apt/periodic/update-success-stamp", "/var/lib/apt/lists")
NAMES = frozenset({"name", "package", "pkg"})
# What Debian allows: no pattern, which the module would look up in the cache (a version's too: it may find a newer one).
SPECIFICATION = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9.+-]+)(:(?P<architecture>[a-z0-9-]+))?"
    r"((?P<compared>>?=)(?P<version>([0-9]+:)?[0-9][A-Za-z0-9.+~-]*))?"
)
SETTINGS = {
    "native": "APT::Architecture",
    "status": "Dir::State::status/f",
    "automatic": "Dir::State::extended_states/f",
    "lists": "Dir::State::Lists/d",
}


def prepare(call: Mapping[str, Any]) -> None:
    """Let the module of ``call`` (``fqn``, ``params``) end early in this process if it would certainly do nothing.

    Any exception says that this is not known, and has changed nothing.
    """
    if call["fqn"] != MODULE:
        return
    arguments = json.loads(call["params"])["ANSIBLE_MODULE_ARGS"]
    wanted = _wanted(arguments)
    if wanted is None or not _can_run() or not _is_fresh(arguments):
        return
    settings = _settings()
    if not os.path.isdir(settings["lists"]):  # the module would fetch them
        return
    status = _read(settings["status"])
    if arguments.get("state", "present") == "absent":
        if all(_is_absent(status, one) for one in wanted):
            _end_early(shows_cache=False)
        return
    if not all(_is_installed(status, one, settings["native"]) for one in wanted):
        return
    # Outside check mode, the module marks what it is given as installed by hand.
    if not arguments.get("_ansible_check_mode"):
        automatic = _read(settings["automatic"]) if os.path.exists(settings["automatic"]) else b""
        if not shutil.which("apt-mark") or any(_is_automatic(automatic, one) for one in wanted):
            return
    _end_early(shows_cache=True)


def _wanted(arguments: Mapping[str, Any]) -> Optional[list[re.Match[str]]]:
    """The packages; None where the arguments ask for more than that they are there, or gone."""
    given = {name: value for name, value in arguments.items() if not name.startswith("_ansible_")}
    named = set(given) & NAMES
    if len(named) != 1 or None in given.values() or set(given) - named - HOW - REFRESH - {"state"}:
        return None
    if given.get("state", "present") not in ("present", "absent"):
        return None
    packages = given[named.pop()]
    if isinstance(packages, str):
        packages = packages.split(",")
    if not packages:
        return None
    found = [SPECIFICATION.fullmatch(package.strip()) for package in packages]
    return [one for one in found if one] if all(found) else None


def _can_run() -> bool:
    """Whether the module would find python-apt, and has what is used here of it."""
    if not all(importlib.util.find_spec(name) for name in PYTHON_APT):
        return False
    spec: Any = importlib.util.find_spec(MODULE)
    code = spec.loader.get_code(MODULE)
    return "get_updated_cache_time" in code.co_names and set(STAMPS) <= set(code.co_consts)


def _is_fresh(arguments: Mapping[str, Any]) -> bool:
    """Whether the package lists need not be fetched; reckoned as the module does, in local time."""
    refresh, seconds = arguments.get("update_cache", False), int(arguments.get("cache_valid_time", 0))
    if not isinstance(refresh, bool):
        return False
    if not refresh and not seconds:
        return True
    stamp = next((path for path in STAMPS if os.path.exists(path)), None)
    changed = os.stat(stamp).st_mtime if stamp else 0
    now = datetime.datetime.now()
    return datetime.datetime.fromtimestamp(changed) + datetime.timedelta(seconds=seconds) >= now


def _settings() -> dict[str, str]:
    """Where apt's files are, and the machine's architecture, as apt is configured."""
    asked = [word for setting in SETTINGS.items() for word in setting]
    told = subprocess.run(
        ["apt-config", "shell", *asked], stdin=subprocess.DEVNULL, capture_output=True, check=True, text=True
    )
    settings = dict(line.split("=", 1) for line in shlex.split(told.stdout))
    return {name: settings[name] for name in SETTINGS}


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return b"\n" + file.read() + b"\n\n"


def _stanzas(text: bytes, package: re.Match[str]) -> Iterator[dict[str, str]]:
    """What a file of dpkg's or apt's says of a package, once for each architecture. Both begin with its name."""
    first = b"\nPackage: %s\n" % package["name"].encode()
    start = text.find(first)
    while start >= 0:
        stanza = text[start + 1 : text.index(b"\n\n", start + 1)].decode("utf-8", "surrogateescape")
        yield dict(line.split(": ", 1) for line in stanza.split("\n") if ": " in line and line[0] != " ")
        start = text.find(first, start + 1)


def _is_installed(status: bytes, package: re.Match[str], native: str) -> bool:
    architecture = package["architecture"] or native
    meant = {native, "all"} if architecture == native else {architecture}
    found = [stanza for stanza in _stanzas(status, package) if stanza["Architecture"] in meant]
    if len(found) != 1 or found[0]["Status"] not in ("install ok installed", "hold ok installed"):
        return False
    there = found[0]["Version"]
    if package["compared"] is None or package["version"] == there:
        return True
    if package["compared"] == "=":
        return False
    compare = ["dpkg", "--compare-versions", there, "ge", package["version"]]
    return subprocess.run(compare, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0


def _is_absent(status: bytes, package: re.Match[str]) -> bool:
    gone = ("not-installed", "config-files")
    return all(stanza["Status"].split()[2] in gone for stanza in _stanzas(status, package))


def _is_automatic(automatic: bytes, package: re.Match[str]) -> bool:
    """Whether it is marked as installed automatically, for any architecture."""
    return any(stanza.get("Auto-Installed", "0") != "0" for stanza in _stanzas(automatic, package))


class _Unused(ModuleType):
    """Stands for a Python module of which nothing is going to be called."""

    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)


def _end_early(*, shows_cache: bool) -> None:
    from ansible.module_utils import basic

    class Settled(basic.AnsibleModule):  # type: ignore[misc]
        """Checks arguments as ever, then ends as the module does after it has found nothing to do."""

        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            self.params["upgrade"] = None  # as the module shows its default "no" among its arguments
            result: dict[str, Any] = {"changed": False}
            if shows_cache:
                _, updated = sys.modules["__main__"].get_updated_cache_time()
                result |= {"cache_updated": False, "cache_update_time": updated}
            self.exit_json(**result)

    # Before it comes to its arguments, the module imports what alone takes longer than all that is done here.
    sys.modules.update(dict.fromkeys(PYTHON_APT))  # type: ignore[arg-type]
    sys.modules[FETCHING] = _Unused(FETCHING)
    basic.AnsibleModule = Settled
