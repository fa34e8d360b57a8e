"""Rules about the network: VLANs, subnets, addresses, SSIDs, flows and switch ports agree with each other."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from reversibility.market.findings import Finding, one_of
from reversibility.market.kinds import kind_groups
from reversibility.market.market_files import MarketFiles
from reversibility.market.platforms import platform_of
from reversibility.market.source import Document, Unreadable

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
INTERNET = "internet"  # destination of a flow outside the site's networks


def vlan_ids_once(market: MarketFiles) -> Iterator[Finding]:
    """Two VLANs with one number are one VLAN."""
    seen: dict[Any, str] = {}
    for name, vlan in (market.vlans or {}).items():
        number = vlan.get("id")
        first = seen.setdefault(number, name)
        if number is not None and first != name:
            problem = f"the VLAN {name} has the number {number} of {first}"
            yield market.files["network"].finding(("vlans", name, "id"), problem, "a number of its own")
        if name == INTERNET:
            problem = f'"{INTERNET}" is what flows call the outside'
            yield market.files["network"].finding(("vlans", name), problem, "another name")


def subnets_agree(market: MarketFiles) -> Iterator[Finding]:
    """A subnet is of a site and a VLAN that exist, is a network, has its gateway inside, and overlaps no other."""
    document = market.files["network"]
    spans: list[tuple[int, int, int, Network]] = []
    for index, subnet in enumerate(market.content("network").get("subnets") or []):
        steps = ("subnets", index)
        yield from _known(
            document, (*steps, "vlan"), "VLAN", subnet.get("vlan"), market.vlans, "the subnet is of"
        )
        yield from _known(
            document, (*steps, "site"), "site", subnet.get("site"), market.sites, "the subnet is at"
        )
        network = network_of(subnet)
        if network is None:
            if "cidr" in subnet:
                yield document.finding((*steps, "cidr"), *_no_network(subnet["cidr"]))
            continue
        spans.append((network.version, int(network.network_address), index, network))
        dhcp = subnet.get("dhcp") or {}
        for name, value in (
            ("gateway", subnet.get("gateway")),
            *((f"dhcp.{end}", dhcp.get(end)) for end in ("first", "last")),
        ):
            if value is not None and not _usable(value, network):
                yield document.finding(
                    (*steps, *name.split(".")),
                    f"the {name} {value} is no address of the subnet {network}",
                    f"an address from {network[1]} to {network[-2]}",
                )
        yield from _dhcp_in_order(document, steps, subnet)
    spans.sort(key=lambda span: span[:3])
    widest: tuple[int, int, int, Network] | None = None
    for span in spans:
        if widest and widest[0] == span[0] and int(widest[3].broadcast_address) >= span[1]:
            line = document.line(("subnets", widest[2]))
            problem = f"the subnet {span[3]} overlaps {widest[3]} (line {line})"
            yield document.finding(("subnets", span[2], "cidr"), problem, "subnets that share no address")
        if (
            widest is None
            or widest[0] != span[0]
            or int(widest[3].broadcast_address) < int(span[3].broadcast_address)
        ):
            widest = span


def _dhcp_in_order(
    document: Document, steps: tuple[str | int, ...], subnet: dict[str, Any]
) -> Iterator[Finding]:
    dhcp = subnet.get("dhcp") or {}
    first, last, gateway = (
        address_of(value) for value in (dhcp.get("first"), dhcp.get("last"), subnet.get("gateway"))
    )
    if first and last and first.version == last.version:
        if int(last) < int(first):
            yield document.finding(
                (*steps, "dhcp"),
                f"the DHCP range ends ({last}) before it begins ({first})",
                "first, then last",
            )
        elif gateway and int(first) <= int(gateway) <= int(last):
            yield document.finding(
                (*steps, "dhcp"),
                f"the DHCP range gives away the gateway's address {gateway}",
                "a range without it",
            )


def addresses_fit(market: MarketFiles) -> Iterator[Finding]:
    """An asset's VLAN exists, and its address is in the subnet of that VLAN at its site."""
    document = market.files["hosts"]
    vlans = market.vlans
    subnets: dict[tuple[Any, Any], list[tuple[Network, dict[str, Any]]]] = {}
    for subnet in market.content("network").get("subnets") or []:
        network = network_of(subnet)
        if network is not None:
            subnets.setdefault((subnet.get("site"), subnet.get("vlan")), []).append((network, subnet))
    for host in market.tags.values():
        vlan = host.attributes.get("vlan")
        if vlan is not None:
            yield from _known(
                document, (*host.steps, "asset", "vlan"), "VLAN", vlan, vlans, f"{host.tag} is on"
            )
        place = market.place(host, "ansible_host")
        if place is None:
            continue
        written, steps = place
        text = written.at(steps)
        address = address_of(text)
        if address is None or vlan is None or vlans is None or vlan not in vlans or not subnets:
            continue
        here = subnets.get((host.site, vlan), [])
        if not here and market.sites is not None and host.site not in market.sites:
            continue  # said already
        if not here:
            problem = (
                f"{host.tag} has the address {text} on the VLAN {vlan}, which has no subnet at {host.site}"
            )
            yield written.finding(steps, problem, f"a subnet of {vlan} at {host.site} in network.yml")
            continue
        fitting = [(network, subnet) for network, subnet in here if _usable(text, network)]
        if not fitting:
            ranges = " or ".join(str(network) for network, _ in here)
            problem = (
                f"{host.tag} has the address {text}, which is no address of the VLAN {vlan} at {host.site}"
            )
            yield written.finding(steps, problem, f"an address of {ranges}")
        elif "gateways" not in kind_groups(host.attributes.get("kind", "")) and any(
            address == address_of(subnet.get("gateway")) for _, subnet in fitting
        ):
            problem = f"{host.tag} has the address {text}, which is the gateway's"
            yield written.finding(steps, problem, "an address of its own")


def ssids_exist(market: MarketFiles) -> Iterator[Finding]:
    """An SSID leads to a VLAN that exists, at sites that exist."""
    document = market.files["network"]
    for index, ssid in enumerate(market.content("network").get("ssids") or []):
        subject = f"the SSID {ssid.get('name', index + 1)} is"
        yield from _known(
            document, ("ssids", index, "vlan"), "VLAN", ssid.get("vlan"), market.vlans, f"{subject} on"
        )
        for place, site in enumerate(ssid.get("sites") or []):
            yield from _known(
                document, ("ssids", index, "sites", place), "site", site, market.sites, f"{subject} at"
            )


def flows_exist(market: MarketFiles) -> Iterator[Finding]:
    """A flow names VLANs, services and assets that exist; from an isolated VLAN it leads outside only (R43)."""
    document = market.files["network"]
    vlans = market.vlans
    for index, flow in enumerate(market.content("network").get("flows") or []):
        targets = names(flow.get("to"))
        for end in ("from", "to"):
            for place, vlan in enumerate(names(flow.get(end))):
                if end == "to" and vlan == INTERNET:
                    continue
                steps = ("flows", index, end, place) if isinstance(flow[end], list) else ("flows", index, end)
                yield from _known(document, steps, "VLAN", vlan, vlans, f'the flow goes "{end}"')
                isolated = vlans is not None and (vlans.get(vlan) or {}).get("isolated") is True
                inside = [target for target in targets if target != INTERNET]
                if end == "from" and isolated and inside:
                    problem = f"the flow leads from the isolated VLAN {vlan} to {', '.join(inside)}"
                    yield document.finding(steps, problem, f"no flow from {vlan} but to {INTERNET} (R43)")
        for place, service in enumerate(flow.get("services") or []):
            yield from _known(
                document,
                ("flows", index, "services", place),
                "service",
                service,
                market.services,
                "the flow is for",
            )
        for place, tag in enumerate(flow.get("assets") or []):
            steps = ("flows", index, "assets", place)
            tags = market.tags if market.fleet_known else None
            yield from _known(document, steps, "asset", tag, tags, "the flow leads to")
            there = market.tags[tag].attributes.get("vlan") if tag in market.tags else None
            known = vlans is None or all(target in vlans or target == INTERNET for target in targets)
            if there is not None and targets and known and there not in targets:
                problem = (
                    f"the flow leads to {tag}, which is on the VLAN {there} and not on {', '.join(targets)}"
                )
                yield document.finding(steps, problem, f"{there} under to, or another asset")


def ports_agree(market: MarketFiles) -> Iterator[Finding]:
    """A switch port is on VLANs that exist, and its peer is an asset that belongs there, wherever it is written."""
    declared = {tag: host.attributes.get("vlan") for tag, host in market.tags.items()}
    for owner, document, steps, variables in market.mappings():
        ports = variables.get("ports") or {}
        for below, problem, expected in port_problems(owner, ports, market.vlans, declared):
            yield document.finding((*steps, "ports", *below), problem, expected)


def port_problems(
    owner: str, ports: Mapping[str, Any], vlans: Mapping[str, Any] | None, declared: Mapping[str, str | None]
) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """What is wrong with the ``ports`` of ``owner``: the path below them, the problem, what is expected.

    ``declared`` is the VLAN of each asset (None: it has none); without any asset, peers are not looked at.
    """
    for name, port in ports.items():
        subject = f"the port {name} of {owner} is"
        places: list[tuple[tuple[str | int, ...], Any]]
        places = [((name, key), port.get(key)) for key in ("vlan", "native", "voice", "guest", "failed")]
        places += [((name, "vlans", place), vlan) for place, vlan in enumerate(port.get("vlans") or [])]
        for below, vlan in places:
            if unknown := _unknown("VLAN", vlan, vlans, f"{subject} on"):
                yield below, *unknown
        peer = port.get("peer")
        if peer is None or not declared:
            continue
        if peer not in declared or peer == owner:
            problem = f'{subject} cabled to "{peer}", which is {"itself" if peer == owner else "no asset"}'
            yield (name, "peer"), problem, one_of(peer, set(declared) - {owner})
            continue
        wanted, given = declared[peer], port.get("vlan")
        known = vlans is None or {given, wanted} <= set(vlans)  # said already when they are not
        if port.get("mode") == "access" and wanted and given and known and wanted != given:
            problem = f"{subject} on the VLAN {given}, and {peer} at its end is declared on {wanted}"
            yield (name, "vlan"), problem, f"{wanted}, or vlan: {given} for {peer} in hosts.yml"


def _known(
    document: Document, steps: tuple[str | int, ...], noun: str, name: Any, table: Any, subject: str
) -> Iterator[Finding]:
    """Nothing when ``name`` is in ``table``, or when either is not there; else a finding with the near name."""
    if unknown := _unknown(noun, name, table, subject):
        yield document.finding(steps, *unknown)


def _unknown(noun: str, name: Any, table: Any, subject: str) -> tuple[str, str] | None:
    if name is None or table is None or isinstance(name, Unreadable) or name in table:
        return None
    source = {"VLAN": "network.yml", "service": "network.yml", "site": "sites.yml", "asset": "hosts.yml"}[
        noun
    ]
    return f'{subject} the {noun} "{name}", which {source} does not declare', one_of(name, set(table))


def _no_network(text: Any) -> tuple[str, str]:
    try:
        loose = ipaddress.ip_network(str(text), strict=False)
    except ValueError:
        return f'"{text}" is no network', "a network such as 198.51.100.0/27"
    if loose.num_addresses < 4:
        return f'"{text}" has no room for a gateway and a host', "a network of /30 or larger"
    return f'"{text}" is an address inside a network', f"the network itself, {loose}"


def network_of(subnet: dict[str, Any]) -> Network | None:
    """The network of a subnet, or None when its ``cidr`` is none that hosts can live in."""
    try:
        network = ipaddress.ip_network(subnet.get("cidr", ""), strict=True)
    except ValueError:
        return None
    return network if network.num_addresses >= 4 else None


def address_of(text: Any) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that ``text`` is, or None: a host name, a template, nothing."""
    try:
        return ipaddress.ip_address(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _usable(text: Any, network: Network) -> bool:
    address = address_of(text)
    return (
        address is not None
        and address in network
        and address != network.network_address
        and address != network.broadcast_address
    )


def names(value: Any) -> list[str]:
    """A name or a list of names as a list."""
    return [value] if isinstance(value, str) else list(value or [])


def logs_stay_inside(market: MarketFiles) -> Iterator[Finding]:
    """A device sends its lines, which are in clear text without TLS, to an asset of its own VLAN."""
    for host in market.tags.values():
        variables = market.variables(host)
        server, place = variables.get("logs_server"), market.place(host, "logs_server")
        if not server or place is None or not market.fleet_known:
            continue
        document, steps = place
        if server not in market.tags:
            problem = f'{host.tag} sends its logs to "{server}", which is no asset'
            yield document.finding(steps, problem, one_of(server, set(market.tags)))
            continue
        network = platform_of(host.attributes.get("os")).family == "network"
        other = market.tags[server]
        if not network or variables.get("network_syslog") is not None or variables.get("network_syslog_tls"):
            continue
        if (host.site, host.attributes.get("vlan")) != (other.site, other.attributes.get("vlan")):
            problem = f"{host.tag} would send its logs in clear text out of its VLAN, to {server}"
            yield document.finding(steps, problem, "a server in the same VLAN, or network_syslog_tls: true")


RULES = (
    vlan_ids_once, subnets_agree, addresses_fit, ssids_exist, flows_exist, ports_agree, logs_stay_inside,
)  # fmt: skip
