"""Rules about the declared fleet: each asset once, on a site and in a room that exist, with what it needs."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

from reversibility.market.addresses import comparable
from reversibility.market.findings import Finding, one_of
from reversibility.market.kinds import kind_table
from reversibility.market.market_files import MarketFiles
from reversibility.market.model import Asset
from reversibility.market.platforms import platform_table, support_of

CONTRACTOR = "contractor"  # the party that runs this project


def tags_once(market: MarketFiles) -> Iterator[Finding]:
    """The same tag in two rooms: Ansible would merge them into one host that stands in both."""
    for host in market.hosts:
        first = market.tags[host.tag]
        if first is not host:
            yield _at(
                market,
                host,
                host.tag,
                f"{host.tag} is declared already, on line {first.line}",
                "each tag once",
            )


def identities_once(market: MarketFiles) -> Iterator[Finding]:
    """No two assets with one serial number, hardware address or network address, wherever it is written."""
    hosts = market.files["hosts"]
    for what, noun in (
        ("serial", "the serial"),
        ("mac", "the hardware address"),
        ("ansible_host", "the address"),
    ):
        seen: dict[str, Asset] = {}
        for host in market.tags.values():
            own = hosts, (*host.steps, "asset", what)
            place = market.place(host, what) if what == "ansible_host" else own
            if place is None:
                continue
            document, steps = place
            value = document.at(steps)
            if not isinstance(value, str) or not value or "{{" in value:
                continue
            first = seen.setdefault(_same(what, value), host)
            if first is not host:
                line = f"line {first.line}" if document is hosts else f"{hosts.name}, line {first.line}"
                yield document.finding(
                    steps,
                    f'{host.tag} has {noun} "{value}" of {first.tag} ({line})',
                    f"{noun} of this one asset only",
                )


def _same(what: str, value: str) -> str:
    """The canonical form of an identity, such as an address."""
    if what == "mac":
        return re.sub(r"[-:.\s]", "", value).casefold()
    return comparable(value) if what == "ansible_host" else value.casefold()


def places_exist(market: MarketFiles) -> Iterator[Finding]:
    """Each group of hosts.yml is a site, and a room of that site, in sites.yml."""
    hosts = market.files["hosts"]
    sites = market.sites
    if sites is None:
        return
    rooms_of = {room: site for site, content in sites.items() for room in content.get("rooms") or {}}
    for site_group, site in (((hosts.value or {}).get("all") or {}).get("children") or {}).items():
        name, steps = site_group[5:], ("all", "children", site_group)
        if name not in sites:
            count = sum(len(room.get("hosts") or {}) for room in (site.get("children") or {}).values())
            yield hosts.finding(
                steps,
                f'the site "{name}", with {count} assets, is not in sites.yml',
                f"site_ and {one_of(name, set(sites))}",
            )
            continue
        for room_group in site.get("children") or {}:
            room = room_group[5:]
            if room not in (sites[name].get("rooms") or {}):
                elsewhere = f", it is a room of {rooms_of[room]}" if room in rooms_of else ""
                yield hosts.finding(
                    (*steps, "children", room_group),
                    f'the room "{room}" is not in sites.yml among the rooms of {name}{elsewhere}',
                    f"room_ and {one_of(room, set(sites[name].get('rooms') or {}))}",
                )


def rooms_once(market: MarketFiles) -> Iterator[Finding]:
    """A room's name is an Ansible group: used on two sites, all its hosts would belong to both sites."""
    for document, steps, prefix in (
        (market.files["hosts"], ("all", "children"), "room_"),
        (market.files["sites"], ("sites",), ""),
    ):
        level: Any = document.value or {}
        for step in steps:
            level = level.get(step) or {}
        below = "children" if prefix else "rooms"
        seen: dict[str, str] = {}
        for site, content in level.items():
            for room in content.get(below) or {}:
                first = seen.setdefault(room, site)
                if first != site:
                    name, here = room.removeprefix(prefix), site.removeprefix("site_")
                    yield document.finding(
                        (*steps, site, below, room),
                        f'the room "{name}" is on {first.removeprefix("site_")} too, '
                        "and Ansible would put its hosts on both sites",
                        f"a name that no other site uses, such as {prefix}{here}_{name}",
                    )


def legacy_has_an_end(market: MarketFiles) -> Iterator[Finding]:
    """R02: a system without security updates, paid ones included, needs a date of replacement.

    Only what had ended when platforms.yml was written is an error: a good market stays good while time passes.
    """
    for host, system, end in _ended(market):
        refused = (*host.steps, "asset", "replace_by") in market.files["hosts"].refused
        if end <= platform_table().checked and "replace_by" not in host.attributes and not refused:
            yield _at(
                market, host, "asset.os",
                f"{host.tag} runs {system}, which gets no security updates any more, and has no replacement date (R02)",
                "replace_by: the date by which it is replaced",
            )  # fmt: skip


def support_ended_since(market: MarketFiles) -> Iterator[Finding]:
    """R02: a system whose last support has ended since, also for money."""
    for host, system, end in _ended(market):
        if platform_table().checked < end < market.today and "replace_by" not in host.attributes:
            yield _at(
                market, host, "asset.os",
                f"{host.tag} runs {system}, whose security updates ended on {end}, and has no replacement date (R02)",
                "replace_by: the date by which it is replaced",
            )  # fmt: skip


def tags_have_the_prefix_of_their_kind(market: MarketFiles) -> Iterator[Finding]:
    """R40: the first two letters of a tag are its kind's prefix; a tag already on a device may stay."""
    kinds = kind_table().kinds
    for host in market.tags.values():
        kind = kinds.get(str(host.attributes.get("kind")))
        if kind and not host.tag.startswith(kind.prefix):
            yield _at(
                market, host, host.tag,
                f"{host.tag} is a {kind.name}, and its tag does not say so (R40)",
                f"a tag that begins with {kind.prefix}",
            )  # fmt: skip


def _ended(market: MarketFiles) -> Iterator[tuple[Asset, str, dt.date]]:
    """Each host with a system whose last day of support is known: host, system, that day."""
    for host in market.tags.values():
        system = host.attributes.get("os")
        if isinstance(system, str) and (end := support_of(system).last):
            yield host, system, end


def managed_can_be_reached(market: MarketFiles) -> Iterator[Finding]:
    """A managed asset has a system, an address and a VLAN."""
    for host in market.tags.values():
        if host.attributes.get("managed") is not True:
            continue
        lacking = [f"asset.{name}" for name in ("os", "vlan") if name not in host.attributes]
        if market.place(host, "ansible_host") is None:
            lacking.append("ansible_host")
        for where in lacking:
            if (*host.steps, *where.split(".")) in market.files["hosts"].refused:
                continue
            name = where.removeprefix("asset.")
            yield _at(
                market, host, where, f"{host.tag} is managed and lacks {name}", f"{name}, or managed: false"
            )


def relations_exist(market: MarketFiles) -> Iterator[Finding]:
    """``part_of`` names another asset, ``responsible`` a party of the contract."""
    parties = market.content("contract").get("parties")
    for host in market.tags.values():
        whole = host.attributes.get("part_of")
        if whole is not None and (whole == host.tag or whole not in market.tags):
            problem = "itself" if whole == host.tag else f'"{whole}", which is no asset'
            yield _at(
                market,
                host,
                "asset.part_of",
                f"{host.tag} is part of {problem}",
                one_of(whole, set(market.tags)),
            )
        responsible = host.attributes.get("responsible")
        if responsible is not None and parties and responsible not in parties:
            yield _at(
                market, host, "asset.responsible",
                f'"{responsible}", responsible for {host.tag}, is no party of contract.yml',
                one_of(responsible, set(parties)),
            )  # fmt: skip


def managed_is_ours(market: MarketFiles) -> Iterator[Finding]:
    """An asset of another party is not managed: its configuration and credentials are obtained from that party."""
    for host in market.tags.values():
        responsible = host.attributes.get("responsible", CONTRACTOR)
        if host.attributes.get("managed") is True and responsible != CONTRACTOR:
            yield _at(
                market, host, "asset.managed",
                f"{host.tag} is managed, and {responsible} is responsible for it",
                f"managed: false, or responsible: {CONTRACTOR}",
            )  # fmt: skip


def _at(market: MarketFiles, host: Asset, where: str, problem: str, expected: str) -> Finding:
    """A finding at ``where`` (``asset.os``, or the tag itself) of ``host``, at its nearest line."""
    document = market.files["hosts"]
    if where == host.tag:
        return Finding(document.file, host.line, where, problem, expected)
    line = document.line((*host.steps, *where.split(".")))
    return Finding(document.file, line, f"{host.tag}.{where}", problem, expected)


RULES = (
    tags_once,
    identities_once,
    places_exist,
    rooms_once,
    legacy_has_an_end,
    managed_can_be_reached,
    relations_exist,
    managed_is_ours,
)

WARNINGS = (support_ended_since, tags_have_the_prefix_of_their_kind)
