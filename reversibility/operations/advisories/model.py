"""Common model of advisories, independent of their file format."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

SEVERITIES = ("critical", "important", "security", "minor", "unimportant")


@dataclass(frozen=True, slots=True)
class Fix:
    """A package of a distribution that a CVE concerns, and the version that is free of it.

    ``release`` is the codename, ``package`` the source package. ``fixed`` is None when no fix is known.
    ``available`` is False when the fix is announced and not in the archive yet.
    """

    cve: str
    release: str
    package: str
    fixed: str | None
    available: bool = True


@dataclass(frozen=True, slots=True)
class Range:
    """A product of a vendor and the versions of it that a CVE concerns.

    ``below`` is the first version that is free of it, ``from_`` the first that has it; None and None is all versions.
    ``inclusive``: the version ``below`` itself still has it.
    """

    cve: str
    vendor: str
    product: str
    below: str | None
    from_: str | None = None
    inclusive: bool = False
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """Attributes of one CVE other than versions. ``published`` starts the contract's clock; ``trigger`` is
    CERT-FR's.
    """

    cve: str
    source: str
    title: str = ""
    severity: str | None = None
    published: dt.datetime | None = None
    trigger: bool = False
    url: str = ""


@dataclass(frozen=True, slots=True)
class ForAPerson:
    """An advisory, or a part of one, that needs a person: it is shown, and never counts as "not affected"."""

    source: str
    what: str
    url: str = ""


@dataclass
class Advisories:
    """All advisories that were read."""

    fixes: list[Fix] = field(default_factory=list)
    ranges: list[Range] = field(default_factory=list)
    notices: dict[str, list[Notice]] = field(default_factory=dict)
    unread: list[ForAPerson] = field(default_factory=list)
    exploited: set[str] = field(default_factory=set)
    files: dict[str, str] = field(default_factory=dict)

    def note(self, notice: Notice) -> None:
        """Add what is known of a CVE."""
        self.notices.setdefault(notice.cve, []).append(notice)

    def severity(self, cve: str) -> str:
        """The contract's class of a CVE: the worst that any source gives.

        Known to be exploited (CISA's list, a CERT-FR alert) is critical. Without any word on it a security update is
        one of the class "security" (C 9).
        """
        if cve in self.exploited:
            return "critical"
        given = [notice.severity for notice in self.notices.get(cve, ()) if notice.severity]
        return min(given, key=SEVERITIES.index) if given else "security"

    def published(self, cve: str) -> dt.datetime | None:
        """When the clock started: CERT-FR's first publication, else the earliest date of any source, else None."""
        dated = [notice for notice in self.notices.get(cve, ()) if notice.published]
        of_trigger = [notice for notice in dated if notice.trigger] or dated
        return min((n.published for n in of_trigger if n.published), default=None)

    def sources(self, cve: str) -> list[str]:
        """The advisories that name a CVE."""
        return sorted({notice.source for notice in self.notices.get(cve, ())})

    def extend(self, fixes: Iterable[Fix] = (), ranges: Iterable[Range] = ()) -> None:
        """Add fixes and ranges."""
        self.fixes.extend(fixes)
        self.ranges.extend(ranges)


def severity_of_score(score: float) -> str:
    """The contract's class of a CVSS base score: 9 and more critical, 7 and more important, the rest minor."""
    if score >= 9:
        return "critical"
    return "important" if score >= 7 else "minor"


def moment(text: object) -> dt.datetime | None:
    """An ISO date or time as UTC; None for anything else. A date alone is its first moment."""
    try:
        found = dt.datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)
