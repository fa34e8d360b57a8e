"""The second barrier: the open vault's secrets never reach what is written."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reversibility.records import session
from reversibility.records.passphrase import PassphraseSource
from reversibility.records.scrub import REPLACEMENT, scrub, scrub_all, vault_secrets
from reversibility.records.vault import Vault

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
    assert time.process_time() - started < 1.0


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
