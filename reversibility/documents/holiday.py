"""Documents of a holiday run for the director: the announcement before, the report afterwards."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from reversibility.documents.completeness import market_title, party_name
from reversibility.documents.deadlines import SEVERITIES, deadline_totals
from reversibility.documents.ics import Event, ics
from reversibility.documents.render import html_to_pdfa3, render_html
from reversibility.documents.site_calendar import day_and_clock
from reversibility.market.kinds import kind_table
from reversibility.market.model import Market
from reversibility.operations.advisories.kept import flaws
from reversibility.operations.holiday.plan import Plan, SitePlan
from reversibility.operations.holiday.run import run_folder
from reversibility.operations.holiday.stages import stages
from reversibility.operations.holiday.summary import site_summary
from reversibility.records.atomic import write_atomically
from reversibility.records.state import State

FOREVER = dt.datetime.max.replace(tzinfo=dt.UTC)
LONGEST = dt.timedelta(days=90)
OUTCOMES = {
    "done": "terminé",
    "failed": "en échec",
    "off": "éteint ou injoignable",
    "window": "reporté, faute de temps",
    "cut": "interrompu, à reprendre",
    "waiting": "pas encore traité",
}
RESULTS = {
    "done": "fait",
    "failed": "échec",
    "off": "éteint",
    "window": "reporté",
    "begun": "interrompu",
    "impossible": "non prévu ici",
}
CAUSES = {
    "release_changed": "le dépôt de paquets a changé de nom ; la nouvelle version du système doit être décidée",
    "release_gone": "le dépôt de paquets n’existe plus à cette adresse",
    "release_expired": "le dépôt de paquets n’est plus tenu à jour, ou l’horloge de l’ordinateur est fausse",
    "key_expired": "la clé du dépôt de paquets a expiré",
    "key_missing": "la clé du dépôt de paquets manque",
    "proxy_answers_html": "un portail ou un mandataire (proxy) répond à la place du dépôt de paquets",
    "locked": "un autre programme installait des paquets",
    "disk_full": "le disque est plein",
    "boot_full": "la partition de démarrage est pleine",
    "no_network": "le réseau ne répond pas",
    "broken_dependencies": "des paquets se contredisent",
    "package_script": "un paquet ne s’installe pas",
    "dpkg_interrupted": "une installation interrompue n’a pas pu être réparée",
    "offered_again": "une mise à jour se dit installée et reste proposée",
    "on_battery": "l’ordinateur est sur batterie",
    "no_return": "l’ordinateur n’est pas revenu après son redémarrage",
    "backup_old": "la dernière sauvegarde réussie est trop ancienne",
    "share_lost": "un partage n’est plus proposé",
    "network_lost": "la passerelle du réseau ne répond plus",
    "printing_lost": "une imprimante ne prend plus de travaux",
    "service_failed": "un service qui fonctionnait ne démarre plus",
    "unreachable": "l’ordinateur ne répond plus",
}
WHO = {
    "off": "l’école (laisser allumé), puis le titulaire",
    "failed": "le titulaire",
    "window": "le titulaire, au prochain créneau",
    "cut": "le titulaire",
    "waiting": "le titulaire, au prochain créneau",
}


def write_announcements(folder: Path, market: Market, plan: Plan) -> list[Path]:
    """Write the letter (HTML, PDF) and the calendar file of each school; their paths."""
    written: list[Path] = []
    for site in plan.sites:
        target = folder / site.site
        html = render_html("annonce.html.j2", _letter(market, plan, site))
        _write(target / "annonce.html", html, written)
        html_to_pdfa3(html, target / "annonce.pdf")
        written.append(target / "annonce.pdf")
        event = Event(
            uid=f"{plan.run}-{site.site}@{market.name}.cartable",
            start=site.start,
            end=min(site.start + dt.timedelta(minutes=site.minutes), site.end or FOREVER),
            summary=f"Maintenance informatique – {site.name}",
            description="Mises à jour et contrôles du parc. Merci de laisser les ordinateurs allumés et branchés.",
            location=site.name,
        )
        write_atomically(target / "annonce.ics", ics(f"Maintenance – {site.name}", [event], plan.made))
        written.append(target / "annonce.ics")
    return written


def write_reports(
    data: Path, state: State, market: Market, plan: Plan, now: dt.datetime
) -> tuple[list[Path], dict[str, dict[str, int]]]:
    """Write the report (JSON, HTML, PDF) of each school; their paths, and the totals by school."""
    written: list[Path] = []
    totals = {}
    found, unmatched = flaws(market, state)
    for site in plan.sites:
        summary = site_summary(market, state, plan, site, now)
        if any(tag not in unmatched for tag in site.assets):
            summary["deadlines"] = deadline_totals([flaw for flaw in found if flaw.site == site.site], now)
        totals[site.site] = summary["totals"]
        target = run_folder(data, plan.run) / site.site
        _write(
            target / "compte-rendu.json",
            json.dumps(summary, ensure_ascii=False, indent=1, sort_keys=True) + "\n",
            written,
        )
        html = render_html("compte_rendu.html.j2", _report(market, site, summary, now))
        _write(target / "compte-rendu.html", html, written)
        html_to_pdfa3(html, target / "compte-rendu.pdf")
        written.append(target / "compte-rendu.pdf")
    return written, totals


def cause(entry: Mapping[str, Any]) -> str:
    """Why a stage failed, in one French sentence; without a known code, it quotes the machine's message."""
    known, said = CAUSES.get(str(entry.get("code", "")), ""), str(entry.get("detail", ""))
    if not known and said:
        known = f"la cause n’a pas été reconnue ; message du programme : «\u00a0{said}\u00a0»"
    return known.replace(" ;", "\u202f;").replace(" :", "\u00a0:")


def _letter(market: Market, plan: Plan, site: SitePlan) -> dict[str, Any]:
    zone = ZoneInfo(site.time_zone)
    kinds = Counter(market.assets[tag].kind for tag in site.assets)
    director = next((c for c in market.sites[site.site]["contacts"] if c["role"] == "director"), None)
    return {
        **_common(market, plan.made),
        "site": site,
        "director": director["name"] if director else "",
        "emergency": next((one for one in plan.emergencies if site.site in one["sites"]), None),
        "when": day_and_clock,
        "start": site.start.astimezone(zone),
        # A window without a real end (a school without class) is no term that a director needs.
        "end": site.end.astimezone(zone) if site.end and site.end - site.start < LONGEST else None,
        "duration": duration(site.minutes),
        "kinds": [(kind_table().kinds[kind].label, count) for kind, count in sorted(kinds.items())],
        "stages": [one.label for one in stages()],
    }


def _report(market: Market, site: SitePlan, summary: Mapping[str, Any], now: dt.datetime) -> dict[str, Any]:
    left: list[tuple[Any, Any]] = [
        (row, next((e for e in row["stages"] if e["result"] in ("failed", "off", "window", "begun")), {}))
        for row in summary["assets"]
        if row["outcome"] != "done"
    ]
    return {
        **_common(market, now),
        "site": site,
        "summary": summary,
        "left": left,
        "when": day_and_clock,
        "moment_of": lambda text: dt.datetime.fromisoformat(text).astimezone(ZoneInfo(site.time_zone)),
        "cause": cause,
        "outcomes": OUTCOMES,
        "results": RESULTS,
        "who": WHO,
        "labels": {one.name: one.label for one in stages()},
        "rooms": {name: room["name"] for name, room in market.sites[site.site]["rooms"].items()},
        "kind": lambda name: kind_table().kinds[name].label,
        "announced": duration(summary["minutes_announced"]),
        "used": duration(summary["minutes_used"]) if summary["minutes_used"] is not None else "",
        "severities": SEVERITIES,
        "upgrades": sum(len(row["upgraded"]) for row in summary["assets"]),
    }


def _common(market: Market, moment: dt.datetime) -> dict[str, Any]:
    return {
        "market_title": market_title(market),
        "contractor": party_name(market, "contractor"),
        "moment": moment,
    }


def duration(minutes: int) -> str:
    """Write ``2 h 05`` or ``45 minutes``."""
    if minutes < 60:
        return f"{minutes}\u00a0minute{'s' if minutes > 1 else ''}"
    return f"{minutes // 60}\u00a0h\u00a0{minutes % 60:02d}"


def _write(path: Path, text: str, written: list[Path]) -> None:
    write_atomically(path, text.encode())
    written.append(path)
