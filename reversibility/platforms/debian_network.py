"""Network configuration of a Debian machine, its own systemd units and its scheduled jobs: what is collected and shown.

Wi-Fi and WireGuard keys are in the encrypted copy alone: of each grammar, names that are listed here are shown with
their values, others only where the value is plain.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from reversibility.platforms.text_redaction import Grammar, comment, redact_lines, setting, settings, value

COLLECTED = (
    "/etc/network/**",
    "/etc/netplan/**",
    "/etc/NetworkManager/NetworkManager.conf",
    "/etc/NetworkManager/conf.d/**",
    "/etc/NetworkManager/system-connections/**",
    "/etc/wpa_supplicant/**",
    "/etc/wireguard/**",
    "/etc/dnsmasq.conf",
    "/etc/dnsmasq.d/**",
    "/etc/dhcp/**",
    "/etc/kea/**",
    "/etc/frr/**",
    "/etc/modules-load.d/**",
    # Units that are no package's, and drop-ins: packages have theirs in /usr/lib. A link shows what is enabled.
    "/etc/systemd/system/**",
    "/etc/crontab",
    "/etc/cron.d/**",
    "/etc/cron.daily/**",
    "/etc/cron.hourly/**",
    "/etc/cron.monthly/**",
    "/etc/cron.weekly/**",
    "/var/spool/cron/crontabs/*",
)
_EQUALS = r"([^=\[\]]+?)(\s*=\s*)(.*)"
_WORDS = r"(\s*[a-z][A-Za-z0-9_-]*)([ \t]+)(\S.*)"
_YAML = r"(\s*(?:- )?[\w./\"'-]+)(:)(?:(?=$)|[ \t]+)(.*)"
_ITEM = re.compile(r"\s*- +[\"']?(?:[0-9A-Fa-f.:]+(?:/\d{1,3})?|[a-z][a-z0-9.-]{0,30})[\"']?")
_INTERFACES_TEXT = """
auto allow-hotplug allow-auto no-auto-down iface inherits address netmask gateway broadcast network hwaddress mtu metric
vlan-raw-device vlan_raw_device bridge_ports bridge_stp bridge_fd bridge_maxwait bridge_vlan_aware bond-mode bond-slaves
bond-primary bond-miimon dns-nameservers dns-search dns-domain source source-directory mapping scope pointopoint
accept_ra autoconf privext dad-attempts endpoint local ttl mode wpa-ssid wireless-essid
"""
_INTERFACES = frozenset(_INTERFACES_TEXT.split())
_NETPLAN_TEXT = """
network version renderer ethernets wifis bridges bonds vlans tunnels match macaddress name set-name dhcp4 dhcp6
dhcp-identifier accept-ra addresses gateway4 gateway6 nameservers search routes to via metric on-link mtu optional
wakeonlan interfaces id link access-points mode channel band stp forward-delay parameters primary table from
routing-policy optional-addresses critical
"""
_NETPLAN = frozenset(_NETPLAN_TEXT.split())
_CONNECTION_TEXT = """
id uuid type interface-name autoconnect autoconnect-priority permissions timestamp method address1 address2 addresses
dns dns-search gateway route1 route2 may-fail addr-gen-mode ip6-privacy ssid mode band channel key-mgmt auth-alg eap
identity phase2-auth ca-cert client-cert mac-address cloned-mac-address mtu parent flags master controller port-type
slave-type stp forward-delay vlan-id never-default ignore-auto-dns listen-port plugins managed level domains
wifi.scan-rand-mac-address connection.stable-id
"""
_CONNECTION = frozenset(_CONNECTION_TEXT.split())
_WIREGUARD_TEXT = """
address listenport dns mtu table publickey allowedips endpoint persistentkeepalive saveconfig fwmark
"""
_WIREGUARD = frozenset(_WIREGUARD_TEXT.split())
_UNIT_TEXT = """
description documentation after before wants requires requisite bindsto partof conflicts wantedby requiredby also alias
type user group restart restartsec remainafterexit oncalendar onbootsec onunitactivesec persistent randomizeddelaysec
unit listenstream listendatagram accept bindtodevice what where options workingdirectory conditionpathexists
conditionpathisdirectory conditionfilenotempty defaultdependencies pidfile killmode timeoutstartsec timeoutstopsec
execstart execstartpre execstartpost execreload execstop execstoppost umask protectsystem protecthome privatetmp
nonewprivileges readwritepaths readonlypaths runtimedirectory statedirectory
"""
_UNIT = frozenset(_UNIT_TEXT.split())
_TIME = r"(?:[-*/,\d]{1,40}|[a-z]{3})"
_CRON_LINE = re.compile(rf"\s*(?:@[a-z]{{4,8}}|(?:{_TIME}\s+){{4}}{_TIME})\s+\S.*")
_CRON_NAMES = frozenset({"SHELL", "PATH", "HOME", "LANG", "LC_ALL", "CRON_TZ", "RANDOM_DELAY"})
_ASSIGNMENT = r"(\s*[A-Za-z_][A-Za-z0-9_]*)(\s*=\s*)(.*)"


def _known(names: frozenset[str]) -> Callable[[str], bool]:
    return lambda name: name.lower() in names


def _cron(line: str) -> str | None:
    bare = line.strip()
    if not bare or bare[0] == "#":
        return comment(line)
    assigned = re.fullmatch(_ASSIGNMENT, line)
    if assigned:
        return setting(*assigned.group(1, 2, 3), known=assigned[1].strip() in _CRON_NAMES)
    return value(line) if _CRON_LINE.fullmatch(line) else None


def _netplan(line: str) -> str | None:
    """A key with its value, or an address in a list; a value over several lines is no grammar."""
    bare = line.strip()
    if not bare or bare[0] == "#":
        return comment(line)
    found = re.fullmatch(_YAML, line)
    if found:
        name = found[1].strip().removeprefix("- ").strip("\"'")
        if not found[3]:
            return line if len(name) <= 64 else None
        return setting(found[1], f"{found[2]} ", found[3], known=name in _NETPLAN)
    return line if _ITEM.fullmatch(line) else None


def _by_line(grammar: Grammar) -> Callable[[str], str | None]:
    return lambda text: redact_lines(text, grammar)


def _sections(names: frozenset[str]) -> Callable[[str], str | None]:
    return _by_line(settings(_EQUALS, _known(names), comments="#;", sections=True))


REDACTIONS: tuple[tuple[re.Pattern[str], Callable[[str], str | None]], ...] = tuple(
    (re.compile(pattern), redaction)
    for pattern, redaction in (
        (r"/etc/network/interfaces(?:\.d/[^/]+)?", _by_line(settings(_WORDS, _known(_INTERFACES)))),
        (r"/etc/netplan/[^/]+\.yaml", _by_line(_netplan)),
        (r"/etc/NetworkManager/system-connections/[^/]+", _sections(_CONNECTION)),
        (r"/etc/NetworkManager/(?:NetworkManager\.conf|conf\.d/[^/]+\.conf)", _sections(_CONNECTION)),
        (r"/etc/wireguard/[^/]+\.conf", _sections(_WIREGUARD)),
        (r"/etc/systemd/system/.+", _sections(_UNIT)),
        (r"/etc/crontab|/etc/cron\.d/[^/]+", _by_line(_cron)),
        (r"/var/spool/cron/crontabs/[^/]+", _by_line(_cron)),
    )
)
