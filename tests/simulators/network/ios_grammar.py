"""Configuration grammar of a simulated Catalyst with IOS-XE, in the order in which it shows its lines."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tests.simulators.network import ios_lines as do
from tests.simulators.network import ios_secrets
from tests.simulators.network.grammar import Command as C
from tests.simulators.network.grammar import Mode, one

NAMES = (
    "FastEthernet",
    "GigabitEthernet",
    "TwoGigabitEthernet",
    "TenGigabitEthernet",
    "Port-channel",
    "Vlan",
    "Loopback",
)
SHORT = {"FastEthernet": "Fa", "GigabitEthernet": "Gi", "TwoGigabitEthernet": "Tw", "TenGigabitEthernet": "Te",
         "Port-channel": "Po", "Vlan": "Vl", "Loopback": "Lo"}  # fmt: skip


def interface(words: Sequence[str], at: int, line: str) -> tuple[int, str] | None:
    """Interface name, long or short, with or without a blank before its number."""
    text, after = words[at], at + 1
    if text.replace("-", "").isalpha() and after < len(words):
        text, after = text + words[after], after + 1
    found = re.fullmatch(r"([A-Za-z-]+)([\d/]+)", text)
    names = [name for name in NAMES if found and name.lower().startswith(found[1].lower())]
    return (after, f"{names[0]}{found[2]}") if found and len(names) == 1 else None


def short(name: str) -> str:
    """``Gi1/0/1`` of ``GigabitEthernet1/0/1``."""
    for long, cut in SHORT.items():
        if name.startswith(long):
            return cut + name[len(long) :]
    return name


TYPES = {
    "interface": interface,
    "flash": one(lambda word: word if word.startswith("flash:") else None),
    "community": one(lambda word: word),
}
PRIV = "priv ( aes ( 128 | 192 | 256 ) | des )"
VALUE = "[ <0-9> ] <line>"

SWITCHPORT = [
    C("switchport access vlan = <1-4094>", do.access_vlan, default=("switchport access vlan 1",)),
    C("switchport trunk native vlan = <1-4094>", default=("switchport trunk native vlan 1",)),
    C(
        "switchport trunk allowed vlan = ( all | none | add <list> | remove <list> | except <list> | <list> )",
        do.allowed,
    ),
    C(
        "switchport mode = ( access | trunk | dynamic ( auto | desirable ) )",
        default=("switchport mode dynamic auto",),
    ),
    C("switchport nonegotiate"),
    C("switchport voice vlan = ( <1-4094> | none | untagged )", default=("switchport voice vlan none",)),
    C("switchport", on=True),
]

INTERFACE = [
    C("description = <line>"),
    *SWITCHPORT,
    C("ip address = <ip> <ip>", do.address),
    C("ip access-group <word> = ( in | out )"),
    C("shutdown"),
    C("power inline = ( auto | never | static )", default=("power inline auto",)),
    C("authentication control-direction = ( both | in )"),
    C("authentication event fail [ retry <0-5> ] = action ( authorize vlan <1-4094> | next-method )"),
    C("authentication event server dead = action authorize [ vlan <1-4094> ]"),
    C("authentication event server alive = action reinitialize"),
    C("authentication event no-response = action authorize vlan <1-4094>"),
    C("authentication host-mode = ( single-host | multi-host | multi-domain | multi-auth )",
      default=("authentication host-mode single-host",)),
    C("authentication order = <line>"),
    C("authentication priority = <line>"),
    C("authentication port-control = ( auto | force-authorized | force-unauthorized )",
      default=("authentication port-control force-authorized",)),
    C("authentication periodic"),
    C("authentication timer reauthenticate = ( server | <1-65535> )"),
    C("authentication violation = ( restrict | shutdown | protect | replace )"),
    C("mab [ eap ]"),
    C("dot1x pae = ( authenticator | supplicant | both )"),
    C("dot1x timeout tx-period = <1-65535>"),
    C("dot1x timeout quiet-period = <1-65535>"),
    C("dot1x max-reauth-req = <1-10>"),
    C("spanning-tree portfast = [ ( edge | disable | network | trunk ) ]"),
    C("spanning-tree bpduguard = ( enable | disable )"),
    C("spanning-tree guard = ( root | loop | none )"),
    C("channel-group = <1-48> mode ( active | passive | on | auto | desirable )", do.channel_group),
    C("ip dhcp snooping trust"),
    C("ip dhcp snooping limit rate = <1-2048>"),
    C("lldp transmit", on=True),
    C("lldp receive", on=True),
]  # fmt: skip

LINE = [
    C("access-class <word> = ( in | out ) [ vrf-also ]"),
    C("exec-timeout = <0-35791> [ <0-2147483> ]"),
    C(f"password = {VALUE}", ios_secrets.password),
    C("privilege level = <0-15>"),
    C("logging synchronous"),
    C("login = [ ( local | authentication <word> ) ]"),
    C("length = <0-512>"),
    C("stopbits = <1-2>"),
    C("transport input = ( ssh | telnet | all | none | telnet ssh )"),
    C("transport output = ( ssh | telnet | all | none )"),
]

RADIUS = [
    C("address ipv4 <host> = [ auth-port <0-65535> ] [ acct-port <0-65535> ]"),
    C("timeout = <1-1000>"),
    C("retransmit = <0-100>"),
    C(f"key = {VALUE}", ios_secrets.password),
]

CONFIG = [
    C("service timestamps debug = <line>"),
    C("service timestamps log = <line>"),
    C("service password-encryption"),
    C("service unsupported-transceiver"),
    C("service pad"),
    C("hostname = <word>", do.hostname),
    C("enable secret = [ level <1-15> ] [ <0-9> ] <line>", ios_secrets.secret),
    C("enable password = [ level <1-15> ] [ <0-9> ] <line>", ios_secrets.secret),
    C("aaa new-model"),
    C("aaa authentication login <word> = <line>"),
    C("aaa authentication enable default = <line>"),
    C("aaa authentication dot1x default = <line>"),
    C("aaa authorization exec <word> = <line>"),
    C("aaa authorization network <word> = <line>"),
    C("aaa accounting dot1x default = start-stop group <word>"),
    C("aaa group server radius <word>", opens="config-sg-radius"),
    C("ip routing"),
    C("ip domain lookup", on=True),
    C("ip domain name = <word>"),
    C("ip name-server <ip>"),
    C("login on-success log"),
    C("login on-failure log"),
    C("login block-for = <1-65535> attempts <1-65535> within <1-65535>"),
    C("ip dhcp snooping vlan <list>", do.listed),
    C("ip dhcp snooping information option", on=True),
    C("ip dhcp snooping"),
    C("ip arp inspection vlan <list>", do.listed),
    C("vtp domain = <word>", do.vtp_domain),
    C("vtp mode = ( server | client | transparent | off )", do.vtp_mode),
    C("vtp version = <1-3>"),
    C("vtp password = <word> [ ( hidden | secret ) ]", do.vtp_password),
    C("spanning-tree mode = ( pvst | rapid-pvst | mst )"),
    C("spanning-tree portfast [ edge ] bpduguard default"),
    C("spanning-tree extend system-id"),
    C("spanning-tree vlan <list> = priority <0-61440>"),
    C("errdisable recovery cause <word>"),
    C("errdisable recovery interval = <30-86400>"),
    C("dot1x system-auth-control"),
    C("archive", opens="config-archive"),
    C(f"username <word> = [ privilege <0-15> ] [ algorithm-type ( scrypt | sha256 ) ] ( secret | password ) {VALUE}",
      ios_secrets.username),
    C("vlan <list>", do.vlan, opens="config-vlan"),
    C("lldp run"),
    C("cdp run", on=True),
    C("interface range <line>", do.interface_range),
    C("interface <interface>", do.interface),
    C("ip default-gateway = <ip>"),
    C("ip forward-protocol nd"),
    C("ip http server", on=True),
    C("ip http secure-server", on=True),
    C("ip http authentication = local"),
    C("ip ssh version = <1-2>"),
    C("ip ssh time-out = <1-120>"),
    C("ip ssh authentication-retries = <0-5>"),
    C("ip scp server enable"),
    C("ip route <ip> <ip> <ip> = [ <1-255> ] [ name <word> ]"),
    C("ip access-list standard <word>", opens="config-std-nacl"),
    C("ip access-list extended <word>", opens="config-ext-nacl"),
    C("logging buffered = <line>"),
    C("logging trap = ( <0-7> | debugging | informational | notifications | warnings | errors )"),
    C("logging source-interface = <interface>"),
    C("logging host <host> = [ vrf <word> ] [ transport ( ( udp | tcp ) port <1-65535> | tls profile <word> ) ]"),
    C("logging tls-profile <word>"),
    C("access-list <1-199> <line>"),
    C("snmp-server engineID local = <hex>"),
    C("snmp-server group <word> v3 ( auth | noauth | priv ) = [ read <word> ] [ write <word> ] [ access <word> ]"),
    C("snmp-server view <word> <word> = ( included | excluded )"),
    C("snmp-server community <community> = [ ( ro | rw | RO | RW ) ] [ <word> ]", ios_secrets.community),
    C("snmp-server location = <line>"),
    C("snmp-server contact = <line>"),
    C("snmp-server enable traps = [ <line> ]"),
    C("snmp-server host <host> = [ version ( 1 | 2c | 3 ( auth | noauth | priv ) ) ] <word>"),
    C(f"snmp-server user <word> <word> v3 = [ auth ( md5 | sha ) <word> [ {PRIV} <word> ] ]", ios_secrets.snmp_user),
    C(f"snmp-server user <word> <word> v3 = encrypted auth ( md5 | sha ) <hex> [ {PRIV} <hex> ]",
      ios_secrets.snmp_user),
    C("radius server <word>", opens="config-radius-server"),
    C("radius-server host <host> = key [ <0-7> ] <line>", ios_secrets.radius_host),
    C("radius-server dead-criteria = <line>"),
    C("radius-server deadtime = <1-1440>"),
    C("radius-server vsa send authentication"),
    C("banner ( exec | incoming | login | motd ) = <line>", do.banner),
    C("line con <0-0>", do.line),
    C("line vty <0-31> <0-31>", do.line),
    C("monitor session <1-66> source ( interface <interface> | vlan <list> ) = [ ( both | rx | tx ) ]", do.monitor),
    C("monitor session <1-66> destination interface <interface>"),
    C("monitor session <1-66>", do.monitor_gone),
    C("ntp authentication-key <1-65535> = md5 <word> [ <0-7> ]", ios_secrets.ntp_key),
    C("ntp authenticate"),
    C("ntp trusted-key <1-65535>"),
    C("ntp source = <interface>"),
    C("ntp server <host> = [ key <1-65535> ] [ prefer ]"),
    C("crypto key generate rsa = [ <line> ]", do.nothing),
]  # fmt: skip

ENDS = [C("end", do.end), C("exit", do.exit_mode), C("do <line>", do.exec_line)]
NUMBERED = [
    C("[ <1-2147483647> ] ( permit | deny ) <line>", do.rule),
    C("remark <line>"),
    C("<1-2147483647>", do.rule_gone),
]
BODIES = {
    "config": ("config", CONFIG),
    "config-if": ("config-if", INTERFACE),
    "config-if-range": ("config-if-range", INTERFACE),
    "config-vlan": ("config-vlan", [C("name = <line>", do.vlan_name), C("state = ( active | suspend )",
                                                                        default=("state active",)), C("remote-span")]),
    "config-line": ("config-line", LINE),
    "config-archive": ("config-archive", [C("path = <line>"), C("maximum = <1-14>"), C("write-memory")]),
    "config-radius-server": ("config-radius-server", RADIUS),
    "config-sg-radius": ("config-sg-radius", [C("server name <word>")]),
    "config-std-nacl": ("config-std-nacl", NUMBERED),
    "config-ext-nacl": ("config-ext-nacl", NUMBERED),
}  # fmt: skip
MODES = {name: Mode(name, prompt, [*body, *ENDS], TYPES) for name, (prompt, body) in BODIES.items()}
