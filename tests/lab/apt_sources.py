"""Debian's mirrors, as this machine's own apt is set up to use them. Nothing is written down in the project."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from tests.lab.detect import KEYRING
from tests.lab.shell import LabError, run

SUITES = {"debian13": "trixie", "debian12": "bookworm"}
"""The suite of each image."""

_FORMAT = "$(CREATED_BY)|$(REPO_URI)|$(RELEASE)|$(ORIGIN)|$(LABEL)"
_MIRROR_VARIABLE = "CARTABLE_LAB_MIRROR"
_SECURITY_VARIABLE = "CARTABLE_LAB_SECURITY_MIRROR"
_SECURITY_SUITE = re.compile(r"(-security|/updates)$")
_KEPT_OPTIONS = ("Acquire::Check-Valid-Until", "Acquire::Check-Date")


@dataclass(frozen=True)
class Mirrors:
    """Where Debian's archive and its security updates are. ``security`` may be missing."""

    main: str
    security: str | None

    def lines(self, suite: str) -> list[str]:
        """One-line sources for ``suite`` (``trixie``), with its updates."""
        signed = f"[signed-by={KEYRING}]"
        lines = [f"deb {signed} {self.main} {suite} main", f"deb {signed} {self.main} {suite}-updates main"]
        if self.security:
            lines.append(f"deb {signed} {self.security} {suite}-security main")
        return lines


def parse_targets(text: str) -> Mirrors | None:
    """Read the output of ``apt-get indextargets --format`` (see _FORMAT): the first Debian mirror of each kind.

    Third-party archives have another Origin. Where the lists were never fetched apt leaves Origin as it is
    written in the format, and the suite's name has to do.
    """
    main = security = None
    for line in text.splitlines():
        fields = line.strip().split("|")
        if len(fields) != 5 or fields[0] != "Packages":
            continue
        _, address, release, origin, label = fields
        known = not origin.startswith("$(")
        if known and origin != "Debian":
            continue
        is_security = label == "Debian-Security" if known else bool(_SECURITY_SUITE.search(release))
        if not known and not is_security and release.split("-")[0] not in {*SUITES.values(), "stable", "sid"}:
            continue
        if is_security:
            security = security or address.rstrip("/")
        else:
            main = main or address.rstrip("/")
    return Mirrors(main, security) if main else None


def mirrors() -> Mirrors:
    """The mirrors that this machine uses; on a machine that is not a Debian one, those of the environment.

    Raises LabError when there are none.
    """
    given = os.environ.get(_MIRROR_VARIABLE)
    if given:
        return Mirrors(given.rstrip("/"), (os.environ.get(_SECURITY_VARIABLE) or "").rstrip("/") or None)
    found = parse_targets(run(["apt-get", "indextargets", "--format", _FORMAT]).stdout)
    if found is None:
        raise LabError(
            f"apt on this machine has no Debian source; run apt-get update, or set {_MIRROR_VARIABLE} "
            f"(and {_SECURITY_VARIABLE}) to the address of a Debian mirror."
        )
    return found


def parse_options(text: str) -> list[str]:
    """The options of ``apt-config dump`` that an image of this machine needs as well, each as apt reads it."""
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line.split(" ")[0] in _KEPT_OPTIONS]


def parse_proxy(text: str) -> str | None:
    """The proxy through which this machine's apt goes, from ``apt-config dump Acquire::http::Proxy``."""
    match = re.search(r'^Acquire::http::Proxy "([^"]+)";', text, re.MULTILINE)
    return match[1] if match and match[1].upper() != "DIRECT" else None


def options() -> list[str]:
    """parse_options of this machine."""
    return parse_options(run(["apt-config", "dump"]).stdout)


def proxy() -> str | None:
    """parse_proxy of this machine."""
    return parse_proxy(run(["apt-config", "dump", "Acquire::http::Proxy"]).stdout)
