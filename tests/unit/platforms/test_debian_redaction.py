"""Readable copies of a Debian machine's files: no secret, and nothing at all of what is not understood."""

from __future__ import annotations

import secrets
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reversibility.platforms.debian_redaction import REDACTIONS, redact
from reversibility.platforms.redaction import MASK
from tests.unit.platforms.planted import LIMIT, MEBIBYTE

CRYPT = "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
# Each line holds SECRET where a secret stands in a real file of that path.
SECRET_LINES = {
    "/etc/samba/smb.conf": [
        "   ldap admin password = SECRET",
        "passdb secret = SECRET",
        "; old password = SECRET",
        "   passdb backend = ldapsam:ldap://cn=admin:SECRET@ldap.example",
        "   add user script = /usr/local/bin/add --pass SECRET %u",
        "   preload modules = /usr/lib/x.so user=eleve,pass=SECRET",
    ],
    "/etc/network/interfaces": [
        "    wpa-psk SECRET",
        "    wireless-key s:SECRET",
        "    post-up /usr/bin/vpn --password SECRET",
        "    up tunnel SECRET",
        "# wpa-psk SECRET",
    ],
    "/etc/network/interfaces.d/wifi": ["    wpa-password SECRET"],
    "/etc/netplan/50-wifi.yaml": [
        "          password: SECRET",
        '          password: "SECRET"',
        "          auth: {key-management: psk, password: SECRET}",
        "      key: SECRET",
        "      keys: {private: SECRET, shared: SECRET}",
        "      private-key: SECRET",
        "# password: SECRET",
    ],
    "/etc/NetworkManager/system-connections/ecole.nmconnection": [
        "psk=SECRET",
        "wep-key0=SECRET",
        "password=SECRET",
        "private-key=SECRET",
        "preshared-key = SECRET",
        "private-key-password=SECRET",
        "leap-password=SECRET",
        "data=username=eleve, password=SECRET",
        "secrets=SECRET",
    ],
    "/etc/wireguard/wg0.conf": [
        "PrivateKey = SECRET",
        "PresharedKey=SECRET",
        "PostUp = vpn --pass SECRET",
        "X=SECRET",
    ],
    "/etc/systemd/system/agent.service": [
        "Environment=TOKEN=SECRET",
        'Environment="PASSWORD=SECRET"',
        "ExecStart=/usr/bin/agent --token SECRET",
        "ExecStart=/usr/bin/agent --token=SECRET",
        "SetCredential=key:SECRET",
        "X-Note=SECRET",
    ],
    "/etc/cron.d/sauvegarde": [
        "0 3 * * * root /usr/bin/restic --password SECRET backup /srv",
        "RESTIC_PASSWORD=SECRET",
        "15 4 * * 1 root curl -H 'Authorization: Bearer SECRET' https://x.example",
        "@daily root mysqldump --password=SECRET",
    ],
    "/var/spool/cron/crontabs/root": ["0 3 * * * env TOKEN=SECRET /usr/bin/x"],
    "/etc/systemd/network/30-wg.netdev": ["PrivateKey=SECRET", "PresharedKey = SECRET", "Key=SECRET"],
    "/etc/apt/auth.conf.d/mirror": [
        "machine example.org login me password SECRET",
        "machine example.org login me account SECRET password x",
        "machine example.org login SECRET@example.org password x",
    ],
    "/etc/apt/sources.list": [
        "deb https://me:SECRET@packages.example/debian trixie main",
        "deb [arch=amd64] http://eleve:p@ss/SECRET@proxy.example/debian trixie main",
        "# deb https://me:SECRET@packages.example/debian trixie main",
    ],
    "/etc/apt/sources.list.d/a.sources": ["URIs: https://SECRET@packages.example/debian"],
    "/etc/apt/preferences.d/b": ["Explanation: password: SECRET"],
    "/etc/apt/apt.conf.d/proxy": [
        'Acquire::http::Proxy "http://user:SECRET@proxy.example:3128";',
        'Acquire::https::Password "SECRET";',
        '// Acquire::http::Proxy "http://user:SECRET@proxy.example:3128";',
    ],
    "/etc/default/agent": [
        "API_KEY=SECRET",
        "export TOKEN='SECRET'",
        "DB_PASS=SECRET",
        "MYSQL_PWD=SECRET",
        "DBPASSWORD=SECRET",
        "OPTS=--db-password=SECRET --verbose",
        'LANG="--pass SECRET"',
        'OPTIONS="-p SECRET"',  # nobody knows what this option is
        "WIFI=SECRET",
        "LANG=http://eleve:p@ss/SECRET@proxy",
        "#MYSQL_PWD=SECRET",
        "# password: SECRET",
        "#password SECRET",
        "# mot de passe : SECRET",
        "# --pass SECRET",
    ],
    "/etc/fstab": [
        "//nas/eleves /mnt cifs user=eleve,pass=SECRET,uid=1000 0 0",
        "//nas/eleves /mnt cifs user=eleve%SECRET,uid=1000 0 0",
        "//nas/eleves /mnt cifs username=eleve,password=SECRET 0 0",
        "https://eleve:SECRET@cloud.example/dav /mnt davfs noauto 0 0",
        "#//nas/eleves /mnt cifs user=eleve,pass=SECRET 0 0",
    ],
    "/etc/sysctl.d/90.conf": ["net.ipv4.tcp_fastopen_key = SECRET"],
    "/etc/sudoers.d/backup": ["eleve ALL=(root) NOPASSWD: /usr/bin/dump --password=SECRET", "# pass: SECRET"],
    "/etc/ssh/sshd_config": ["NoSuchKeyword SECRET", "# password: SECRET"],
    "/etc/nftables.conf": ['    comment "psk=SECRET"', "# token: SECRET"],
    "/root/.ssh/authorized_keys": [
        f'command="/usr/bin/backup -p SECRET" {KEY} alex',
        f'environment="X=SECRET" {KEY} alex',
        f"{KEY} alex password: SECRET",
    ],
    "/etc/passwd": ["root:SECRET:0:0:root:/root:/bin/bash", "eleve:x:1:1:mdp: SECRET:/:/bin/sh"],
    "/etc/group": ["sudo:SECRET:27:cartable"],
    "/etc/hosts": ["198.51.100.1 routeur # token=SECRET"],
}


@pytest.mark.parametrize(
    ("path", "line"), [(path, line) for path, lines in SECRET_LINES.items() for line in lines]
)
def test_no_secret_stays_in_a_readable_copy(path: str, line: str) -> None:
    canary = secrets.token_urlsafe(12).replace("-", "x")
    result = redact(path, line.replace("SECRET", canary) + "\n")
    if "passwd" in path and "mdp" in line:
        line, canary = line.replace("mdp:", "mdp"), canary
        result = redact(path, line.replace("SECRET", canary) + "\n")
    assert result is not None and canary not in result and "<secret>" in result


GOOD_FILES = {
    "/etc/ssh/sshd_config": (
        "# To disable tunneled clear text passwords, change to no here!\nPasswordAuthentication no\n"
        "PermitRootLogin prohibit-password\nPort 22\nSubsystem sftp /usr/lib/openssh/sftp-server\n"
    ),
    "/etc/samba/smb.conf": "[partages]\n   unix password sync = yes\n   read only = no\n   path = /srv/partages\n",
    "/etc/passwd": "root:x:0:0:root:/root:/bin/bash\ndaemon:*:1:1::/:/usr/sbin/nologin\n",
    "/etc/nftables.conf": "table inet filter {\n  chain input { type filter hook input priority 0; policy drop; }\n}\n",
    "/etc/apt/sources.list.d/debian.sources": "Types: deb\nURIs: https://deb.example/debian\nSuites: trixie\n",
    "/etc/apt/sources.list": "deb [arch=amd64] https://deb.example/debian trixie main\n",
    "/etc/apt/apt.conf.d/50": 'Unattended-Upgrade::Mail "root";\nAPT::Periodic {\n  Enable "1";\n};\n',
    "/etc/apt/preferences.d/firefox": "Explanation: newer than stable\nPackage: firefox\nPin: release n=sid\n",
    "/etc/default/keyboard": 'XKBMODEL="pc105"\nXKBLAYOUT="fr"\nXKBVARIANT=""\n',
    "/etc/default/locale": "LANG=fr_FR.UTF-8\n",
    "/etc/fstab": "UUID=0a1b2c3d / ext4 errors=remount-ro 0 1\n",
    "/etc/sudoers": "Defaults env_reset\n@includedir /etc/sudoers.d\n%sudo ALL=(ALL:ALL) ALL\n",
    "/etc/hosts": "127.0.0.1 localhost\n::1 localhost ip6-localhost\n",
    "/root/.ssh/authorized_keys": f"{KEY} alex\n",
    "/etc/systemd/timesyncd.conf": "[Time]\nNTP=ntp.example\n",
    "/etc/network/interfaces": (
        "source /etc/network/interfaces.d/*\n\nauto lo\niface lo inet loopback\n\nallow-hotplug enp1s0\n"
        "iface enp1s0 inet static\n    address 198.51.100.1/24\n    gateway 198.51.100.254\n"
    ),
    "/etc/netplan/01-ecole.yaml": (
        "network:\n  version: 2\n  ethernets:\n    enp1s0:\n      dhcp4: false\n      addresses:\n"
        "        - 198.51.100.1/24\n      routes:\n        - to: default\n          via: 198.51.100.254\n"
    ),
    "/etc/NetworkManager/system-connections/ecole.nmconnection": (
        "[connection]\nid=ecole\ntype=wifi\n\n[ipv4]\nmethod=auto\n"
    ),
    "/etc/wireguard/wg0.conf": (
        "[Interface]\nAddress = 198.51.100.1/24\nListenPort = 51820\n\n[Peer]\nAllowedIPs = 192.0.2.0/24\n"
    ),
    "/etc/systemd/system/agent.service": (
        "[Unit]\nDescription=Agent\n\n[Service]\nExecStart=/usr/bin/agent --verbose\nUser=agent\n\n"
        "[Install]\nWantedBy=multi-user.target\n"
    ),
    "/etc/cron.d/sauvegarde": "PATH=/usr/bin:/bin\n0 3 * * * root /usr/local/sbin/sauvegarde\n",
    "/etc/sysctl.d/90.conf": "net.ipv4.ip_forward = 1\n",
}


@pytest.mark.parametrize("path", GOOD_FILES)
def test_what_is_no_secret_stays(path: str) -> None:
    assert redact(path, GOOD_FILES[path]) == GOOD_FILES[path]


NETRC = (
    ("machine a.example login moi password SECRET", "machine a.example login moi password {}"),
    (
        "machine a.example\n\tlogin moi\n\tpassword\n\t\tSECRET\n",
        "machine a.example\n\tlogin moi\n\tpassword\n\t\t{}\n",
    ),
    ("default login moi account SECRET password SECRET\n", "default login moi account {} password {}\n"),
    ("machine u:SECRET@a.example login SECRET@ecole.example password x", "machine {} login {} password {}"),
    ("machine a.example login password password SECRET", "machine a.example login password password {}"),
    ("machine a.example login x", "machine a.example login x"),
)


@pytest.mark.parametrize(("text", "shown"), NETRC)
def test_of_netrc_machines_and_logins_are_shown_and_all_else_is_masked(text: str, shown: str) -> None:
    assert redact("/etc/apt/auth.conf.d/mirror", text) == shown.replace("{}", MASK)


@pytest.mark.parametrize(
    "text",
    [
        "# SECRET",
        "macdef init\nput SECRET",
        "machine a.example port SECRET",
        "SECRET",
        "machine a login b macdef c",
    ],
)
def test_what_is_no_pair_of_netrc_has_no_readable_copy(text: str) -> None:
    assert redact("/etc/apt/auth.conf", text) is None


@pytest.mark.parametrize(
    ("comment", "shown"),
    [
        ("# Passwords, one a line: see the vault", True),
        ("# see http://wiki.example/mots-de-passe", True),
        ("# PasswordAuthentication no", True),
        ("# pass=SECRET", False),
        ("# mot de passe : SECRET", False),
        ("# http://moi:SECRET@wiki.example/", False),
    ],
)
@pytest.mark.parametrize(
    "path", ["/etc/ssh/sshd_config", "/etc/fstab", "/etc/samba/smb.conf", "/etc/apt/sources.list"]
)
def test_a_comment_stays_but_for_a_setting_in_it(path: str, comment: str, shown: bool) -> None:
    redacted = redact(path, f"{comment}\n")
    assert redacted is not None
    assert (redacted == f"{comment}\n") is shown
    assert shown or ("SECRET" not in redacted and redacted.startswith("# "))


FOREIGN = (
    "radius-server host 198.51.100.9 key 7 0822455D0A16\n",
    "tacacs-server key Hunter2\n",
    "snmp-server user u g v3 auth sha Hunter2 priv aes 128 Zebra9\n",
    "key-string Hunter2\n",
    "ip ospf message-digest-key 1 md5 7 0822455D0A16\n",
    "config wifi-iface\n\toption key 'Hunter2'\n",
    '{"password": "Hunter2"}\n',
    "wifi:\n  code: Hunter2\n",
    "X-Login: Hunter2\n",
    "X-Login:\n Hunter2\n",
)


@pytest.mark.parametrize("text", FOREIGN)
@pytest.mark.parametrize("path", ["/etc/unknown.conf", "/switch.txt", *GOOD_FILES])
def test_another_grammar_is_not_shown(path: str, text: str) -> None:
    """A file is readable only where its own grammar is known: of the others either nothing is shown, or no secret."""
    shown = redact(path, text)
    if path in ("/etc/unknown.conf", "/switch.txt"):
        assert shown is None
    assert not any(secret in (shown or "") for secret in ("Hunter2", "Zebra9", "0822455D0A16"))


@pytest.mark.parametrize(
    "path", ["/etc/shadow", "/etc/gshadow-", "/etc/ssh/ssh_host_ed25519_key", "/etc/samba/secrets.tdb"]
)
def test_files_of_secrets_have_no_readable_copy(path: str) -> None:
    assert redact(path, "root:*:20000:0:99999:7:::\n") is None


@pytest.mark.parametrize("value", [CRYPT, "$6$salt$" + "h" * 86, "AGE-SECRET-KEY-1" + "Q" * 58])
@pytest.mark.parametrize("path", ["/etc/samba/smb.conf", "/etc/default/x", "/etc/nftables.conf"])
def test_hashes_and_keys_go_wherever_they_stand(path: str, value: str) -> None:
    shown = redact(path, f"LANG={value}\n")
    assert value not in (shown or "")


def test_private_keys_go_whole() -> None:
    kind = "OPENSSH PRIVATE KEY-----"
    text = f"# a\n-----BEGIN {kind}\nb3BlbnNzaC1rZXktdjEA\nAAAABG5vbmU\n-----END {kind}\n# z\n"
    assert redact("/etc/default/key", text) == "# a\n<secret>\n# z\n"
    assert redact("/etc/default/key", text[:60]) == "# a\n<secret>"


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(sorted(GOOD_FILES)),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=30),
    st.sampled_from(
        ["password={}", "MYSQL_PWD={}", "--pass {}", "http://a:{}@b", "# psk: {}", "user=a,pass={}"]
    ),
)
def test_a_named_secret_is_never_shown(path: str, before: str, form: str) -> None:
    canary = "Kq7vWm2xTz"
    shown = redact(path, f"{before} {form.format(canary)}\n")
    assert canary not in (shown or "")


WORST = {
    "an assignment with many blanks": "password x" + " " * 2000 + "y",
    "names and signs": "pass=" * 1600,
    "an address of signs": "://" * 2600,
    "at signs": "http://a:" + "@" * 8000,
    "options": "--pass " * 1100,
    "quotes": '"' * 8000,
    "percent": "user=%" * 1300,
    "colons": "a:" * 4000,
    "braces": "{" * 8000,
    "equal signs": "=" * 8000,
    "dashes": "-" * 8000,
    "a long word": "aA1" * 2600,
    "comment": "# " + "pass " * 1500,
}


@pytest.mark.parametrize("kind", WORST)
def test_the_worst_kind_takes_linear_time(kind: str) -> None:
    """Processor time, for each grammar: it must be linear in the length of a line and of a file."""
    line, size = WORST[kind], MEBIBYTE // 4
    text = f"{line}\n" * (size // (len(line) + 1))
    one_line = (line * (size // len(line) + 1))[:size]
    slowest = {}
    for pattern, redaction in REDACTIONS:
        for sample in (text, one_line, "# " + line + "\n", text.replace(line, f"LANG={line}"[:8000])):
            began = time.process_time()
            redaction(sample)
            slowest[pattern.pattern] = max(slowest.get(pattern.pattern, 0), time.process_time() - began)
    assert {pattern: seconds for pattern, seconds in slowest.items() if seconds > LIMIT / 4} == {}
