"""Redaction of Cisco configurations: planted secrets never survive, useful lines do, time is linear."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reversibility.platforms.cisco_ios import DRIVER
from tests.unit.platforms.planted import LIMIT, PHRASES, SECRETS, SLOW, seconds

HEAD = "version 17.12\nhostname SW250001\n"
# @ is one secret word, @@ may have blanks; what is before and after stays.
FORMS = """
enable secret 9 @
enable secret level 5 5 @
enable password @@
username adm privilege 15 secret 9 @
username adm password 0 @@
username adm view lecture secret 5 @
username adm algorithm-type scrypt secret @
username adm password 5 @  role network-admin
snmp-server community @ RO
snmp-server community @ RW 10
snmp-server community @ view V RO ipv6 ACL6 10
snmp-server community @ group network-operator
snmp-server community @ use-acl SNMP
snmp-server community 0 @
snmp-server host 198.51.100.9 @
snmp-server host 198.51.100.9 traps @ config
snmp-server host 198.51.100.9 version 2c @
snmp-server host 198.51.100.9 vrf Mgmt-vrf informs version 2c @ udp-port 1162 snmp
snmp-server host 198.51.100.9 traps version 3 priv @
snmp-server user lecteur network-admin auth md5 @ priv @ localizedkey
snmp-server user lecteur auth sha @ priv aes-128 @ localizedkey engineID 128:0:0:9:3:82:208
snmp-server user lecteur GROUPE v3 auth sha @ priv aes 128 @ access 10
snmp-server user lecteur GROUPE remote 198.51.100.9 v3 encrypted auth sha @
ntp authentication-key 1 md5 @ 7
standby 1 authentication @
standby 1 authentication text @
standby 1 authentication md5 key-string 7 @
vrrp 1 authentication text @
glbp 1 authentication md5 key-string @
ip ospf authentication-key 7 @
ip ospf message-digest-key 1 md5 7 @
area 0 virtual-link 198.51.100.1 message-digest-key 1 md5 @
isis password @
area-password @
domain-password @
radius-server key 7 @
radius-server host 198.51.100.9 auth-port 1812 acct-port 1813 key 7 @
tacacs-server key @@
tacacs-server host 198.51.100.9 key @@
crypto isakmp key @ address 198.51.100.1
crypto isakmp key 6 @ address 198.51.100.1 255.255.255.255 no-xauth
crypto isakmp key @ hostname siege.example
vtp password @
vtp password @ hidden
ip ftp password 7 @
ip http client password 7 @
ip ftp username sauvegarde password @
ip nhrp authentication @
mpls ldp neighbor 198.51.100.1 password 7 @
l2tp tunnel password 7 @
aaa group server radius GRP| server-private 198.51.100.9 auth-port 1812 key 7 @
aaa server radius dynamic-author| client 198.51.100.9 server-key 7 @
radius server NPS| key 7 @
radius server NPS| key 1234567890Zq7K9x@
tacacs server TAC| key 6 @
radius server NPS| pac key 7 @
key chain ROUTAGE| key 1|  key-string 7 @
line vty 0 4| password 7 @
line con 0| password @@
router bgp 64500| neighbor 198.51.100.1 password 7 @
router ospf 1| area 1 virtual-link 198.51.100.1 authentication message-digest message-digest-key 1 md5 7 @
interface Dialer1| ppp chap password 7 @
interface Dialer1| ppp pap sent-username ecole password 7 @
interface Dot11Radio0| wpa-psk ascii 7 @
interface Tunnel0| tunnel key @
dot11 ssid Ecole| wpa-psk hex 0 @
crypto ikev2 keyring SIEGE| peer A|  pre-shared-key local 6 @
crypto ikev2 keyring SIEGE| peer A|  pre-shared-key @@
crypto keyring SIEGE| pre-shared-key address 198.51.100.1 key 6 @
crypto isakmp client configuration group NOMADES| key @
wlan Ecole 1 Ecole| security wpa psk set-key ascii 0 @
ip ddns update method DYN| HTTP|  add http://ecole:@@dyn.example/nic/update?hostname=<h>&myip=<a>
archive| path ftp://sauvegarde:@@198.51.100.9/sw
boot network ftp://sauvegarde:@@198.51.100.9/boot
event manager applet A| action 1.0 cli command "username x password @"
unknowncommand @
unknowncommand with password @
 unknown-mode @ 7
username adm privilege 15 secret sha512 $6$salt$@
dot1x credentials UPLINK| password 7 @
voice register pool 1| username 101 password @
ldap server AD| bind authenticate root-dn cn=lecture password 7 @
key config-key password-encrypt @
ip sla 1| http get http://u:@@198.51.100.9/
cts credentials id SW1 password 7 @
""".strip().splitlines()

USEFUL = """\
version 17.12
hostname SW250001
service password-encryption
aaa new-model
aaa authentication login default group radius local
aaa authentication dot1x default group radius
vlan 10
 name administration
vlan 20
 name Clé-en-main
interface GigabitEthernet1/0/1
 description Salle 3 - borne Wi-Fi (keypad)
 switchport trunk allowed vlan 10,20,42-46
 switchport trunk allowed vlan add 924
 switchport mode trunk
 authentication port-control auto
 authentication event fail action authorize vlan 50
 dot1x pae authenticator
 ip ospf authentication message-digest
 spanning-tree bpduguard enable
interface Vlan10
 ip address 198.51.100.2 255.255.255.224
router bgp 64500
 neighbor 198.51.100.1 remote-as 64501
 neighbor 198.51.100.1 send-community both
key chain ROUTAGE
 key 1
ip community-list standard ECOLES permit 64500:1
ip access-list extended VERS-SERVEURS
 remark accès aux fichiers
 permit tcp 198.51.100.96 0.0.0.31 host 198.51.100.9 eq 445
 deny ip any any log
ip route 0.0.0.0 0.0.0.0 198.51.100.1
snmp-server location Trois Platanes, baie 1
snmp-server engineID local 800000090300AABBCCDDEEFF
snmp-server group LECTURE v3 priv
ntp server 198.51.100.9 key 1 prefer
logging host 198.51.100.9 transport udp port 7004
crypto pki trustpoint TP-self-signed-838306438
 rsakeypair TP-self-signed-838306438
crypto isakmp policy 10
 authentication pre-share
 hash sha256
banner login ^C
Accès réservé
^C
ip ssh server algorithm mac hmac-sha2-256 hmac-sha2-512
line vty 0 4
 transport input ssh
end
"""


@pytest.mark.parametrize("form", FORMS)
@given(secret=SECRETS, phrase=PHRASES)
@settings(max_examples=6, deadline=None)
def test_no_planted_secret_survives(form: str, secret: str, phrase: str) -> None:
    if "://" in form:
        text = HEAD + form.replace("@@", secret + "@").replace("|", "\n") + "\nend\n"
    else:
        text = HEAD + form.replace("@@", phrase).replace("@", secret).replace("|", "\n") + "\nend\n"
    shown = DRIVER.redact("/running-config", text)
    assert shown is not None
    for word in (secret, *phrase.split()):
        assert word not in shown, shown
    assert "<secret>" in shown


def test_what_is_no_secret_stays() -> None:
    assert DRIVER.redact("/running-config", USEFUL) == USEFUL


def test_tails_and_types_stay() -> None:
    lines = (
        "snmp-server community abcZ RO 10",
        "username adm privilege 15 secret 9 $9$abcZ",
        "crypto isakmp key 6 abcZ address 198.51.100.1",
    )
    shown = (DRIVER.redact("/running-config", "\n".join([HEAD, *lines])) or "").splitlines()
    assert [line.replace("$9$", "").replace("abcZ", "<secret>") for line in lines] == shown[-3:]


def test_times_of_the_reading_and_the_session_are_left_out() -> None:
    noise = (
        "SW250001#show running-config\nBuilding configuration...\n\nCurrent configuration : 14725 bytes\n!\n"
        "! Last configuration change at 23:32:29 UTC Sun Apr 12 2026 by netadmin\n"
        "! NVRAM config last updated at 1\n!\n"
    )
    first = DRIVER.redact("/running-config", noise + USEFUL + "SW250001#\n")
    later = DRIVER.redact(
        "/running-config", noise.replace("23:32:29", "07:00:00").replace("14725", "14726") + USEFUL
    )
    assert first == later


FORTIGATE = (
    "config system global\n    set hostname FG\nend\nconfig user local\nedit x\nset passwd ENC abc\n"
    "next\nend\n"
)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/nvram/private-config", USEFUL),
        ("/running-config", "% Invalid input detected at '^' marker.\n"),
        ("/running-config", "root:x:0:0:root:/root:/bin/bash\n" * 5),
        ("/running-config", USEFUL.replace("name", "na\x00me")),
        ("/running-config", FORTIGATE),
        ("/running-config", ""),
    ],
)
def test_what_the_grammar_does_not_know_has_no_readable_copy(path: str, text: str) -> None:
    assert DRIVER.redact(path, text) is None


@given(SECRETS, st.sampled_from(["\x1b[K", "\x1b[2J", "\x1b[24;1H"]))
@settings(max_examples=30, deadline=None)
def test_a_terminal_s_escapes_and_pagers_hide_nothing(secret: str, escape: str) -> None:
    pager = " --More-- " + "\x08" * 6 + " " * 8 + "\x08" * 2
    text = f"{HEAD}enable se{escape}cret 5 {secret}\n{pager}snmp-server community {secret} RO\nend\n"
    shown = DRIVER.redact("/running-config", text)
    assert shown is None or secret not in shown


@given(SECRETS)
@settings(max_examples=30, deadline=None)
def test_a_key_on_lines_of_its_own_is_masked(secret: str) -> None:
    block = (
        "crypto key import rsa K pem terminal\n-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n"
        f"{secret}\n-----END RSA PRIVATE KEY-----\n"
        f"crypto key pubkey-chain rsa\n addressed-key 198.51.100.1\n  key-string\n   {secret}\n  quit\n"
        f"banner motd ^C\nmot de passe : {secret}\npassword {secret}\n^C\n"
        f"interface GigabitEthernet1/0/1\n description mdp={secret}\n"
    )
    shown = DRIVER.redact("/running-config", HEAD + block + "end\n")
    assert shown is not None
    assert secret not in shown


@pytest.mark.parametrize("case", SLOW)
def test_a_mebibyte_takes_linear_time(case: str) -> None:
    assert seconds(lambda text: DRIVER.redact("/running-config", text), HEAD + SLOW[case]) < LIMIT
