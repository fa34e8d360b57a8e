"""Log hosts of a switch: where it sends its lines, as the text after the platform's command.

``192.0.2.1`` is UDP to port 514 (RFC 5426), which every platform does; ``192.0.2.1 tls`` is TLS to port 6514 (RFC 5425)
in the wanted model, written as each platform writes it. Anything else that a device says (another port, TCP) stays in
the text, and so differs.

Sources: Cisco's Nexus 9000 system management guide, "Secure Syslog Servers" (NX-OS 9.2(1) and later); Cisco's
community, "Configuring syslog TLS on Catalyst 9000" (IOS XE 17.2 and later); HPE's AOS-CX 10.03 command reference,
"logging"; HPE's ArubaOS-Switch 16.06 hardening guide, "Auditing and logging".
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

TLS = " tls"
"""After an address in the wanted model."""


@dataclass(frozen=True)
class Spelling:
    """How a platform writes a log host after ``command``."""

    command: str
    plain: str
    """Pattern of a text that says UDP to port 514 all the same."""
    tls: str
    """TLS to port 6514."""
    authority: str
    """Beginning of a line without which TLS cannot work: what the device knows of the authority."""
    left: str = ""
    """Pattern of options that are not managed: which lines are sent, by which routing table."""
    whole: bool = False
    """Whether the command that removes a host has the whole text, not the address alone."""


SPELLINGS = {
    "cisco_ios": Spelling(
        "logging host", r" transport udp(?: port 514)?", " transport tls profile cartable",
        "logging tls-profile cartable", whole=True,
    ),
    "cisco_nxos": Spelling(
        "logging server", r" port 514", " port 6514 secure", "crypto ca trustpoint ",
        left=r" (?:[0-7](?= |$)|use-vrf \S+|facility \S+|timestamp \S+)",
    ),
    "aruba_aoss": Spelling(
        "logging", r" udp(?: 514)?", TLS, "crypto pki ta-profile ",
        left=r' (?:control-descr (?:"[^"]*"|\S+)|oobm|6514(?<= tls 6514))',
    ),
    "aruba_aoscx": Spelling(
        "logging", r" udp(?: 514)?", TLS, "crypto pki ta-profile ",
        left=r" (?:severity \S+|vrf \S+|include-auditable-events|filter \S+|auth-mode certificate|6514(?<= tls 6514))",
    ),
}  # fmt: skip


def read(platform: str, text: str) -> str:
    """A log host of the device in the model's form."""
    spelling = SPELLINGS[platform]
    address, blank, rest = text.partition(" ")
    rest = f"{blank}{rest}".rstrip()
    if spelling.left:
        rest = re.sub(spelling.left, "", rest)
    return address if re.fullmatch(spelling.plain, rest) else f"{address}{rest}"


def canonical(platform: str, hosts: Iterable[str] | None) -> tuple[str, ...] | None:
    """The wanted log hosts as the platform writes them."""
    if hosts is None:
        return None
    tls = SPELLINGS[platform].tls
    return tuple(sorted(host.removesuffix(TLS) + tls if host.endswith(TLS) else host for host in hosts))


def refusals(platform: str, hosts: Iterable[str] | None, lines: Collection[str]) -> Iterator[str]:
    """Reasons why the wanted log hosts (in the platform's terms) cannot work; ``lines`` are the device's."""
    spelling = SPELLINGS[platform]
    if any(host.endswith(spelling.tls) for host in hosts or ()) and not any(
        line.startswith(spelling.authority) for line in lines
    ):
        line = spelling.authority.strip()
        yield f"logs over TLS need the market's authority on the device, and there is no line “{line}” yet"


def commands(platform: str, wanted: Iterable[str] | None, seen: Iterable[str] | None) -> Iterator[str]:
    """Commands that remove and add log hosts; none if they are not declared (None).

    Removal is first: most platforms have one entry an address.
    """
    if wanted is None:
        return
    spelling = SPELLINGS[platform]
    for host in sorted(set(seen or ()) - set(wanted)):
        yield f"no {spelling.command} {host if spelling.whole else host.partition(' ')[0]}"
    for host in sorted(set(wanted) - set(seen or ())):
        yield f"{spelling.command} {host}"
