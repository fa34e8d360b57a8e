"""Grammar of the secret-bearing lines of ArubaOS-Switch (ProCurve) and AOS-CX; what they share with Cisco is there."""

from __future__ import annotations

from reversibility.platforms.cisco_grammar import RULES as CISCO_RULES
from reversibility.platforms.cisco_grammar import WORDS as CISCO_WORDS
from reversibility.platforms.redaction import Grammar

RULES = """
# ArubaOS-Switch: the hash may stand on the next line
password (manager|operator|all) [user-name W] [(plaintext|sha1|sha256)] @
password (manager|operator|all) [user-name W] [(plaintext|sha1|sha256)]
password (manager|operator|all) user-name W (plaintext|sha1|sha256) @
password (manager|operator|all) user-name W (plaintext|sha1|sha256)
password (minimum-length|complexity|configuration|configuration-control|non-plaintext-sha256) [W] [W] [W]
encrypted-password (manager|operator) [user-name W] @@
aaa authentication local-user W group W password (plaintext|sha1|sha256) @
aaa authentication local-user W [group W] @@
snmp-server community @ (operator|manager|restricted|unrestricted) [(restricted|unrestricted)]
snmp-server host W community @ [trap-level W]
snmpv3 user W auth (md5|sha) auth-pass [(plaintext|ciphertext)] @ [priv (des|aes) priv-pass \
[(plaintext|ciphertext)] @]
snmpv3 user W auth (md5|sha) @ [priv [(des|aes)] @]
snmpv3 user W
snmpv3 user W @@
snmpv3 community index W name @ sec-name W [tag W]
snmpv3 community @@
snmpv3 (enable|only|restricted-access|group|notify|targetaddress|params|view|security-level) ...
snmpv3 engineid W
snmpv3 context W [...]
key-chain W key N (key-string|encrypted-key) @
key-chain W [key N]
aaa port-access (authenticator|mac-based|web-based|gvrp-vlans|local-mac) ...
aaa server-group ...
interface W
ip ssh (cipher|mac|filetransfer|timeout|listen|kex) ...
# AOS-CX
user W group W password (ciphertext|plaintext|sha1) @
user W group W
user W group W @@
port-access (role|policy|gbp|clientip-tracker|client-move|reauth-period) ...
aaa authentication (port-access|login|allow-fail-through|limit-login-attempts|minimum-password-length|console) [...]
neighbor W password (ciphertext|plaintext) @
https-server ...
ssh (server|password-authentication|public-key-authentication|maximum-auth-attempts|ciphers|macs) [...]
"""

WORDS = """
access-point-ip activate active-gateway address-family admin-edge-port aaa allow-unsupported-transceiver
apply arp arp-protect aruba-central auth-mode auth-order auth-precedence authentication authenticator
auto-recovery autorun banner bfd bgp bootp-server bpdu-guard bpdu-protection broadcast-limit captive-portal
cdp cfg-restore chassislocate class cli client-limit cached-reauth cached-reauth-period class-of-service
clear client-track clock command comment config-name connection-rate-filter console copy core-dump cos
critical-role crypto database ddns debug default-gateway default-vlan delete denial-of-service deny
description device-fingerprinting device-identity device-profile dhcp dhcp-relay dhcp-server dhcp-snooping
dhcpv4-snooping dhcpv6-snooping disable distributed-trunking dns domain dosprotection dot1x downshift-enable
dyn-authorization egress enable encrypt-credentials encrypted-password energy-efficient-ethernet erps event
evpn exit extra failsafe fans fastboot fault-finder filter flexible-module flow-control flow-mirroring
force-vlan forward-protocol front-panel-security gvrp hostname hpstack http-proxy https-server hw-console
igmp igmp-proxy igp include-credentials in-band-management inactivity-timer instance instrumentation
interface ip ipsla ipv6 ipv4 jumbo keepalive key-chain lacp lag link-keepalive linkup-delay-timer lldp
logging log-rotate log-server loop-protect loopback loop-protection mac mac-age-time mac-auth mac-based
mac-delimiter mac-notify macsec max-vlans mdix-mode member meter mgmt mirror mirror-port mld module monitor
mtm mtu multi-chassis mvrp name neighbor no ntp oobm openflow ospf password password-complexity pim pinning
poe poe-lldp-detect policy policy-based-routing port-access port-security power power-over-ethernet
primary-vlan priority private-vlan profile protected-ports protocol proxy-server qinq qos queue
queue-profile radius radius-server rate-limit redundancy reject-role reload reauth reauth-period role
role-attribute rmon route-map router router-id routing rspan savepower schedule-profile secure-mode server
service session session-timeout sflow show shutdown signaling smart-rate sntp snmp snmp-server snmpv3 source
spanning-tree speed speed-duplex split ssh stack stacking static-mac storm-control supervisor svi switch
switch-interconnect sys-debug system system-mac tacacs tacacs-server tagged telnet-server tftp timeout time
timesync tr-69 track trunk trunk-load-balance tunneled-node-server trust type ubt ubt-client-vlan udld
unauth-period unknown-vlans untagged usb usb-port user user-role vlan vlan-group voice virtual-mac vni vrf
vrrp vsf vsx vsx-sync vxlan web-management web-server workload xrrp zeroize aging-time area bpdu-filter
description-string external-port fallback hello-interval inter-switch-link keepalive-peer link-bundle lt
maximum-paths mode nae-scripts nae permit redistribute reject rest role-primary root-guard rpvst tcn-guard
vlan-association vrf-attach access-list object-group allowall any container destination erps-ring gateway
helper-address lease-time pool range split-recovery static-host-mapping autonegotiation
"""

GRAMMAR = Grammar(rules=RULES + CISCO_RULES, words=WORDS + CISCO_WORDS)
