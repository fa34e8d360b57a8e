"""Platforms that are only read: FortiGate, ASA, Junos. Planted secrets never survive, useful lines do."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from reversibility.platforms import cisco_asa, fortigate, junos
from reversibility.platforms.driver import ChangeRefused, UnknownGrammar
from reversibility.platforms.model import Account, Configuration, StaticRoute, Vlan
from reversibility.platforms.reader import Reader
from tests.unit.platforms.planted import LIMIT, SECRETS, SLOW, plant, seconds

FORTIGATE = """\
#config-version=FG100E-7.2.13-FW-build1762:opmode=0:vdom=0:user=admin
config system global
    set hostname "PF240002"
    set admin-telnet disable
    set password-renewal enable
    set timezone "Europe/Paris"
end
config system interface
    edit "eleves"
        set ip 198.51.100.97 255.255.255.224
        set allowaccess ping
        set description "Postes des élèves"
        set interface "port1"
        set vlanid 40
    next
end
config system admin
    edit "admin"
        set accprofile "super_admin"
    next
end
config router static
    edit 1
        set gateway 198.51.100.1
        set device "wan1"
    next
end
config firewall policy
    edit 3
        set name "Élèves vers Internet"
        set srcintf "eleves"
        set dstintf "wan1"
        set action accept
        set passwd-policy ''
    next
end
"""
ASA = """\
ASA Version 9.16(4)
hostname PF240003
names
interface GigabitEthernet0/0
 description Vers la fibre
 nameif outside
 security-level 0
 ip address 198.51.100.2 255.255.255.224
object network SERVEUR
 host 198.51.100.9
access-list OUT extended permit tcp any object SERVEUR eq https
access-list OUT remark Accès aux fichiers
nat (inside,outside) source dynamic any interface
route outside 0.0.0.0 0.0.0.0 198.51.100.1 1
aaa authentication ssh console LOCAL
ssh 198.51.100.0 255.255.255.224 inside
"""
JUNOS = """\
version 21.4R3;
system {
    host-name SW250009;
    authentication-order [ radius password ];
    login {
        user admin {
            class super-user;
        }
    }
}
interfaces {
    ge-0/0/1 {
        description "Salle 3";
        unit 0 {
            family ethernet-switching {
                vlan {
                    members eleves;
                }
            }
        }
    }
}
policy-options {
    community ECOLES members 64500:1;
}
routing-options {
    static {
        route 0.0.0.0/0 next-hop 198.51.100.1;
    }
}
vlans {
    eleves {
        vlan-id 40;
    }
}
"""
JUNOS_SET = """\
set version 21.4R3
set system host-name SW250009
set system login user admin class super-user
set interfaces ge-0/0/1 description "Salle 3"
set policy-options community ECOLES members 64500:1
set routing-options static route 0.0.0.0/0 next-hop 198.51.100.1
set vlans eleves vlan-id 40
"""
READ = Configuration(
    vlans=(Vlan(40, "eleves"),),
    accounts=(Account("admin", "admin"),),
    routes=(StaticRoute("0.0.0.0/0", "198.51.100.1"),),
)
CASES: dict[str, tuple[Reader, str]] = {
    "fortigate": (fortigate.DRIVER, FORTIGATE),
    "asa": (cisco_asa.DRIVER, ASA),
    "junos": (junos.DRIVER, JUNOS),
    "junos set": (junos.DRIVER, JUNOS_SET),
}
FORMS = {
    "fortigate": """
config system admin|edit x|set password ENC @|next|end
config system admin|edit x|set password @|next|end
config user local|edit x|set passwd ENC @|next|end
config vpn ipsec phase1-interface|edit x|set psksecret ENC @|set ppk-secret ENC @|next|end
config user radius|edit x|set secret ENC @|set secondary-secret ENC @|next|end
config user tacacs+|edit x|set key ENC @|next|end
config user ldap|edit x|set password ENC @|next|end
config wireless-controller vap|edit x|set passphrase ENC @|set sae-password ENC @|next|end
config wireless-controller vap|edit x|set passphrase "@"|next|end
config system snmp community|edit 1|set name "@"|next|end
config system snmp user|edit x|set auth-pwd ENC @|set priv-pwd ENC @|next|end
config system ddns|edit 1|set ddns-password ENC @|set ddns-key ENC @|next|end
config router bgp|config neighbor|edit 1.2.3.4|set password ENC @|next|end|end
config router key-chain|edit x|config key|edit 1|set key-string ENC @|next|end|next|end
config router ospf|config ospf-interface|edit x|set authentication-key ENC @|next|end|end
config vpn certificate local|edit x|set private-key "-----BEGIN ENCRYPTED PRIVATE KEY-----|@|\
-----END ENCRYPTED PRIVATE KEY-----"|next|end
config vpn certificate local|edit x|set certificate "-----BEGIN CERTIFICATE-----|@|-----END CERTIFICATE-----"|next|end
config system ha|set password ENC @|end
config system sdn-connector|edit x|set access-key "AK"|set secret-key ENC @|next|end
config system automation-action|edit x|set script "config user local|edit y|set passwd @|next|end"|next|end
config system automation-action|edit x|set http-headers "Authorization: token @"|next|end
config system email-server|set password ENC @|end
config system central-management|set fmg "https://u:@@1.2.3.4"|end
config system replacemsg auth "x"|set buffer "<html>|<input type=password value=@>|</html>"|end
config switch-controller switch-profile|edit x|set login-passwd ENC @|next|end
config system dhcp server|edit 1|set auto-configuration disable|set ddns-key ENC @|next|end
inconnu @
""",
    "asa": """
enable password @ encrypted
enable password $sha512$5000$@ pbkdf2
passwd @ encrypted
username adm password @ encrypted privilege 15
username adm password $sha512$5000$@= pbkdf2
snmp-server community @
snmp-server host inside 198.51.100.9 poll community @ version 2c
snmp-server host inside 198.51.100.9 community @
snmp-server user u g v3 encrypted auth sha @ priv aes 128 @
failover key @
failover ipsec pre-shared-key @
aaa-server RAD (inside) host 198.51.100.9| key @| radius-common-pw @
aaa-server AD (inside) host 198.51.100.9| ldap-login-password @
tunnel-group X ipsec-attributes| ikev1 pre-shared-key @| ikev2 local-authentication pre-shared-key @
tunnel-group X ipsec-attributes| ikev2 remote-authentication pre-shared-key @
crypto isakmp key @ address 198.51.100.1 netmask 255.255.255.255
ntp authentication-key 1 md5 @
router ospf 1| area 1 virtual-link 198.51.100.1 authentication-key @
interface GigabitEthernet0/1| ospf message-digest-key 1 md5 @| ospf authentication-key @
wccp web-cache password @
vpdn username u password @
url-server (inside) host 198.51.100.9 key @
boot system tftp://u:@@198.51.100.9/asa
smtp-server 198.51.100.9|webvpn| csd hostscan image x| http-proxy 198.51.100.9 8080 username u password @
ddns update method M| ddns both|inconnu @
""",
    "junos": """
system {|    root-authentication {|        encrypted-password "@"; ## SECRET-DATA|    }|}
system {|    root-authentication {|        encrypted-password "@";|    }|}
system {|    radius-server {|        198.51.100.9 {|            secret "@"; ## SECRET-DATA|        }|    }|}
system {|    tacplus-server {|        198.51.100.9 secret "@";|    }|}
snmp {|    community @ {|        authorization read-only;|    }|}
snmp {|    community "@";|    trap-group @ {|        targets {|            198.51.100.9;|        }|    }|}
snmp {|    v3 {|        usm {|            local-engine {|                user u {|\
                    authentication-sha {|                        authentication-key "@"; ## SECRET-DATA|\
                    }|                }|            }|        }|    }|}
security {|    ike {|        policy P {|            pre-shared-key ascii-text "@"; ## SECRET-DATA|        }|    }|}
security {|    ike {|        policy P {|            pre-shared-key hexadecimal @;|        }|    }|}
protocols {|    bgp {|        group G {|            authentication-key "@";|        }|    }|    ospf {|\
        area 0.0.0.0 {|            interface ge-0/0/0.0 {|                authentication {|\
                    md5 1 key "@";|                    simple-password "@";|                }|            }|\
        }|    }|}
security {|    authentication-key-chains {|        key-chain K {|            key 1 {|\
                secret "@";|            }|        }|    }|}
system {|    archival {|        configuration {|            archive-sites {|\
                "ftp://u:@@198.51.100.9/x" password "@";|            }|        }|    }|}
system {|    login {|        user x {|            authentication {|\
                plain-text-password-value "@";|            }|        }|    }|}
access {|    profile P {|        client c {|            pap-password "@";|            chap-secret "@";|\
        }|    }|}
interfaces {|    ge-0/0/0 {|        description "mot de passe : @";|    }|}
system {|    services {|        web-management {|            https {|                local-certificate x;|\
            }|        }|    }|}|security {|    certificates {|        local {|            x {|\
                "-----BEGIN RSA PRIVATE KEY-----\\n@\\n-----END RSA PRIVATE KEY-----\\n";|            }|\
        }|    }|}
""",
    "junos set": """
set system root-authentication encrypted-password "@"
set system login user x authentication encrypted-password "@"
set system radius-server 198.51.100.9 secret "@"
set system tacplus-server 198.51.100.9 secret @
set snmp community @ authorization read-only
set snmp community "@" clients 198.51.100.0/27
set snmp trap-group @ targets 198.51.100.9
set snmp v3 usm local-engine user u authentication-sha authentication-key "@"
set snmp v3 usm local-engine user u privacy-aes128 privacy-key "@"
set snmp v3 snmp-community index community-name @
set security ike policy P pre-shared-key ascii-text "@"
set protocols bgp group G neighbor 198.51.100.1 authentication-key "@"
set protocols ospf area 0.0.0.0 interface ge-0/0/0.0 authentication md5 1 key "@"
set protocols isis level 2 authentication-key "@"
set security authentication-key-chains key-chain K key 1 secret "@"
set security macsec connectivity-association C pre-shared-key cak "@"
set access profile P client c chap-secret "@"
set interfaces pp0 unit 0 ppp-options pap local-password "@"
set system archival configuration archive-sites "ftp://u:@@198.51.100.9/x" password "@"
set system ntp authentication-key 1 value "@"
set system ntp authentication-key 1 type md5 value "@"
""",
}
PLANTED = [(case, form) for case, forms in FORMS.items() for form in forms.strip().splitlines()]


@pytest.mark.parametrize(("case", "form"), PLANTED)
@given(SECRETS)
@settings(max_examples=6, deadline=None)
def test_no_planted_secret_survives(case: str, form: str, secret: str) -> None:
    driver, text = CASES[case]
    shown = driver.redact("/running-config", text + plant(form, secret))
    assert shown is not None
    assert secret not in shown, shown[len(text) :]


@pytest.mark.parametrize("case", CASES)
def test_what_is_no_secret_stays(case: str) -> None:
    driver, text = CASES[case]
    shown = driver.redact("/running-config", text)
    assert shown is not None
    assert [line for line in text.splitlines() if line not in shown.splitlines()] in (
        [],
        ["ASA Version 9.16(4)"],
    )


@pytest.mark.parametrize("case", ["fortigate", "junos", "junos set"])
def test_what_the_model_has_is_read(case: str) -> None:
    driver, text = CASES[case]
    seen = driver.parse({"/running-config": text.encode()})
    assert (seen.vlans, seen.accounts, seen.routes) == (READ.vlans, READ.accounts, READ.routes)
    assert seen.hostname in ("PF240002", "SW250009")


@pytest.mark.parametrize("case", CASES)
def test_another_platform_s_configuration_is_refused(case: str) -> None:
    driver, _ = CASES[case]
    for other, (_, text) in CASES.items():
        if other.split()[0] != case.split()[0]:
            assert driver.redact("/running-config", text) is None
            with pytest.raises(UnknownGrammar):
                driver.parse({"/running-config": text.encode()})
    assert driver.redact("/etc/passwd", CASES[case][1]) is None


def test_nothing_is_configured() -> None:
    with pytest.raises(ChangeRefused, match="read and not configured"):
        junos.DRIVER.plan(Configuration(), {})


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("slow", SLOW)
def test_a_mebibyte_takes_linear_time(case: str, slow: str) -> None:
    driver, text = CASES[case]
    assert seconds(lambda written: driver.redact("/running-config", written), text + SLOW[slow]) < LIMIT
