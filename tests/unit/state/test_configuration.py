"""The two copies of a configuration: readable without any secret, restorable and encrypted."""

from __future__ import annotations

import base64

import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reversibility.errors import CartableError
from reversibility.platforms.registry import driver
from reversibility.records.configuration import (
    encrypt,
    open_restorable,
    pack,
    plan,
    read_items,
    readable_copies,
)
from reversibility.records.state import State

IDENTITY = pyrage.x25519.Identity.generate()
DEBIAN = driver("debian")
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


def test_files_of_hashes_have_no_readable_copy():
    items = [
        item("/etc/shadow", f"root:{CRYPT}:20000:0:99999:7:::\n"),
        item("/etc/ssh/ssh_host_ed25519_key", "secret"),
        item("/etc/ssh/ssh_host_ed25519_key.pub", "ssh-ed25519 AAAA root@uc250001"),
        item("/etc/apt/keyrings/x.gpg", b"\x99\x00\x01"),
        {"path": "/etc/localtime", "link": "/usr/share/zoneinfo/Europe/Paris"},
        item("/etc/default/known", "LANG=tr0ub4dor-and-3"),
    ]
    assert readable_copies(read_items(items), frozenset({"tr0ub4dor-and-3"}), DEBIAN.redact) == {
        "config/etc/ssh/ssh_host_ed25519_key.pub": "ssh-ed25519 AAAA root@uc250001",
        "config/etc/localtime": "-> /usr/share/zoneinfo/Europe/Paris\n",
        "config/etc/default/known": "LANG=<secret>",
    }


def test_without_a_driver_nothing_is_readable():
    items = [item("/etc/hostname", "uc250001\n"), item("/etc/unknown.conf", "a = b\n")]
    assert readable_copies(read_items(items), frozenset()) == {}
    assert readable_copies(read_items(items), frozenset(), DEBIAN.redact) == {
        "config/etc/hostname": "uc250001\n"
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
    wanted = plan(state, "a", "UC250001", items, recipient, redactor=DEBIAN.redact)
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
    keep(state, [item("/etc/default/a", "X=1"), item("/etc/default/b", "X=2")])
    assert keep(state, [item("/etc/default/a", "X=1")]) == ["config.age", "config/etc/default/b"]
    assert state.files("a", "UC250001") == ["config.age", "config/etc/default/a"]


def test_the_fingerprint_key_is_neither_committed_nor_readable_by_others(state):
    keep(state, [item("/etc/default/a", "X=1")])
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
