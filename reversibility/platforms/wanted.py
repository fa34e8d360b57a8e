"""Wanted configuration of a network device, from the market's four files and the variables of its host.

From network.yml: VLANs, subnets, SSIDs. From host_vars: ``ports``, and the variables ``network_*`` below,
each of which is
left out when the device's setting is not managed:

``logs_server``: the tag of the server that has the site's logs; the device sends to it (``network_syslog_tls``: over
TLS) unless ``network_syslog`` lists other addresses.
``network_accounts`` ({name: admin or operator}), ``network_services`` ({telnet: off}), ``network_ntp``,
``network_syslog``,
``network_radius``, ``network_snmp_users`` (lists), ``network_banner``, ``network_routes`` ([{to, via}]),
``network_mirrors``
([{session, sources, destination}]), ``network_dhcp_snooping`` (names of VLANs), ``network_addresses`` ({VLAN:
address/length or
dhcp}; without it the device's own address), ``network_change_management`` (true: the uplink and the way to
the device may change). Of an access point: ``network_radios`` ({interface: {band, channel, ssids, driver}}),
``network_country`` (FR), ``network_uplink`` (the wired interface that carries the VLANs).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from reversibility.market.model import Asset, Market
from reversibility.platforms.log_hosts import TLS
from reversibility.platforms.model import (
    Account,
    Configuration,
    Dot1x,
    Mirror,
    Port,
    Radio,
    Ssid,
    StaticRoute,
    Svi,
    Vlan,
)

UPLINKS = frozenset({"router", "firewall", "switch", "server"})  # kinds at the other end of an uplink


def wanted_configuration(
    market: Market, asset: Asset, port_name: Callable[[str], str] = str
) -> Configuration:
    """The wanted configuration of ``asset``; ``port_name`` returns the platform's canonical name of a port."""
    table = {name: int(vlan["id"]) for name, vlan in (market.network.get("vlans") or {}).items()}
    variables = asset.variables
    declared: Mapping[str, Mapping[str, Any]] = variables.get("ports") or {}
    ports = tuple(_port(port_name(str(name)), port, table, port_name) for name, port in declared.items())
    open_word = bool(variables.get("network_change_management", False))
    management = table.get(str(asset.attributes.get("vlan", "")))
    uplinks = {port_name(str(name)) for name, port in declared.items() if _leads_away(market, port)}
    return Configuration(
        hostname=str(variables.get("baseline_hostname", asset.tag)),
        vlans=tuple(_vlans(market, asset, table, declared))
        if declared
        else _wifi_vlans(market, asset, table),
        ports=ports,
        ssids=tuple(_ssids(market, asset, table)) if asset.kind == "access_point" else (),
        radios=tuple(_radios(variables.get("network_radios") or {})),
        country=str(variables.get("network_country", "FR")),
        uplink=str(variables.get("network_uplink", "")),
        accounts=tuple(
            Account(name, role) for name, role in sorted((variables.get("network_accounts") or {}).items())
        ),
        services=dict(_services(variables.get("network_services") or {})),
        svis=_svis(market, asset, table),
        routes=_routes(market, asset),
        mirrors=_mirrors(variables.get("network_mirrors"), port_name),
        dhcp_snooping=_numbers(variables.get("network_dhcp_snooping"), table),
        snmp_users=_names(variables.get("network_snmp_users")),
        ntp=_names(variables.get("network_ntp")),
        syslog=_log_hosts(market, variables),
        radius=_servers(market, variables.get("network_radius")),
        radius_vlans=_answerable(market, asset, table),
        banner=variables.get("network_banner"),
        protected_ports=frozenset() if open_word else frozenset(uplinks),
        protected_vlans=frozenset() if open_word or management is None else frozenset({management}),
    )


def _vlans(
    market: Market, asset: Asset, table: Mapping[str, int], ports: Mapping[str, Mapping[str, Any]]
) -> Iterator[Vlan]:
    """The VLANs that have a subnet at the site, and those that a port is on."""
    names = {
        str(subnet["vlan"]) for subnet in market.network.get("subnets") or () if subnet["site"] == asset.site
    }
    names.add(str(asset.attributes.get("vlan", "")))
    for port in ports.values():
        names |= {str(port.get(key, "")) for key in ("vlan", "native", "voice", "guest", "failed")} | set(
            port.get("vlans") or ()
        )
    yield from sorted(
        (Vlan(table[name], name) for name in names if name in table), key=lambda vlan: vlan.number
    )


def _port(
    name: str, port: Mapping[str, Any], table: Mapping[str, int], port_name: Callable[[str], str]
) -> Port:
    def number(key: str) -> int | None:
        return table[port[key]] if port.get(key) is not None else None

    aggregate, mode = port.get("aggregate"), port["mode"]
    native = number("native")
    return Port(
        name,
        mode="trunk" if mode == "trunk" and aggregate is None else "access",
        access=(number("vlan") or 1) if mode != "trunk" and aggregate is None else None,
        native=native if mode == "trunk" and aggregate is None else None,
        tagged=frozenset(table[vlan] for vlan in port.get("vlans") or ()) - {native}
        if aggregate is None
        else frozenset(),
        voice=number("voice"),
        description=str(port.get("description", "")),
        enabled=mode != "disabled",
        aggregate=port_name(str(aggregate)) if aggregate is not None else None,
        lacp=(port.get("lacp") or "active") if aggregate is not None else None,
        dot1x=Dot1x(number("guest"), number("failed"), bool(port.get("mac_fallback")))
        if port.get("dot1x")
        else None,
        guards=frozenset(port.get("guards") or ()),
    )


def _leads_away(market: Market, port: Mapping[str, Any]) -> bool:
    peer = market.assets.get(str(port.get("peer", "")))
    return bool(port.get("uplink", False)) or (peer is not None and peer.kind in UPLINKS)


def _ssids(market: Market, asset: Asset, table: Mapping[str, int]) -> Iterator[Ssid]:
    for ssid in market.network.get("ssids") or ():
        if asset.site not in ssid.get("sites", (asset.site,)):
            continue
        yield Ssid(
            ssid["name"],
            vlan=table[ssid["vlan"]],
            security=ssid["security"],
            isolated=bool(ssid.get("isolated", False)),
            hidden=bool(ssid.get("hidden", False)),
            bands=frozenset(str(band) for band in ssid.get("bands") or ()),
            hours=str(ssid.get("hours", "")),
            portal=bool(ssid.get("portal", False)),
        )


def _wifi_vlans(market: Market, asset: Asset, table: Mapping[str, int]) -> tuple[Vlan, ...]:
    """The VLANs of the SSIDs of an access point."""
    if asset.kind != "access_point":
        return ()
    used = {ssid.vlan for ssid in _ssids(market, asset, table)}
    return tuple(
        sorted((Vlan(n, name) for name, n in table.items() if n in used), key=lambda vlan: vlan.number)
    )


def _answerable(market: Market, asset: Asset, table: Mapping[str, int]) -> frozenset[int]:
    """The VLANs into which an access point lets a RADIUS server put a station: the site's, but not the devices' own."""
    if asset.kind != "access_point":
        return frozenset()
    own = str(asset.attributes.get("vlan", ""))
    used = {ssid.vlan for ssid in _ssids(market, asset, table)}
    return frozenset(
        vlan.number for vlan in _vlans(market, asset, table, {}) if vlan.name != own or vlan.number in used
    )


def _radios(given: Mapping[str, Mapping[str, Any]]) -> Iterator[Radio]:
    for name, radio in given.items():
        yield Radio(
            str(name),
            band=str(radio.get("band", "")),
            channel=str(radio.get("channel", "auto")),
            ssids=frozenset(radio.get("ssids") or ()),
            driver=str(radio.get("driver", "nl80211")),
        )


def _subnet(market: Market, asset: Asset) -> Mapping[str, Any] | None:
    vlan = asset.attributes.get("vlan")
    for subnet in market.network.get("subnets") or ():
        if subnet["site"] == asset.site and subnet["vlan"] == vlan:
            return dict(subnet)
    return None


def _svis(market: Market, asset: Asset, table: Mapping[str, int]) -> tuple[Svi, ...] | None:
    given = asset.variables.get("network_addresses")
    if given is not None:
        return tuple(
            sorted(
                (Svi(table[name], _shortest(address)) for name, address in given.items()),
                key=lambda svi: svi.vlan,
            )
        )
    subnet = _subnet(market, asset)
    if subnet is None or not _is_address(asset.address):
        return None
    network = ipaddress.ip_network(subnet["cidr"])
    return (Svi(table[subnet["vlan"]], _shortest(f"{asset.address}/{network.prefixlen}")),)


def _routes(market: Market, asset: Asset) -> tuple[StaticRoute, ...] | None:
    given = asset.variables.get("network_routes")
    if given is not None:
        return tuple(
            sorted(
                (StaticRoute(_shortest(r["to"]), _shortest(r["via"])) for r in given),
                key=lambda r: (r.prefix, r.gateway),
            )
        )
    subnet = _subnet(market, asset)
    if subnet is None or not _is_address(asset.address):
        return None
    return (StaticRoute("0.0.0.0/0", _shortest(subnet["gateway"])),)


def _shortest(value: Any) -> str:
    """An address in the one form that devices are compared in; anything else as it is."""
    text = str(value)
    try:
        return str(ipaddress.ip_interface(text) if "/" in text else ipaddress.ip_address(text))
    except ValueError:
        return text


def _is_address(text: str | None) -> bool:
    try:
        ipaddress.ip_address(text or "")
    except ValueError:
        return False
    return True


def _services(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for service, setting in given.items():
        yield str(service), "on" if setting in (True, "on") else "off"


def _mirrors(given: Any, port_name: Callable[[str], str]) -> tuple[Mirror, ...] | None:
    if given is None:
        return None
    return tuple(
        Mirror(
            int(m["session"]),
            frozenset(port_name(str(s)) for s in m["sources"]),
            port_name(str(m["destination"])),
        )
        for m in given
    )


def _numbers(given: Iterable[str] | None, table: Mapping[str, int]) -> frozenset[int] | None:
    return None if given is None else frozenset(table[name] for name in given)


def _servers(market: Market, given: Iterable[Any] | None) -> tuple[str, ...] | None:
    """The addresses of servers that are named by tag or by address: a device has no names of assets."""

    def address(name: str) -> str:
        asset = market.assets.get(name)
        return str(asset.address) if asset is not None and asset.address else name

    return None if given is None else _names(address(str(name)) for name in given)


def _log_hosts(market: Market, variables: Mapping[str, Any]) -> tuple[str, ...] | None:
    """``network_syslog``, or the server of ``logs_server``; see log_hosts.py. None without either."""
    given, server = variables.get("network_syslog"), variables.get("logs_server")
    if given is not None or not server:
        return _names(given)
    how = TLS if variables.get("network_syslog_tls", False) else ""
    return tuple(f"{address}{how}" for address in _servers(market, [server]) or ())


def _names(given: Iterable[Any] | None) -> tuple[str, ...] | None:
    return None if given is None else tuple(sorted(str(name) for name in given))
