"""Wanted configurations of a switch, drawn by Hypothesis."""

from __future__ import annotations

import string
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from reversibility.platforms.model import Account, Configuration, Dot1x, Mirror, Port, StaticRoute, Svi, Vlan

WORD = st.text(alphabet=string.ascii_letters + string.digits + "-_", min_size=1, max_size=12).filter(
    lambda t: t[0].isalpha()
)
TEXT = st.lists(
    st.text(alphabet=string.ascii_letters + string.digits + "éà’#>()!-", min_size=1, max_size=9),
    min_size=1,
    max_size=4,
).map(" ".join)
ADDRESS = st.integers(1, 254).map(lambda n: f"198.51.100.{n}")
BANNER = st.lists(TEXT.filter(lambda t: not t.startswith("^")), min_size=1, max_size=3).map("\n".join)


@st.composite
def switches(
    draw: st.DrawFn,
    names: list[str],
    aggregate: Callable[[int], str],
    *,
    guards: list[Any],
    dot1x_vlans: bool = True,
    services: list[str] | None = None,
    voice: bool = True,
    name_length: int = 32,
    members_keep: bool = True,
    tagged_all: bool = True,
    transports: tuple[str, ...] = (),
) -> Configuration:
    numbers = draw(st.lists(st.integers(2, 1001), min_size=3, max_size=12, unique=True))
    vlans = tuple(
        Vlan(number, draw(st.one_of(st.just(f"V{number}"), WORD.map(lambda w: w[:name_length]))))
        for number in sorted(numbers)
    )
    vlan = st.sampled_from(numbers)
    members = draw(st.sampled_from([0, 2]))
    ports = []
    for index, name in enumerate(names):
        if index < members:
            ports.append(
                Port(
                    name,
                    aggregate=aggregate(1),
                    lacp="active",
                    description=draw(st.one_of(st.just(""), WORD)),
                )
            )
        else:
            ports.append(draw(_port(name, vlan, guards, dot1x_vlans, voice, tagged_all)))
    if members:
        ports.append(draw(_port(aggregate(1), vlan, [], False, False, tagged_all, trunk=True)))
    free = [port.name for port in ports if port.aggregate is None][:-1]
    mirrors: tuple[Mirror, ...] = ()
    if len(free) > 2 and draw(st.booleans()):
        mirrors = (
            Mirror(1, frozenset(draw(st.lists(st.sampled_from(free[1:]), min_size=1, max_size=2))), free[0]),
        )
    return Configuration(
        hostname=draw(WORD),
        vlans=vlans,
        ports=tuple(ports),
        accounts=(
            Account("admin", "admin"),
            *([Account("lecture", "operator")] if draw(st.booleans()) else []),
        ),
        services={name: draw(st.sampled_from(["on", "off"])) for name in services or []},
        svis=tuple(
            Svi(number, f"198.51.{100 + i}.2/24")
            for i, number in enumerate(sorted(numbers)[: draw(st.integers(0, 2))])
        ),
        routes=tuple(
            StaticRoute("0.0.0.0/0", f"198.51.100.{n}") for n in draw(st.lists(st.integers(1, 9), max_size=1))
        ),
        mirrors=mirrors,
        dhcp_snooping=draw(st.frozensets(vlan, max_size=3)),
        ntp=tuple(sorted(draw(st.sets(ADDRESS, max_size=2)))),
        syslog=tuple(
            sorted(
                f"{address}{how}"
                for address, how in draw(
                    st.dictionaries(ADDRESS, st.sampled_from(["", *transports]), max_size=2)
                ).items()
            )
        ),
        radius=tuple(sorted(draw(st.sets(ADDRESS, max_size=2)))),
        banner=draw(st.one_of(st.just(""), BANNER)),
    )


@st.composite
def _port(
    draw: st.DrawFn,
    name: str,
    vlan: Any,
    guards: list[Any],
    dot1x_vlans: bool,
    voice: bool,
    tagged_all: bool,
    trunk: bool = False,
) -> Port:
    common: dict[str, Any] = {
        "description": draw(st.one_of(st.just(""), TEXT)),
        "enabled": draw(st.booleans()),
    }
    common["guards"] = draw(st.frozensets(st.sampled_from(guards), max_size=2)) if guards else frozenset()
    if trunk or draw(st.booleans()):
        native = draw(st.one_of(st.none(), vlan))
        some = st.frozensets(vlan, max_size=8)
        tagged: frozenset[int] | None = None
        if not (tagged_all and native and draw(st.booleans())):
            tagged = draw(some)
        return Port(
            name, mode="trunk", native=native, tagged=None if tagged is None else tagged - {native}, **common
        )
    dot1x = None
    controlled: bool = draw(st.booleans())
    if guards and controlled:
        guest, failed = (draw(st.one_of(st.none(), vlan)) if dot1x_vlans else None for _ in range(2))
        dot1x = Dot1x(guest, failed, draw(st.booleans()))
    return Port(
        name,
        access=draw(vlan),
        voice=draw(st.one_of(st.none(), vlan)) if voice else None,
        dot1x=dot1x,
        **common,
    )
