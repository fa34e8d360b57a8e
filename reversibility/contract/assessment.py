"""The assessment: each obligation x subject is proven, present, missing, or waived with a reason.

The denominator is the declared fleet. A total is never better than its rows: the rate counts *proven* over all rows;
present, waived and missing are shown beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reversibility.contract.asset_folder import Unreadable
from reversibility.contract.context import AssessmentContext, Found, Verdict
from reversibility.contract.obligations import Obligation, Profile, Subject
from reversibility.contract.profile_loader import load_profile
from reversibility.contract.registry import EVIDENCES, PROOFS
from reversibility.contract.waivers import Waivers
from reversibility.errors import CartableError

STATUSES = ("proven", "present", "missing", "waived")
# Exceptions for values of an unexpected type or size.
UNEXPECTED = (AttributeError, TypeError, ValueError, LookupError, ArithmeticError, RecursionError)


@dataclass(frozen=True, slots=True)
class Row:
    """One obligation for one subject.

    ``evidence`` is a path in the bundle; ``method`` and ``proved_at`` (ISO 8601, UTC) are given for *proven* only:
    the time of the assessment, or of the login that proves.
    ``detail`` is in French. ``waiver`` is the reason, the author and the end, for *waived* only.
    """

    obligation: str
    clause: str
    text: str
    requirement: str
    site: str | None
    asset: str | None
    status: str
    evidence: str | None
    method: str | None
    proved_at: str | None
    detail: str
    waiver: Mapping[str, str] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the row without the obligation's words, which stand once in the assessment."""
        row = {
            "obligation": self.obligation,
            "site": self.site,
            "asset": self.asset,
            "status": self.status,
            "evidence": self.evidence,
            "method": self.method,
            "proved_at": self.proved_at,
            "detail": self.detail,
            "waiver": dict(self.waiver) if self.waiver else None,
        }
        return {key: value for key, value in row.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Totals:
    """How many rows there are of each status."""

    proven: int = 0
    present: int = 0
    missing: int = 0
    waived: int = 0

    @property
    def rows(self) -> int:
        """The denominator."""
        return self.proven + self.present + self.missing + self.waived

    @property
    def rate(self) -> float:
        """The share that is proven, of all rows; 0 when there are none."""
        return self.proven / self.rows if self.rows else 0.0

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Totals:
        """Count rows."""
        return cls(**Counter(row.status for row in rows))

    def to_json(self) -> dict[str, Any]:
        """Return the counts and the rate, cut (not rounded up) to four decimals."""
        return {
            "rows": self.rows,
            **{status: getattr(self, status) for status in STATUSES},
            "rate": int(self.rate * 10_000) / 10_000,
        }


@dataclass(frozen=True)
class Assessment:
    """The table of obligations x subjects, in the order of the obligations, then of sites and tags."""

    market: str
    generated: str
    profile: Profile
    rows: tuple[Row, ...]

    def counts(self) -> dict[str, int]:
        """Return the number of rows of each status."""
        totals = self.totals()
        return {status: getattr(totals, status) for status in STATUSES}

    def rate(self) -> float:
        """Return proven / all rows."""
        return self.totals().rate

    def totals(self) -> Totals:
        """Count all rows."""
        return Totals.of(self.rows)

    def by_obligation(self) -> dict[str, Totals]:
        """Count the rows of each obligation, those without any row included."""
        return self._totals((o.id for o in self.profile.obligations), lambda row: row.obligation)

    def by_site(self) -> dict[str, Totals]:
        """Count the rows of each site; what concerns the market as a whole is under the empty string."""
        return self._totals((), lambda row: row.site or "")

    def _totals(self, keys: Iterable[str], key: Any) -> dict[str, Totals]:
        found: dict[str, Counter[str]] = {name: Counter() for name in keys}
        for row in self.rows:
            found.setdefault(key(row), Counter())[row.status] += 1
        return {name: Totals(**counter) for name, counter in found.items()}

    def head(self) -> dict[str, Any]:
        """Return everything but the rows, as completude.json has it."""
        by_obligation = self.by_obligation()
        return {
            "format": "cartable-completude/1",
            "market": self.market,
            "generated": self.generated,
            "profile": self.profile.name,
            "title": self.profile.title,
            "totals": self.totals().to_json(),
            "obligations": [
                {
                    "id": obligation.id,
                    "clause": obligation.clause,
                    "title": obligation.title,
                    "text": obligation.text,
                    "requirement": obligation.requirement,
                    "delivered_in": obligation.delivered_in,
                    "totals": by_obligation[obligation.id].to_json(),
                }
                for obligation in self.profile.obligations
            ],
            "sites": {site: totals.to_json() for site, totals in self.by_site().items()},
        }

    def to_json(self) -> dict[str, Any]:
        """Return all of it; for a large fleet write it a row at a time (documents/completeness.py)."""
        return {**self.head(), "rows": [row.to_json() for row in self.rows]}


def assess(context: AssessmentContext, *, profile: Profile | Path | None = None) -> Assessment:
    """Assess the bundle that is being built.

    The profile is the one that the market's contract.yml names, unless given. Raises CartableError when there is
    no such profile, or when a waiver is written for an obligation that it does not have.
    """
    loaded = profile if isinstance(profile, Profile) else load_profile(profile or _profile_name(context))
    waivers = Waivers(context.market.contract.get("waivers") or ())
    unknown = waivers.unknown(obligation.id for obligation in loaded.obligations)
    if unknown:
        raise CartableError(
            f"contract.yml: waivers are written for {', '.join(unknown)}, which the profile {loaded.name} does "
            "not have; correct the id or remove the waiver."
        )
    rows = _Assessor(context, loaded, waivers).rows()
    context.payload.close()
    return Assessment(
        market=context.market.name,
        generated=_iso(context.now),
        profile=loaded,
        rows=tuple(rows),
    )


class _Assessor:
    """Walks the fleet once, an asset at a time, so that each record is read once for all its obligations."""

    def __init__(self, context: AssessmentContext, profile: Profile, waivers: Waivers) -> None:
        self._context = context
        self._profile = profile
        self._waivers = waivers
        self._when = _iso(context.now)

    def rows(self) -> list[Row]:
        """Return all rows, in the order of the obligations."""
        by_obligation: dict[str, list[Row]] = {o.id: [] for o in self._profile.obligations}
        for obligation, subject in self._subjects():
            by_obligation[obligation.id].append(self._row(obligation, subject))
        return [row for rows in by_obligation.values() for row in rows]

    def _subjects(self) -> Iterator[tuple[Obligation, Subject]]:
        """Yield what to assess: asset by asset, then the sites, then the market, whose evidence is everything."""
        market, day = self._context.market, self._context.now.date()
        about_assets = [o for o in self._profile.obligations if o.concerns.level == "asset"]
        for asset in sorted(market.assets.values(), key=lambda a: (a.site, a.tag)):
            subject = Subject(site=asset.site, asset=asset)
            for obligation in about_assets:
                if obligation.concerns.selects(asset, day):
                    yield obligation, subject
            self._context.payload.check_asset(asset.site, asset.tag)
        for level in ("site", "market"):
            for obligation in self._profile.obligations:
                if obligation.concerns.level == level:
                    for subject in obligation.concerns.subjects(market, day):
                        yield obligation, subject

    def _row(self, obligation: Obligation, subject: Subject) -> Row:
        status, evidence, verdict = self._judge(obligation, subject)
        detail = verdict.detail
        waiver = self._waivers.find(obligation.id, subject) if status != "proven" else None
        if waiver is not None and waiver.until >= self._context.now.date():
            status = "waived"
        elif waiver is not None:
            detail += f"\u00a0; dérogation échue le {waiver.until:%d/%m/%Y}"
            waiver = None
        proven = status == "proven"
        return Row(
            obligation=obligation.id,
            clause=obligation.clause,
            text=obligation.text,
            requirement=obligation.requirement,
            site=subject.site,
            asset=subject.asset.tag if subject.asset else None,
            status=status,
            evidence=evidence,
            method=PROOFS[obligation.proof].method if proven else None,
            proved_at=(_iso(verdict.when) if verdict.when else self._when) if proven else None,
            detail=detail,
            waiver=waiver.to_json() if waiver else None,
        )

    def _judge(self, obligation: Obligation, subject: Subject) -> tuple[str, str | None, Verdict]:
        """Find the evidence and prove it; return the status without waivers, the evidence's path and the verdict."""
        evidence, proof = EVIDENCES[obligation.evidence], PROOFS[obligation.proof]
        found: Found | None = None
        try:
            found = evidence.find(self._context, subject, obligation)
            if found is None:
                return "missing", None, Verdict(False, evidence.absent(obligation, subject))
            path = f"data/{found.path}" if found.path else "data"
            verdict = proof.judge(found, self._context, subject, obligation)
        except Unreadable as error:
            return "present", f"data/{error.path}", Verdict(False, str(error))
        except UNEXPECTED as error:  # unexpected content: only this row is not proven
            path = f"data/{found.path}" if found and found.path else "data"
            return "present", path, Verdict(False, f"contenu d’une forme inattendue ({type(error).__name__})")
        return ("proven" if verdict.ok else "present"), path, verdict


def _profile_name(context: AssessmentContext) -> str:
    contract = context.market.contract.get("contract", {})
    return str(contract.get("profile", ""))


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
