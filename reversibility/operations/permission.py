"""Permission to change machines now: windows, a freeze, an emergency with its recorded reason, a clock to trust."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reversibility.errors import CartableError
from reversibility.market.model import Market
from reversibility.market.people import frozen
from reversibility.operations.school_holidays import holiday_table
from reversibility.operations.windows import SiteCalendar

SHORTEST_REASON = 10
REFERENCE = re.compile(r"^\S.{2,}$")
HOW_TO_OVERRIDE = (
    "in an emergency (R32's critical deadline is one) run again with "
    """-e '{"preflight_emergency": {"reason": "why it cannot wait", "reference": "CVE or ticket"}}'"""
)


@dataclass(frozen=True)
class Emergency:
    """Why work may not wait for a window: ``reference`` is a CVE or a ticket."""

    reason: str
    reference: str

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Emergency | None:
        """The emergency that an operator gives; None for an empty mapping.

        Raises CartableError when the reason or the reference is missing or says nothing.
        """
        if not given:
            return None
        reason, reference = (str(given.get(key) or "").strip() for key in ("reason", "reference"))
        if len(reason) < SHORTEST_REASON or not REFERENCE.match(reference):
            raise CartableError(
                f"An emergency needs a reason of at least {SHORTEST_REASON} characters and a reference (a CVE or a "
                'ticket), as in {"reason": "Exploited on the internet", "reference": "CVE-2026-1234"}.'
            )
        return cls(reason, reference)


@dataclass(frozen=True)
class Permission:
    """The calendar's answer for a run: ``refused`` stops it, ``warnings`` do not.

    ``used`` is the emergency, where it was needed; ``closed_sites`` are those without an open window, or where the
    operation is frozen.
    """

    refused: tuple[str, ...]
    warnings: tuple[str, ...]
    used: Emergency | None = None
    closed_sites: tuple[str, ...] = ()


def permission(
    market: Market,
    sites: Iterable[str],
    now: dt.datetime,
    *,
    minutes: int = 0,
    emergency: Emergency | None = None,
    operation: str = "",
) -> Permission:
    """Whether ``operation`` (a playbook's name) may change machines of ``sites`` from ``now`` on for ``minutes``.

    A market without calendar.yml gets a warning instead of a refusal.
    """
    checked = holiday_table().checked
    if now.date() < checked - dt.timedelta(days=1):
        return Permission(
            (
                f"the clock says {now:%Y-%m-%d}, before the calendar was written ({checked}): it is wrong, so no "
                "window can be told; set it (timedatectl) and run again",
            ),
            (),
        )
    closed: list[tuple[str, str]] = []
    warnings: list[str] = []
    freeze = frozen(market.contract, operation, now.date())
    for site in sorted(set(sites)):
        answer = SiteCalendar.of(market, site).at(now, minutes)
        warnings += answer.warnings
        if not answer.allowed:
            closed.append((site, answer.sentence))
    sentences = tuple(sentence for _, sentence in closed)
    names = tuple(sorted(set(sites))) if freeze else tuple(site for site, _ in closed)
    refused: tuple[str, ...] = (freeze,) if freeze else ()
    if emergency is not None and (refused or closed):
        override = f"In spite of what follows, because of {emergency.reference}: {emergency.reason}"
        return Permission((), (*warnings, override, *refused, *sentences), emergency, names)
    if closed and not market.calendar:
        hint = "This market has no calendar.yml: the windows are those of R31, and only warned about."
        warnings += [hint, *sentences]
    else:
        refused += sentences
    return Permission((*refused, HOW_TO_OVERRIDE) if refused else (), tuple(warnings), None, names)
