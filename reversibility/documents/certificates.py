"""Certificates for people: a table by date of expiry, a page, and a calendar of renewals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from reversibility.documents import french
from reversibility.documents.completeness import market_title, party_name
from reversibility.documents.ics import Event, ics
from reversibility.documents.render import render_html
from reversibility.market.model import Market
from reversibility.records.inventory_summary import dicts
from reversibility.records.state import State

RECORD = "certificates.json"
USES = {"server": "serveur", "client": "client", "mail": "courrier", "code": "signature de programmes"}
HEADERS = (
    "École", "Étiquette", "Certificat", "Émis par", "Usages", "Responsable", "Début", "Échéance", "Emplacements",
    "Clé privée", "Empreinte SHA-256",
)  # fmt: skip
SOON = 90  # days
CALENDAR_NOTICE = dt.timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate on one asset. ``end`` is None for one that could not be read."""

    site: str
    asset: str
    subject: str
    issuer: str
    uses: tuple[str, ...]
    owner: str
    start: dt.datetime | None
    end: dt.datetime | None
    places: tuple[str, ...]
    private_key: bool
    fingerprint: str
    authority: bool

    def row(self) -> tuple[str | bool, ...]:
        """The cells below HEADERS."""
        start, end = (f"{day:%Y-%m-%d}" if day else "" for day in (self.start, self.end))
        return (
            self.site, self.asset, self.subject, self.issuer, ", ".join(self.uses), self.owner, start, end,
            ", ".join(self.places), self.private_key, self.fingerprint,
        )  # fmt: skip

    def state(self, now: dt.datetime) -> str:
        """``expired``, ``soon``, ``good`` or ``unknown``."""
        if self.end is None:
            return "unknown"
        if self.end <= now:
            return "expired"
        return "soon" if self.end - now < dt.timedelta(days=SOON) else "good"


def certificates(market: Market, state: State) -> list[Certificate]:
    """All certificates of the records, by date of expiry."""
    found = [each for site, asset in state.assets() for each in _of_asset(market, state, site, asset)]
    return sorted(found, key=lambda each: (each.end is not None, each.end, each.asset, each.fingerprint))


def _of_asset(market: Market, state: State, site: str, asset: str) -> Iterator[Certificate]:
    declared = market.assets.get(asset)
    party = str(declared.attributes.get("responsible", "")) if declared else ""
    for row in dicts(state.read_json(site, asset, RECORD), "certificates"):
        places = row.get("places") or [row.get("store", "")]
        uses = ["autorité"] if row.get("authority") else [USES.get(use, use) for use in row.get("uses") or ()]
        yield Certificate(
            site,
            asset,
            str(row.get("subject", "")),
            str(row.get("issuer", "")),
            tuple(uses),
            french.PARTIES.get(party, party),
            _moment(row.get("not_before")),
            _moment(row.get("not_after")),
            tuple(str(place) for place in places if place),
            bool(row.get("private_key")),
            str(row.get("sha256") or row.get("sha1") or ""),
            bool(row.get("authority")),
        )


def expiry_events(market: Market, rows: Iterable[Certificate], stamp: dt.datetime) -> bytes:
    """The calendar file: a reminder thirty days before each expiry, with who has to renew the certificate."""
    events = [
        Event(
            uid=f"{row.fingerprint}-{row.asset}@{market.name}.cartable",
            start=row.end - CALENDAR_NOTICE,
            end=row.end - CALENDAR_NOTICE + dt.timedelta(hours=1),
            summary=f"Renouveler le certificat {short_name(row.subject)} ({row.asset})",
            description=(
                f"Échéance le {french.long_date(row.end.date())}. "
                f"Responsable{french.NBSP}: {row.owner or 'non déclaré'}. "
                f"Emplacements{french.NBSP}: {', '.join(row.places)}"
            ),
            location=str(market.sites.get(row.site, {}).get("name", row.site)),
        )
        for row in rows
        if row.end is not None
    ]
    return ics(f"Échéances des certificats – {market_title(market)}", events, stamp)


def expiry_page(market: Market, rows: Sequence[Certificate], moment: dt.datetime) -> str:
    """The page of all certificates."""
    words = {
        "expired": "échu",
        "soon": "à renouveler",
        "good": "valide",
        "unknown": "illisible",
    }
    return render_html(
        "certificats.html.j2",
        {
            "market_title": market_title(market),
            "contractor": party_name(market, "contractor"),
            "moment": moment,
            "soon": SOON,
            "rows": [(row, row.state(moment), words[row.state(moment)]) for row in rows],
            "short_name": short_name,
            "site_name": lambda site: market.sites.get(site, {}).get("name", site),
        },
    )


def short_name(subject: str) -> str:
    """The common name of a distinguished name; the whole where it has none."""
    parts = dict(part.partition("=")[::2] for part in subject.split(","))
    return parts.get("CN", subject)


def _moment(text: Any) -> dt.datetime | None:
    try:
        found = dt.datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
