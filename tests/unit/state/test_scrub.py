"""The second barrier: the open vault's secrets never reach what is written."""

from __future__ import annotations

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reversibility.platforms.registry import driver
from reversibility.records import session
from reversibility.records.configuration import plan
from reversibility.records.passphrase import PassphraseSource
from reversibility.records.scrub import REPLACEMENT, scrub, scrub_all, vault_secrets
from reversibility.records.state import State
from reversibility.records.vault import Vault, VaultError

SECRET = st.text(min_size=6, max_size=30)


@given(st.text(), SECRET, st.text())
def test_a_secret_goes_wherever_it_stands(before, secret, after):
    assert secret in REPLACEMENT or secret not in scrub(f"{before}{secret}{after}", [secret]).replace(
        REPLACEMENT, "\0"
    )


@given(SECRET)
def test_a_secret_goes_from_structures(secret):
    value = {"a": [f"x {secret} y", 1, None, {"b": secret}], secret: True}
    cleaned = scrub_all(value, [secret])
    assert cleaned == {"a": [f"x {REPLACEMENT} y", 1, None, {"b": REPLACEMENT}], REPLACEMENT: True}


def test_no_rest_of_a_longer_secret_is_left():
    assert scrub("my-secret-and-more", ["my-secret", "my-secret-and-more"]) == REPLACEMENT


def test_what_has_no_secret_is_left_alone():
    value = {"a": ["ordinary", 1]}
    assert scrub_all(value, ["another"]) is value


def test_a_large_vault_does_not_make_it_slow():
    secrets = [f"Secret-number-{number:05}" for number in range(25_000)]
    value = {"softwares": [{"name": f"package-{number}", "version": "1.2.3"} for number in range(3000)]}
    started = time.process_time()
    scrub_all(value, secrets)
    assert time.process_time() - started < 5.0  # 0.03 s; secret by secret takes minutes


@pytest.fixture
def vault_file(tmp_path):
    path = tmp_path / "vault.kdbx"
    vault = Vault.create(path, "a long passphrase for a test")
    with vault.transaction() as transaction:
        transaction.put_pending(
            "a",
            "UC250001",
            "admin",
            username="admin",
            password="Corr3ct-horse!",
            address="",
            policy="administrator",
            expires=None,
        )
    yield path
    session.close_vaults()


def test_the_secrets_of_the_open_vault_are_known_and_those_of_a_closed_one_are_not_asked_for(
    vault_file, tmp_path
):
    assert vault_secrets(vault_file) == frozenset()
    assert vault_secrets(tmp_path / "none.kdbx") == frozenset()
    phrase = tmp_path / "phrase"
    phrase.write_text("a long passphrase for a test\n")
    opened = session.open_vault(vault_file, PassphraseSource(command=f"cat {phrase}"))
    assert vault_secrets(vault_file) == {"Corr3ct-horse!", opened.age_identity()}
    with opened.transaction() as transaction:
        transaction.make_current("a", "UC250001", "admin")
        transaction.put_pending(
            "a",
            "UC250001",
            "admin",
            username="admin",
            password="An0ther-one!!",
            address="",
            policy="administrator",
            expires=None,
        )
    assert {"Corr3ct-horse!", "An0ther-one!!"} <= vault_secrets(vault_file)


def test_recovery_keys_and_former_passwords_are_secrets_too(vault_file, tmp_path):
    phrase = tmp_path / "phrase"
    phrase.write_text("a long passphrase for a test\n")
    opened = session.open_vault(vault_file, PassphraseSource(command=f"cat {phrase}"))
    place = {"username": "admin", "policy": "administrator"}
    with opened.transaction() as change:
        change.make_current("a", "UC250001", "admin")
        change.put_current("a", "UC250001", "admin", password="N3wer-password", **place)
        change.put_secret("a", "UC250001", "admin", "recovery-key", "111111-222222-333333")
        change.put_current("a", "UC250002", "admin", password="Rem0ved-account", **place)
    with opened.transaction() as change:
        change.remove("a", "UC250002", "admin")
    secrets = {"Corr3ct-horse!", "N3wer-password", "111111-222222-333333", "Rem0ved-account"}
    assert secrets <= vault_secrets(vault_file)
    content = "".join(f"# {number}: {secret}\n" for number, secret in enumerate(sorted(secrets)))
    item = {"path": "/etc/default/motd", "mode": "0644", "owner": "root", "group": "root"}
    item["content_b64"] = base64.b64encode(content.encode()).decode()
    state = State.create(tmp_path / "state")
    planned = plan(
        state,
        "a",
        "UC250001",
        [item],
        opened.age_recipient(),
        vault_secrets(vault_file),
        driver("debian").redact,
    )
    written = planned.readable["config/etc/default/motd"]
    assert written.count(REPLACEMENT) == len(secrets) and not any(secret in written for secret in secrets)


def test_an_open_vault_that_is_gone_is_said(vault_file, tmp_path):
    """Writing on as if there were no secrets would show them."""
    phrase = tmp_path / "phrase"
    phrase.write_text("a long passphrase for a test\n")
    session.open_vault(vault_file, PassphraseSource(command=f"cat {phrase}"))
    vault_file.unlink()
    with pytest.raises(VaultError, match="There is no vault"):
        vault_secrets(vault_file)
