"""The two copies of a configuration: readable without any secret, restorable and encrypted."""

from __future__ import annotations

import base64
import secrets

import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reversibility.errors import CartableError
from reversibility.records.configuration import (
    encrypt,
    open_restorable,
    pack,
    plan,
    read_items,
    readable_copies,
)
from reversibility.records.configuration_check import configuration_problems, switch_differences
from reversibility.records.redact import redact
from reversibility.records.state import State

IDENTITY = pyrage.x25519.Identity.generate()
RECIPIENT = str(IDENTITY.to_public())
CRYPT = "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7"


def item(path, content, mode="0644"):
    data = content if isinstance(content, bytes) else content.encode()
    return {
        "path": path,
        "mode": mode,
        "owner": "root",
        "group": "root",
        "content_b64": base64.b64encode(data).decode(),
    }


# Each line holds SECRET where a secret stands in a real file of that kind.
SECRET_LINES = {
    "/etc/wpa_supplicant.conf": [
        '    psk="SECRET"',
        "    password=SECRET",
        'sae_password="SECRET"',
        "  wep_key0=SECRET",
    ],
    "/etc/samba/smb.conf": ["   ldap admin password = SECRET", "passdb secret = SECRET"],
    "/etc/apt/auth.conf.d/mirror": ["machine example.org login me password SECRET"],
    "/etc/apt/sources.list": ["deb https://me:SECRET@packages.example/debian trixie main"],
    "/etc/apt/apt.conf.d/proxy": ['Acquire::http::Proxy "http://user:SECRET@proxy.example:3128";'],
    "/etc/default/agent": [
        "API_KEY=SECRET",
        "export TOKEN='SECRET'",
        "OPTS=--db-password=SECRET --verbose",
        "AUTH_KEY: SECRET",
    ],
    "/etc/glpi.json": [
        '{"password": "SECRET", "user": "x"}',
        '  "client_secret" : "SECRET"',
        '{"apiKey":"SECRET"}',
    ],
    "/etc/wireguard/wg0.conf": ["PrivateKey = SECRET", "PresharedKey = SECRET"],
    "/etc/snmp/snmpd.conf": ["rocommunity SECRET default", "snmp-server community SECRET RO"],
    "/switch.txt": [
        "username admin password 7 SECRET",
        "enable secret 5 SECRET",
        "radius-server key-secret SECRET",
    ],
    "/etc/curlrc": ["header = Authorization: Bearer SECRET", "X-Api-Key: SECRET"],
    "/etc/netplan/x.yaml": ["      password: SECRET", '      password: "SECRET"  # wifi'],
    "/etc/chap-secrets": ["ipsec.secret SECRET"],
    "/etc/passwd": ["root:SECRET:0:0:root:/root:/bin/bash"],
    "/etc/group": ["sudo:SECRET:27:cartable"],
    "/etc/comment": ["# password: SECRET", "#password SECRET"],
}


@pytest.mark.parametrize(
    ("path", "line"), [(path, line) for path, lines in SECRET_LINES.items() for line in lines]
)
def test_no_secret_stays_in_a_readable_copy(path, line):
    canary = secrets.token_urlsafe(12)
    text = f"before = kept\n{line.replace('SECRET', canary)}\nafter = kept\n"
    result = redact(path, text)
    assert canary not in result
    assert "<secret>" in result
    assert "before = kept\n" in result
    assert "after = kept\n" in result


@pytest.mark.parametrize(
    "value",
    [CRYPT, "$6$salt$" + "h" * 86, "AGE-SECRET-KEY-1" + "Q" * 58, "$argon2id$v=19$m=65536$c2FsdA$aGFzaA"],
)
def test_hashes_and_keys_go_wherever_they_stand(value):
    assert value not in redact("/etc/any", f"something {value} else\n")


def test_private_keys_go_whole():
    kind = "OPENSSH PRIVATE KEY-----\n"
    text = f"a\n-----BEGIN {kind}b3BlbnNzaC1rZXktdjEA\nAAAABG5vbmU\n-----END {kind}z\n"
    assert "b3Blb" not in redact("/etc/key", text)
    assert redact("/etc/key", text).startswith("a\n-----BEGIN")
    assert redact("/etc/key", text).endswith("-----\nz\n")
    assert "b3Blb" not in redact("/etc/cut", text[:60])


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "/etc/ssh/sshd_config",
            "PasswordAuthentication no\nPermitRootLogin prohibit-password\nPermitEmptyPasswords no\n",
        ),
        ("/etc/ssh/sshd_config", "# To disable tunneled clear text passwords, change to no here!\n"),
        ("/etc/samba/smb.conf", "[partages]\n   unix password sync = yes\n   read only = no\n"),
        ("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\ndaemon:*:1:1::/:/usr/sbin/nologin\n"),
        (
            "/etc/nftables.conf",
            "table inet filter {\n  chain input { type filter hook input priority 0; policy drop; }\n}\n",
        ),
        (
            "/etc/apt/sources.list.d/debian.sources",
            "Types: deb\nURIs: https://deb.example/debian\nSuites: trixie\n",
        ),
    ],
)
def test_what_is_no_secret_stays(path, text):
    assert redact(path, text) == text


def test_files_of_hashes_have_no_readable_copy():
    items = [
        item("/etc/shadow", f"root:{CRYPT}:20000:0:99999:7:::\n"),
        item("/etc/ssh/ssh_host_ed25519_key", "secret"),
        item("/etc/ssh/ssh_host_ed25519_key.pub", "ssh-ed25519 AAAA root@uc250001"),
        item("/etc/apt/keyrings/x.gpg", b"\x99\x00\x01"),
        {"path": "/etc/localtime", "link": "/usr/share/zoneinfo/Europe/Paris"},
        item("/etc/default/known", "OPTION=tr0ub4dor-and-3"),
    ]
    assert readable_copies(read_items(items), frozenset({"tr0ub4dor-and-3"})) == {
        "config/etc/ssh/ssh_host_ed25519_key.pub": "ssh-ed25519 AAAA root@uc250001",
        "config/etc/localtime": "-> /usr/share/zoneinfo/Europe/Paris\n",
        "config/etc/default/known": "OPTION=<secret>",
    }


@settings(max_examples=50, deadline=None)
@given(
    st.dictionaries(
        st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=150),
        st.binary(max_size=500),
        max_size=5,
    )
)
def test_what_is_packed_is_unpacked_and_the_same_bytes_each_time(contents):
    files = read_items([item(f"/etc/{name}", content) for name, content in contents.items()])
    assert pack(files) == pack(list(reversed(files)))
    assert open_restorable(encrypt(pack(files), RECIPIENT), str(IDENTITY)) == {
        f"/etc/{name}": content for name, content in contents.items()
    }


@pytest.fixture
def state(tmp_path):
    return State.create(tmp_path / "state")


def keep(state, items, recipient=RECIPIENT):
    wanted = plan(state, "a", "UC250001", items, recipient)
    changed = [name for name, text in wanted.readable.items() if state.write("a", "UC250001", name, text)]
    wanted.apply(state, "a", "UC250001")
    return sorted([*changed, *wanted.changes])


def test_an_unchanged_configuration_makes_no_difference(state):
    items = [item("/etc/hostname", "uc250001\n"), item("/etc/hosts", "127.0.0.1 localhost\n")]
    assert keep(state, items) == ["config.age", "config/etc/hostname", "config/etc/hosts"]
    state.commit("first")
    assert keep(state, items) == []
    assert state.commit("second") is None


def test_a_changed_secret_alone_makes_a_new_restorable_copy(state):
    keep(state, [item("/etc/default/x", "PASSWORD=one-secret")])
    assert keep(state, [item("/etc/default/x", "PASSWORD=two-secret")]) == ["config.age"]
    restored = open_restorable(state.read_bytes("a", "UC250001", "config.age"), str(IDENTITY))
    assert restored == {"/etc/default/x": b"PASSWORD=two-secret"}


def test_changed_rights_make_a_new_restorable_copy(state):
    keep(state, [item("/etc/x", "", "0600")])
    assert keep(state, [item("/etc/x", "", "0644")]) == ["config.age"]


def test_another_key_makes_a_new_restorable_copy(state):
    items = [item("/etc/hostname", "uc250001\n")]
    keep(state, items)
    other = pyrage.x25519.Identity.generate()
    assert keep(state, items, str(other.to_public())) == ["config.age"]
    data = state.read_bytes("a", "UC250001", "config.age")
    assert open_restorable(data, str(other)) == {"/etc/hostname": b"uc250001\n"}
    with pytest.raises(CartableError, match="cannot be decrypted"):
        open_restorable(data, str(IDENTITY))


def test_a_file_that_is_gone_goes_from_the_readable_copies(state):
    keep(state, [item("/etc/a", "1"), item("/etc/b", "2")])
    assert keep(state, [item("/etc/a", "1")]) == ["config.age", "config/etc/b"]
    assert state.files("a", "UC250001") == ["config.age", "config/etc/a"]


def test_the_fingerprint_key_is_neither_committed_nor_readable_by_others(state):
    keep(state, [item("/etc/a", "1")])
    key = state.directory / ".git" / "cartable-fingerprint-key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert len(key.read_bytes()) == 32
    assert str(state.volatile("a", "UC250001")["configuration_fingerprint"]) != ""


@pytest.mark.parametrize(
    "change", [{"path": "relative"}, {"path": "/etc/../x"}, {"content_b64": "é"}, {"mode": "rwx"}]
)
def test_an_item_that_is_none_is_refused(change):
    with pytest.raises(CartableError):
        read_items([{**item("/etc/hostname", "x"), **change}])


def test_a_damaged_restorable_copy_is_refused():
    data = encrypt(pack(read_items([item("/etc/hostname", "x")])), RECIPIENT)
    for broken in (
        b"",
        data[:-1],
        data[:-20] + b"\0" * 20,
        pyrage.encrypt(b"no tar", [IDENTITY.to_public()]),
    ):
        with pytest.raises(CartableError):
            open_restorable(broken, str(IDENTITY))


def test_a_wrong_public_key_is_one_clear_sentence():
    with pytest.raises(CartableError, match="not a public age key"):
        encrypt(b"", "age1nothing")


GOOD = {
    "/etc/hostname": b"uc250001\n",
    "/etc/passwd": b"root:x:0:0:root:/root:/bin/bash\n",
    "/etc/shadow": b"root:*:20000:0:99999:7:::\n",
    "/etc/ssh/sshd_config": b"# comment\nPort 22\n",
    "/etc/samba/smb.conf": b"[global]\n   workgroup = ECOLE\n; old\n",
    "/etc/nftables.conf": b'table inet filter { chain x { log prefix "{" } }\n',
    "/etc/apt/sources.list": b"deb [arch=amd64] https://deb.example/debian trixie main\n",
    "/etc/apt/sources.list.d/debian.sources": b"Types: deb\nURIs: https://deb.example/debian\nSuites: trixie\n",
    "/switch.json": b"{}",
}
BAD = {
    "/etc/hostname": b"",
    "/etc/passwd": b"root:x:0:0\n",
    "/etc/shadow": b"",
    "/etc/ssh/sshd_config": b"Port\n",
    "/etc/samba/smb.conf": b"no section\n",
    "/etc/nftables.conf": b"table inet filter {\n",
    "/etc/apt/sources.list": b"dbe x\n",
    "/etc/apt/sources.list.d/debian.sources": b"Types: deb\nSuites: trixie\n",
    "/switch.json": b"{",
}


def test_a_good_configuration_parses():
    assert configuration_problems(GOOD) == []


@pytest.mark.parametrize("path", sorted(BAD))
def test_a_file_that_is_not_what_its_name_says_is_named(path):
    problems = configuration_problems({**GOOD, path: BAD[path]})
    assert problems
    assert all(problem.startswith(f"{path}: ") for problem in problems)


def test_an_empty_archive_proves_nothing():
    assert configuration_problems({}) == ["the archive is empty"]


VLANS = {"administration": {"id": 10}, "pupils": {"id": 40}}
PORTS = {
    "p1": {"mode": "access", "vlan": "pupils"},
    "p2": {"mode": "trunk", "vlans": ["administration", "pupils"]},
}
SWITCH = {
    "ports": [
        {"name": "br0", "tag": None, "trunks": [], "internal": True},
        {"name": "p1", "tag": 40, "trunks": [], "internal": False},
        {"name": "p2", "tag": None, "trunks": [10, 40], "internal": False},
    ]
}


def test_a_switch_that_is_as_declared_has_no_difference():
    assert switch_differences(SWITCH, PORTS, VLANS) == []


def test_the_differences_of_a_switch_are_named():
    ports = {
        "p1": {"mode": "access", "vlan": "administration"},
        "p2": {"mode": "trunk", "vlans": ["administration"]},
        "p3": {"mode": "access", "vlan": "pupils"},
    }
    other = {"ports": [*SWITCH["ports"], {"name": "p9", "tag": 40, "trunks": [], "internal": False}]}
    assert switch_differences(other, ports, VLANS) == [
        "port p1 is in VLAN 40, declared 10",
        "port p2 carries VLANs [10, 40], declared [10]",
        "port p3 is declared and was not found on the switch",
        "port p9 is on the switch and is not declared",
    ]
