"""Configuration grammar of a simulated ArubaOS-Switch, in the order in which it shows its lines."""

from __future__ import annotations

from collections.abc import Sequence

from tests.simulators.network import aoss_lines as do
from tests.simulators.network.aoss_ports import contract, expand
from tests.simulators.network.grammar import Command as C
from tests.simulators.network.grammar import Mode


def ports(words: Sequence[str], at: int, line: str) -> tuple[int, str] | None:
    """List of ports; whether they are there is the command's business."""
    found = expand(words[at])
    return None if found is None else (at + 1, contract(found))


def quoted(words: Sequence[str], at: int, line: str) -> tuple[int, str] | None:
    """Text, with quotation marks or without."""
    word = words[at]
    if word.startswith('"'):
        return (at + 1, word) if len(word) > 1 and word.endswith('"') else None
    return at + 1, f'"{word}"'


TYPES = {"ports": ports, "quoted": quoted}
VLAN = [
    C("name = <quoted>", do.vlan_name),
    C("untagged <ports>", do.member),
    C("tagged <ports>", do.member),
    C("ip address <ip> <ip>", do.address),
    C("ip address dhcp-bootp", do.address),
    C("voice"),
]
INTERFACE = [
    C("name = <quoted>"),
    C("disable"),
    C("enable", do.enable),
    C("monitor all both mirror <1-4>"),
    C("dhcp-snooping trust"),
]
CONFIG = [
    C("hostname = <quoted>", do.hostname),
    C("include-credentials", do.include_credentials),
    C("password ( manager | operator ) = [ user-name <quoted> ] ( plaintext | sha1 ) <quoted>", do.password),
    C("trunk <ports> <word> = ( lacp | trunk )", do.trunk),
    C("trunk <ports>", do.trunk_gone),
    C("timesync = ( ntp | sntp )"),
    C("ntp unicast"),
    C("ntp server <host> = [ iburst ]"),
    C("ntp enable"),
    C("telnet-server", on=True),
    C("web-management plaintext", do.web),
    C("web-management = ssl"),
    C("web-management", do.web),
    C("ip ssh", on=True),
    C("ip authorized-managers <ip> <ip> = [ access manager ]"),
    C("ip default-gateway = <ip>"),
    C("ip routing"),
    C("ip route <ip> <ip> <ip>"),
    C("interface <ports>", do.interface),
    C("interface <ports> disable", do.interface_line),
    C("interface <ports> enable", do.interface_line),
    C("snmp-server community <quoted> = [ ( Unrestricted | Operator | Manager ) ]"),
    C("snmp-server host <ip> community <quoted>"),
    C("snmp-server contact = <quoted>"),
    C("snmp-server location = <quoted>"),
    C("snmpv3 enable"),
    C("snmpv3 only"),
    C("snmpv3 engineid = <quoted>"),
    C("snmpv3 group <word> user <quoted> = sec-model ver3"),
    C("snmpv3 user <quoted> = [ auth ( md5 | sha ) <quoted> [ priv ( aes | des ) <quoted> ] ]", do.snmp_user),
    C("logging <ip> = [ ( udp | tcp | tls ) [ <1-65535> ] ]"),
    C("crypto pki ta-profile <quoted>"),
    C("radius-server host <ip> = [ key <quoted> ]"),
    C("aaa authentication port-access eap-radius"),
    C("aaa port-access authenticator <ports>", do.each),
    C("aaa port-access authenticator <ports> client-limit = <1-32>", do.each),
    C("aaa port-access authenticator <ports> unauth-vid = <1-4094>", do.each),
    C("aaa port-access authenticator <ports> auth-vid = <1-4094>", do.each),
    C("aaa port-access authenticator active"),
    C("aaa port-access mac-based <ports>", do.each),
    C("spanning-tree"),
    C("spanning-tree <ports> ( admin-edge-port | bpdu-protection | root-guard )", do.each),
    C("loop-protect <ports>", do.each),
    C("dhcp-snooping"),
    C("dhcp-snooping vlan <list>", do.listed),
    C("dhcp-snooping trust <ports>", do.each),
    C("protected-ports <ports>", do.each),
    C("mirror <1-4> = port <ports>", do.mirror),
    C("banner motd = <quoted>"),
    C("vlan <1-4094>", do.vlan),
]
ENDS = [C("end", do.end), C("exit", do.exit_mode)]
MODES = {
    "config": Mode("config", "config", [*CONFIG, *ENDS], TYPES),
    "config-vlan": Mode("config-vlan", "vlan", [*VLAN, *ENDS], TYPES),
    "config-if": Mode("config-if", "eth", [*INTERFACE, *ENDS], TYPES),
}
