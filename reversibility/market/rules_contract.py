"""Rules about the contract and the catalogue: approvals, selections, dates, holders, waivers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reversibility.market.findings import Finding, one_of
from reversibility.market.kinds import kind_table
from reversibility.market.market_files import MarketFiles
from reversibility.market.platforms import platform_of
from reversibility.market.profiles import obligation_ids, profile_names
from reversibility.market.source import Unreadable

APPROVALS = {"education": "the education authority", "network": "the network authority"}
# Which sources serve which platform; the others install nothing from the catalogue.
SOURCES = {"debian": {"apt"}, "ubuntu": {"apt"}, "windows": {"winget", "chocolatey", "wapt", "file"}}


def two_approvals(market: MarketFiles) -> Iterator[Finding]:
    """J 3.5, R20: no software without both approvals, whether it is installed somewhere yet or not."""
    document = market.files["catalogue"]
    for name, entry in (market.content("catalogue").get("software") or {}).items():
        given = entry.get("approvals") or {}
        for approval, who in APPROVALS.items():
            steps = ("software", name, "approvals", approval)
            if {steps, steps[:3]} & document.refused:
                continue
            if approval not in given:
                place = steps[:3] if "approvals" in entry else steps[:2]
                yield document.finding(
                    place,
                    f"the software {name} lacks the approval of {who} (J 3.5)",
                    f"approvals.{approval}: {{by: who, date: when}}",
                )
            elif (date := given[approval].get("date")) and date > market.today:
                yield document.finding(
                    (*steps, "date"),
                    f"{who} approved the software {name} on {date}, which is still to come",
                    "the day on which it was approved",
                )


def selections_exist(market: MarketFiles) -> Iterator[Finding]:
    """``for`` selects kinds, sites and tags that exist."""
    document = market.files["catalogue"]
    tables: dict[str, set[str] | None] = {
        "kind": set(kind_table().kinds),
        "site": None if market.sites is None else set(market.sites),
        "tag": set(market.tags) if market.fleet_known else None,
    }
    for name, entry in (market.content("catalogue").get("software") or {}).items():
        for selector, known in tables.items():
            for index, value in enumerate((entry.get("for") or {}).get(selector) or []):
                if known is not None and not isinstance(value, Unreadable) and value not in known:
                    yield document.finding(
                        ("software", name, "for", selector, index),
                        f'the software {name} is for the {selector} "{value}", which does not exist',
                        one_of(value, known),
                    )


def sources_serve(market: MarketFiles) -> Iterator[Finding]:
    """Every software that a managed PC shall have has a source for its system."""
    document = market.files["catalogue"]
    systems: dict[tuple[Any, ...], tuple[str, str]] = {}
    for host in market.tags.values():
        family = platform_of(host.attributes.get("os")).name
        if host.attributes.get("managed") is True and family in SOURCES:
            key = (host.attributes.get("kind"), host.attributes.get("user_role"), host.site, family)
            systems.setdefault(key, (host.tag, family))
            systems.setdefault((host.tag,), (host.tag, family))
    for name, entry in (market.content("catalogue").get("software") or {}).items():
        selection, sources = entry.get("for") or {}, set(entry.get("sources") or {})
        missing: dict[str, str] = {}
        for key, (tag, family) in systems.items():
            host = market.tags[tag]
            if "tag" in selection and len(key) > 1:
                continue
            values = {
                "kind": host.attributes.get("kind"),
                "user_role": host.attributes.get("user_role"),
                "site": host.site,
                "tag": tag,
            }
            if (
                selection
                and all(values[selector] in wanted for selector, wanted in selection.items())
                and sources
                and not sources & SOURCES[family]
            ):
                missing.setdefault(family, tag)
        for family, tag in missing.items():
            yield document.finding(
                ("software", name, "sources"),
                f"the software {name} is for {tag} among others, which runs {family}, and has no source for that",
                f"one of {', '.join(sorted(SOURCES[family]))} under sources, or a narrower selection under for",
            )


def dates_in_order(market: MarketFiles) -> Iterator[Finding]:
    """A contract ends after it starts."""
    contract = market.content("contract").get("contract") or {}
    start, end = contract.get("start"), contract.get("end")
    if start and end and end <= start:
        problem = f"the contract ends on {end}, before it starts ({start})"
        yield market.files["contract"].finding(("contract", "end"), problem, "a day after the start")


def profile_exists(market: MarketFiles) -> Iterator[Finding]:
    """The obligations profile is one of those that are shipped."""
    profile = (market.content("contract").get("contract") or {}).get("profile")
    if profile is not None and obligation_ids(profile) is None:
        known = {name for name in profile_names() if obligation_ids(name) is not None}
        if not known:  # a tree without any profile: nothing to compare with
            return
        problem = f'there is no obligations profile "{profile}"'
        yield market.files["contract"].finding(("contract", "profile"), problem, one_of(profile, known))


def waivers_apply(market: MarketFiles) -> Iterator[Finding]:
    """A waiver is for an obligation, and an asset, a kind or a site, that exist."""
    document = market.files["contract"]
    content = market.content("contract")
    profile = (content.get("contract") or {}).get("profile")
    tables: dict[str, set[str] | frozenset[str] | None] = {
        "obligation": obligation_ids(profile) if profile else None,
        "asset": set(market.tags) if market.fleet_known else None,
        "kind": set(kind_table().kinds),
        "site": None if market.sites is None else set(market.sites),
    }
    for index, waiver in enumerate(content.get("waivers") or []):
        for what, known in tables.items():
            value = waiver.get(what)
            if value is not None and known is not None and value not in known:
                source = f"the profile {profile}" if what == "obligation" else "this market"
                yield document.finding(
                    ("waivers", index, what),
                    f'the waiver is for the {what} "{value}", which {source} does not have',
                    one_of(value, known),
                )


def waivers_not_over(market: MarketFiles) -> Iterator[Finding]:
    """Warn of expired waivers: they have no effect, and do not stop a hand-over (R56)."""
    for index, waiver in enumerate(market.content("contract").get("waivers") or []):
        until = waiver.get("until")
        if until and until < market.today:
            yield market.files["contract"].finding(
                ("waivers", index, "until"),
                f"the waiver of {waiver.get('obligation', 'an obligation')} ended on {until} and waives nothing now",
                "a later end that its author agrees to, or no waiver",
            )


def holders_hold(market: MarketFiles) -> Iterator[Finding]:
    """Dual control (B 6.3): each holder has one way to hold, and nobody holds both halves."""
    document = market.files["contract"]
    groups = market.content("contract").get("holders") or {}
    ways = ("recipient", "recipient_file", "passphrase")
    seen: dict[str, str] = {}
    for group, holders in groups.items():
        for index, holder in enumerate(holders):
            given = [way for way in ways if way in holder]
            name = holder.get("name", f"number {index + 1}")
            refused = any(("holders", group, index, way) in document.refused for way in ways)
            if len(given) != 1 and not refused:
                problem = f"the holder {name} of group {group} has " + (" and ".join(given) or "no key")
                yield document.finding(("holders", group, index), problem, f"one of {', '.join(ways)}")
            for what in ("name", "recipient", "recipient_file"):
                value = holder.get(what)
                if not isinstance(value, str):
                    continue
                other = seen.setdefault(f"{what} {value.strip()}", group)
                if other != group:
                    yield document.finding(
                        ("holders", group, index, what),
                        f"the {what} of {name} is in group {other} too: one holder could open the vault alone",
                        "different people and keys in the two groups",
                    )


def not_alone(market: MarketFiles) -> Iterator[Finding]:
    """J 3.4, R34: administrator access is never held by the contractor alone."""
    people = market.content("contract").get("administrators") or []
    parties = {person.get("party") for person in people}
    if people and parties == {"contractor"}:
        yield market.files["contract"].finding(
            ("administrators",),
            "only the contractor has administrators (J 3.4, R34)",
            "somebody of the town or of the agglomeration too",
        )


def accounts_are_ones_own(market: MarketFiles) -> Iterator[Finding]:
    """R34: no two administrators have the same account or the same SSH key, and an access ends after it starts."""
    document = market.files["contract"]
    seen: dict[tuple[str, str], str] = {}
    for index, person in enumerate(market.content("contract").get("administrators") or []):
        name = person.get("name", f"number {index + 1}")
        for what in ("account", "ssh_key", "ssh_key_file"):
            value = person.get(what)
            if not isinstance(value, str):
                continue
            other = seen.setdefault((what, value.strip()), name)
            if other != name:
                yield document.finding(
                    ("administrators", index, what),
                    f"the {what} of {name} is that of {other}: nobody could tell who did what",
                    "an account and a key of one's own for each person",
                )
        start, end = person.get("from"), person.get("until")
        if start and end and end < start:
            problem = f"the access of {name} ends on {end}, before it starts ({start})"
            yield document.finding(("administrators", index, "until"), problem, "a day after the start")


def transition_in_order(market: MarketFiles) -> Iterator[Finding]:
    """B 6.5: the transition, its freeze and its lots are in order, and its lots are of sites that exist."""
    document = market.files["contract"]
    transition = market.content("contract").get("transition") or {}
    for steps, part in (
        (("transition",), transition),
        (("transition", "freeze"), transition.get("freeze") or {}),
    ):
        start, end = part.get("from"), part.get("until")
        if start and end and end < start:
            yield document.finding(
                (*steps, "until"),
                f"the {steps[-1]} ends on {end}, before it starts ({start})",
                "a day after the start",
            )
    for index, lot in enumerate(transition.get("lots") or []):
        for place, site in enumerate(lot.get("sites") or []):
            if market.sites is not None and site not in market.sites:
                yield document.finding(
                    ("transition", "lots", index, "sites", place),
                    f'the lot is of the site "{site}", which this market does not have',
                    one_of(site, market.sites),
                )


RULES = (
    two_approvals,
    selections_exist,
    sources_serve,
    dates_in_order,
    profile_exists,
    waivers_apply,
    holders_hold,
    not_alone,
    accounts_are_ones_own,
    transition_in_order,
)

WARNINGS = (waivers_not_over,)
