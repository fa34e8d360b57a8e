"""Grammar of Cisco's secret-bearing lines: IOS, IOS-XE, NX-OS and ASA. The language of rules is in redaction.py."""

from __future__ import annotations

from reversibility.platforms.redaction import Grammar

RULES = """
# free text that people write
description ~
name ~
remark ~
comment ~
access-list W remark ~
snmp-server (location|contact|chassis-id) ~
alias W W ~
title ~
# SNMP: a community is one word; in third place of a host when no version is written
snmp-server community T @ (ro|rw|view|group|use-acl|use-ipv4acl|use-ipv6acl) [...]
snmp-server community @ [view W] (ro|rw) [ipv6 W] [W]
snmp-server community @ view W
snmp-server community @ (group|use-acl|use-ipv4acl|use-ipv6acl) W [...]
snmp-server community @@
snmp-server host W [W] [vrf W] [(traps|trap|informs|poll)] [version (1|2c)] community @ [version (1|2c)] [udp-port N]
snmp-server host W [vrf W] [(traps|informs)] version (1|2c) @ [udp-port N] [...]
snmp-server host W [vrf W] [(traps|informs)] version 3 (auth|noauth|priv) @ [udp-port N] [...]
snmp-server host W [vrf W] (use-vrf|source-interface|filter-vrf) W [W]
snmp-server host W @@
snmp-server user W W [remote W [vrf W]] [udp-port N] v3 [encrypted] auth (md5|sha|sha-256|sha-2) @ [priv \
(des|3des|aes) [N] @] [access W]
snmp-server user W [W] auth (md5|sha|sha-256) @ [priv [(aes-128|aes-256|des)] @] \
[(localizedkey|localizedv2key)] [engineid W]
snmp-server user W [W] [(v1|v2c)]
snmp-server user W @@
snmp-server group W (v1|v2c|v3) [(auth|noauth|priv)] [...]
snmp-server engineid (local|remote) H
snmp-server engineid remote W [udp-port N] [vrf W] H
snmp-server \
(enable|view|trap-source|source-interface|ifindex|manager|queue-length|packetsize|trap|system-shutdown) ...
logging level W N
snmp-server (globalenforcepriv|drop|aaa|counter|mib|protocol|tcp-session|cache|inform|file-transfer) ...
# accounts
username W password T @ [role W]
username W password @ role W
username W passphrase lifetime N warntime N gracetime N
username W role W
username W keypair ...
# AAA, RADIUS, TACACS+: names of methods and of groups are no secrets
aaa (authentication|authorization|accounting|new-model|group|session-id|common-criteria|local|attribute) ...
aaa-server W protocol W
login authentication W
ip http authentication ...
authentication \
(order|priority|port-control|host-mode|periodic|timer|violation|control-direction|open|display|event) ...
authentication (linksec|command|fallback|mac-move|critical|logging|pre-share|rsa-sig|rsa-encr|open-1x|convert-to) ...
authentication (remote|local) (pre-share|rsa-sig|ecdsa-sig|eap) [...]
access-session ...
dot1x \
(pae|timeout|system-auth-control|max-req|max-reauth-req|supplicant|authenticator|logging|critical|guest-vlan) ...
dot1x credentials W
ppp authentication ...
service password-encryption
service password-recovery
no password strength-check
password strength-check
security passwords min-length N
security authentication failure rate N [log]
password encryption aes
feature password encryption aes
password-policy ...
passwd-policy ...
enable password-policy
# routing protocols, first-hop redundancy, time
ntp authentication-key N (md5|sha1|sha2|hmac-sha1|hmac-sha2-256|cmac-aes-128) @ [T]
ntp \
(server|peer|source|source-interface|access-group|update-calendar|master|logging|authenticate|trusted-key|allow) ...
standby [N] authentication md5 key-chain W
standby [N] authentication md5 key-string [T] @ [timeout N]
vrrp [N] authentication md5 key-chain W
vrrp [N] authentication md5 key-string [T] @ [timeout N]
glbp [N] authentication md5 key-chain W
ip ospf message-digest-key N md5 [T] @@
ip ospf authentication [(message-digest|null)]
ip ospf authentication key-chain W
ip (rip|ospf|eigrp) authentication (mode|key-chain) ...
ip authentication (mode|key-chain) ...
isis authentication (mode|key-chain|send-only) ...
area W authentication [message-digest]
area W virtual-link W message-digest-key N md5 [T] @@
neighbor W (send-community|send-extended-community|soft-reconfiguration|remote-as) [...]
ip community-list ...
ip extcommunity-list ...
ip bgp-community new-format
ip bgp new-format
set (community|extcommunity|comm-list) ...
match (community|extcommunity) ...
key chain W [(tcp|macsec)]
{key chain} key W
key config-key W @@
key-chain W
# VPN and keys
crypto isakmp key [T] @ (address|hostname) W [W] [no-xauth]
pre-shared-key (address|hostname) W [W] key [T] @@
crypto isakmp (policy|keepalive|profile|nat|invalid-spi-recovery|aggressive-mode|identity|enable) ...
crypto (map|dynamic-map|ipsec|pki|ikev1|ca|engine) ...
crypto ikev2 (proposal|policy|keyring|profile|dpd|enable|remote-access|limit|fragmentation|nat) ...
crypto key (generate|zeroize) ...
hash (md5|sha|sha1|sha256|sha384|sha512)
prf W [...]
integrity W [...]
encryption W [...]
rsakeypair W [N] [N]
keypair W
keyring (local|aaa) W
keyring W [...]
mka (policy|default-policy) [...]
key-server priority N
ssh key-exchange ...
ssh (version|timeout|scopy|stricthostkeycheck|cipher|pubkey-chain) ...
ip ssh \
(server|client|version|time-out|authentication-retries|source-interface|bulk-mode|rsa|dh|dscp|logging|maxstartups) ...
ssl (cipher|encryption|dh-group|server-version|client-version|trust-point) ...
# access lists hold names, addresses and ports
permit ...
deny ...
access-list ...
ip access-list ...
ipv6 access-list ...
object-group ...
object ...
switchport port-security ...
spanning-tree ...
"""

WORDS = """
srr-queue icmp-echo icmp-jitter udp-echo udp-jitter tcp-connect path-echo frequency queue-set
queue-bandwidth exceed-action conform-action violate-action sticky ip-sla life schedule tos
request-data-size verify-data owner delay-restoration poe inline device-role sisf binding guard-mode limit
statistics-poll fips file-system smart transport-map install sdm-template call destination-profile subscribe
ignore wireless-broadcast profile-name radio beacon rrm sso stack-mac stack-power hqm memory-usage aaa
aaa-server absolute-timeout access access-class access-group access-list access-session account accounting
action action-type active activate address address-family admin-context advertise advertise-map
aggregate-address alias allowas-in ap app application archive area arp asdm asp async-bootp attribute
authentication authorization auto auto-cost auto-enroll auto-summary autoconf autoselect automate-tester
autostate bandwidth banner bfd bgp bind block boot boot-end-marker boot-start-marker bootp bridge
bridge-domain buffers cable call-home capability card carrier-delay cdp cfs channel-group channel-protocol
class class-map clear client clock cns collect command comment commands community config-register confreg
contact contact-email-addr context control-plane controller copp copy cos crl crypto ctl-provider cts
database ddns deadtime default default-gateway default-group-policy default-information default-metric
default-router delay deny description destination device-tracking dhcp diagnostic diagnostics dialer
dialer-list dialer-group dial-peer discovery disconnect distance distribute distribute-list dns dns-group
dns-server dnsix-dmdp domain domain-id domain-list domain-lookup domain-name domain-password dot1q dot1x
dscp duplex dynamic-access-policy-record eap ebgp-multihop ecmp eigrp embryonic-timeout enable encapsulation
encryption end end-policy-map enrollment errdisable es ethernet event exception exec exec-timeout executable
exit exit-address-family exit-peer-policy exit-peer-session exit-vrf export extended-range fabric facility
failover fair-queue fallback feature feature-set fhrp file filter firewall flow flow-control flowcontrol
fqdn flow-sampler flow-export frame-relay ftp gateway glbp global global-correlation graceful-restart group
group-alias group-lock group-object group-policy group-range group-url gw-type-prefix h323 hardware hash
hello-interval help history hold-queue host hostname hsrp http http-client http-server https hw-module icmp
icmp-object id idprom igmp import inspect inspection instance integrity interface international inventory ip
ip-address ipc iphelper ipsec ipv4 ipv6 isakmp isdn isis ivr keepalive key key-chain key-server key-string
keyring keypair l2 l2protocol-tunnel l2tp l2vpn label lacp last lease length license license-level lifetime
limit-resource line link link-state link-test linksec lldp load load-balance load-balancing load-interval
local local-address local-as location location-prefix logging login logout loopback lre mab mac mac-address
mac-address-table mac-list macro macsec maintenance management management-access management-interface
management-only map map-class mask master match max-metric maxconn maximum-paths maximum-prefix mdix
media-type member memory memory-size metric microcode migration mka mls mobility mode module monitor
monitoring motd mpls mroute msdp mta mop mtu multicast multilink nameif name names nat nbar nbns-server
neighbor net netbios-name-server netconf netconf-yang network network-clock network-object netmask
next-server next-hop-self nmsp no node nopassword nonegotiate ntp nv nve nxapi object object-group
offset-list option options origin-id ospf ospfv3 output overlay override packet pager parameter-map
parameters parent parity parser pass passive-interface passwd password path peer peer-gateway peer-group
peer-keepalive peer-link peer-switch per-port percent permit phone-proxy pim ping platform police policy
policy-list policy-map pool port port-channel port-forward port-object port-profile port-security port-type
power ppp pppoe pre-shared-key pre-shared-keys precedence preempt prefix prefix-list prf primary priority
priority-queue private-vlan privilege process prompt protocol protocol-object proxy-arp ptp pseudowire-class
qos queue queue-limit quit radius radius-common-pw radius-server random-detect range rate-limit rd
reachability reboot receive recovery redirect redundancy redistribute regex reload remark remote
remote-access remote-as replace reserved resource resource-pool restconf retransmit retry revocation-check
rmon role role-priority route route-cache route-map route-reflector-client route-target router router-id
routing rsakeypair rtr rule rsvp sa sampler same-security-traffic sap scheduler scp-server scripting sdm
sdlc security security-level send-community sequence serial-number server server-private service
service-module service-object service-policy service-type session session-timeout set setup sflow shape show
shutdown sip-ua sla slot smtp-server snmp snmp-server snmp-trap software sort-by source source-interface
spanning-tree speed split-tunnel-all-dns split-tunnel-network-list split-tunnel-policy src ssh ssl standard
standby state statistics stackwise-virtual stacking static-route station-role stopbits storage storm-control
strict sub-interface subject-name subnet subscribe-to-alert-group subscriber summary-address svclc switch
switchport synchronization syslog sysopt system table-map tacacs tacacs-server tag tcp template telnet
terminal tftp-server threat-detection threshold timeout timeouts timer timers title tls-proxy track traffic
traffic-export traffic-zone transceiver transfer-size transform-set translate transport trigger trunk trust
tunnel tunnel-group type udld unicast-reverse-path uplink upgrade usb user user-identity user-privilege
user-statistics username validate validation-usage value vdc verify version view violation virtual
virtual-address virtual-ip virtual-link virtual-router-id virtual-service vlan vlan-id vlan-group vmps
vn-segment voice vpc vpdn vpdn-group vpn vpn-filter vpn-group-policy vpn-idle-timeout vpn-session-timeout
vpn-simultaneous-logins vpn-tunnel-protocol vrf vrrp vtp vty vxlan wccp web-auth-keepalive web-auth webvpn
anyconnect webserver-port width wins-server wireless wism wlan wlccp wpa-psk write wrr-queue xconnect xlate
zone zone-member zone-pair zone-security access-switch authenticate-only autonomous-system cluster-id
confederation fall-over inherit log-neighbor-changes log log-adjacency-changes nsf nsr stub
soft-reconfiguration update-source send-lifetime accept-lifetime cryptographic-algorithm send-id recv-id
address-pool address-pools dhcpd dhcprelay fixup fragment ftp-map mgcp-map url-list csd cache proxy-bypass
svc certificate crypto-map clear-config console coredump credentials checksum client-identifier
hardware-address bootfile default-domain default-value dpd dynamic-map encr esp-hash esp-encryption
split-dns user-authentication vpn-addr-assign ip-comp re-xauth nem leap-bypass pfs ikev1 ikev2 inside
outside dmz any any4 any6 eq gt lt neq established udp esp ah gre on off in out both input ro rw none all
add remove except inside-interface negotiation negotiate cipher ciphers authenticate retries trustpoint
trustpool pki chain self-signed ca url ewlc punt punt-keepalive low-watermark processor io free bootup level
minimal complete device-sensor device-classifier ntp-server dns-lookup lldp-med location-server macro-name
priority-flow-control rapid-pvst mst pvst subscriber-policy nd ra mld rip ripng rpc rtp sccp sctp
session-key signature sig-definition smart-tunnel time-range absolute periodic login-block quiet-mode
transport-method active-profile profile reporting alert-group syslog-throttling data-privacy phone-number
street-address customer-id contract-id site-id sender from reply-to mail-server report
"""

GRAMMAR = Grammar(rules=RULES, words=WORDS)
