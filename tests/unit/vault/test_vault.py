"""The vault's entries and their changes."""

from __future__ import annotations

import copy
import stat
import weakref
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reversibility.records import vault_fields as kdbx
from reversibility.records.vault import KdfCost, Vault, VaultError
from reversibility.records.vault_entry import value_flaw
from reversibility.records.vault_file import DamagedVaultError, WrongPassphraseError

PLACE = ("trois_platanes", "UC250001", "cartable")
SAID = {"username": "cartable", "address": "198.51.100.74", "policy": "administrator"}
SOON = datetime(2027, 5, 22, 8, 0, tzinfo=UTC)


def put_pending(vault: Vault, password: str, place: tuple[str, str, str] = PLACE) -> str:
    with vault.transaction() as change:
        return change.put_pending(*place, password=password, expires=SOON, **SAID)


def make_current(vault: Vault) -> str:
    with vault.transaction() as change:
        return change.make_current(*PLACE)


def history(vault: Vault) -> list[dict[str, str]]:
    place = vault.content.locate(*PLACE[1:])
    assert place is not None
    return [kdbx.fields(old) for old in place[1].findall("History/Entry")]


def test_a_new_vault_has_an_age_identity_that_decrypts(vault: Vault) -> None:
    recipient = pyrage.x25519.Recipient.from_str(vault.age_recipient())
    identity = pyrage.x25519.Identity.from_str(vault.age_identity())
    assert pyrage.decrypt(pyrage.encrypt(b"configuration", [recipient]), [identity]) == b"configuration"
    assert vault.entries() == []  # it is not an account


def test_what_is_put_comes_back_after_opening_again(vault: Vault, passphrase: str) -> None:
    revision = put_pending(vault, "Kd7m-Tq6w-Rz9b")
    entry = Vault.open(vault.path, passphrase).get(*PLACE)
    assert entry is not None
    assert (entry.site, entry.asset, entry.account) == PLACE
    assert (entry.username, entry.address, entry.policy) == tuple(SAID.values())
    assert (entry.password, entry.pending, entry.pending_revision) == ("", "Kd7m-Tq6w-Rz9b", revision)
    assert entry.pending_expires == SOON


def test_both_secrets_are_kept_until_the_pending_one_is_current(vault: Vault) -> None:
    put_pending(vault, "first-secret")
    first = make_current(vault)
    second = put_pending(vault, "second-secret")
    entry = vault.get(*PLACE)
    assert entry is not None
    assert (entry.password, entry.pending) == ("first-secret", "second-secret")
    assert (entry.revision, entry.wanted_revision) == (first, second)

    assert make_current(vault) == second
    entry = vault.get(*PLACE)
    assert entry is not None
    assert (entry.password, entry.pending, entry.revision, entry.expires) == (
        "second-secret",
        None,
        second,
        SOON,
    )
    assert "first-secret" in [old["Password"] for old in history(vault)]


def test_making_current_twice_changes_nothing(vault: Vault) -> None:
    put_pending(vault, "first-secret")
    revision = make_current(vault)
    before = vault.path.read_bytes()
    assert make_current(vault) == revision
    assert vault.path.read_bytes() == before


def test_a_former_secret_is_found_by_its_revision_and_forgotten_for_good(
    vault: Vault, passphrase: str
) -> None:
    revisions = []
    for password in ("first-secret", "second-secret", "third-secret"):
        put_pending(vault, password)
        revisions.append(make_current(vault))
    assert vault.former(*PLACE[1:]) == "second-secret"
    assert [vault.former(*PLACE[1:], revision) for revision in revisions] == [
        "first-secret",
        "second-secret",
        None,
    ]
    with vault.transaction() as change:
        assert change.forget_former(*PLACE[1:])
        assert not change.forget_former(*PLACE[1:]), "there is nothing left"
        assert not change.forget_former("UC250001", "nobody")
    reopened = Vault.open(vault.path, passphrase)
    assert reopened.former(*PLACE[1:]) is None
    assert not {"first-secret", "second-secret"} & reopened.secrets()
    entry = reopened.find(*PLACE[1:])
    assert entry is not None and (entry.password, entry.revision) == ("third-secret", revisions[2])


def test_the_secrets_of_an_account_that_was_closed_leave_the_recycle_bin_as_well(
    vault: Vault, passphrase: str
) -> None:
    put_pending(vault, "first-secret")
    make_current(vault)
    with vault.transaction() as change:
        assert change.remove(*PLACE)
    assert "first-secret" in Vault.open(vault.path, passphrase).secrets(), "KeePassXC can bring it back"
    with vault.transaction() as change:
        assert change.forget_former(*PLACE[1:])
        assert not change.forget_former(*PLACE[1:])
    reopened = Vault.open(vault.path, passphrase)
    assert "first-secret" not in reopened.secrets() and reopened.find(*PLACE[1:]) is None


def test_a_pending_secret_that_is_replaced_stays_in_the_history(vault: Vault) -> None:
    put_pending(vault, "on-the-device")
    put_pending(vault, "later")
    assert [old["pending"] for old in history(vault)] == ["on-the-device"]


def test_nothing_can_become_current_when_there_is_nothing(vault: Vault) -> None:
    with pytest.raises(VaultError, match="There is no entry UC250001/cartable"):
        make_current(vault)
    with vault.transaction() as change:
        change.put_secret(*PLACE, "recovery", "key")
    with pytest.raises(VaultError, match="has no secret"):
        make_current(vault)


def test_an_asset_that_moved_keeps_its_password(vault: Vault) -> None:
    put_pending(vault, "first-secret")
    make_current(vault)
    moved = ("une_autre_ecole", *PLACE[1:])
    assert vault.get(*moved) is not None
    with vault.transaction() as change:
        change.describe(*moved, **SAID)
    entry = vault.get(*moved)
    assert entry is not None
    assert (entry.site, entry.password) == ("une_autre_ecole", "first-secret")
    assert len(vault.entries()) == 1


def test_a_removed_entry_goes_to_the_recycle_bin(vault: Vault, passphrase: str) -> None:
    put_pending(vault, "first-secret")
    with vault.transaction() as change:
        assert change.remove(*PLACE)
        assert not change.remove(*PLACE)
    reopened = Vault.open(vault.path, passphrase)
    assert reopened.get(*PLACE) is None
    assert [entry.title for entry in reopened.content.opened.database.recyclebin_group.entries] == [
        "UC250001/cartable"
    ]
    put_pending(vault, "second-secret")  # a new one is another entry
    assert len(vault.entries()) == 1


def test_named_secrets_and_attachments(vault: Vault, passphrase: str) -> None:
    with vault.transaction() as change:
        change.put_secret(*PLACE, "luks recovery", "aaaa-bbbb")
        change.put_attachment(*PLACE, "header.img", b"\x00\x01")
        change.put_attachment(*PLACE, "other.img", b"other")
    with vault.transaction() as change:
        change.put_secret(*PLACE, "luks recovery", "cccc-dddd")
        change.put_attachment(*PLACE, "header.img", b"\x02")
    reopened = Vault.open(vault.path, passphrase)
    assert reopened.secret(*PLACE[1:], "luks recovery") == "cccc-dddd"
    assert reopened.attachment(*PLACE[1:], "header.img") == b"\x02"
    assert reopened.attachment(*PLACE[1:], "other.img") == b"other"
    assert reopened.attachment(*PLACE[1:], "no such file") is None
    assert "aaaa-bbbb" in [old.get("luks recovery") for old in history(reopened)]
    with pytest.raises(VaultError, match="cannot be the name"), vault.transaction() as change:
        change.put_secret(*PLACE, "pending", "x")


def test_secrets_are_protected_in_the_file_and_not_in_representations(vault: Vault, passphrase: str) -> None:
    put_pending(vault, "first-secret")
    make_current(vault)
    put_pending(vault, "second-secret")
    place = vault.content.locate(*PLACE[1:])
    assert place is not None
    protected = {
        string.findtext("Key")
        for string in place[1].iterchildren("String")
        if string.find("Value").get("Protected") == "True"
    }
    assert protected == {"Password", "pending"}
    assert vault.secrets() == {"first-secret", "second-secret", vault.age_identity()}
    shown = repr((vault, vault.__dict__, vault.get(*PLACE)))
    for secret in ("first-secret", "second-secret", passphrase):
        assert secret not in shown


def test_a_transaction_that_fails_changes_nothing(vault: Vault) -> None:
    put_pending(vault, "first-secret")
    before = vault.path.read_bytes()
    with pytest.raises(ZeroDivisionError), vault.transaction() as change:
        change.put_pending(*PLACE, password="never", **SAID)
        raise ZeroDivisionError
    assert vault.path.read_bytes() == before
    entry = vault.get(*PLACE)
    assert entry is not None
    assert entry.pending == "first-secret"


def test_the_previous_version_is_kept_and_both_are_private(vault: Vault) -> None:
    before = vault.path.read_bytes()
    put_pending(vault, "first-secret")
    assert vault.previous.read_bytes() == before
    for path in (vault.path, vault.previous):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_saving_and_reading_again_derive_no_key(vault: Vault, derivations: list[int]) -> None:
    put_pending(vault, "first-secret")
    make_current(vault)
    other = copy.copy(vault)  # what a forked worker has
    put_pending(vault, "second-secret")
    assert other.refresh()
    assert not other.refresh()
    assert other.get(*PLACE) == vault.get(*PLACE)
    assert derivations == []


def test_a_released_vault_gives_its_memory_back_and_reads_again(vault: Vault, derivations: list[int]) -> None:
    put_pending(vault, "first-secret")
    database = weakref.ref(vault.content.opened.database)
    vault.release()
    assert database() is None
    put_pending(vault, "second-secret")
    entry = vault.get(*PLACE)
    assert entry is not None
    assert entry.pending == "second-secret"
    assert derivations == []


def test_every_save_has_fresh_seeds(vault: Vault) -> None:
    put_pending(vault, "first-secret")
    headers = set()
    for number in range(3):
        put_pending(vault, f"secret {number}")
        header = vault.content.opened.database.kdbx.header.value.dynamic_header
        headers.add((header.master_seed.data, header.encryption_iv.data))
    assert len(headers) == 3


def test_a_vault_is_never_overwritten(vault: Vault, passphrase: str, cheap: KdfCost) -> None:
    before = vault.path.read_bytes()
    with pytest.raises(VaultError, match="There is a vault already"):
        Vault.create(vault.path, passphrase, cost=cheap)
    assert vault.path.read_bytes() == before


def test_a_weak_key_derivation_is_refused() -> None:
    for weak in ({"memory_mib": 8}, {"passes": 1}, {"lanes": 0}):
        with pytest.raises(VaultError, match="too weak"):
            KdfCost(**weak)


def test_a_wrong_passphrase_is_said(vault_path: Path) -> None:
    with pytest.raises(WrongPassphraseError, match=r"vault\.kdbx does not open: the passphrase .* is wrong"):
        Vault.open(vault_path, "not the one")
    with pytest.raises(WrongPassphraseError, match="empty"):
        Vault.open(vault_path, "")


def test_a_missing_vault_is_said(tmp_path: Path) -> None:
    with pytest.raises(VaultError, match=r"There is no vault at .*reversibility vault init"):
        Vault.open(tmp_path / "vault.kdbx", "any")


def test_a_truncated_vault_is_said_wherever_it_is_cut(vault: Vault, template: bytes, passphrase: str) -> None:
    for length in [*range(0, 300, 7), *range(300, len(template), 97), len(template) - 1]:
        vault.path.write_bytes(template[:length])
        with pytest.raises(DamagedVaultError, match=r"is damaged.*\.previous"):
            vault.refresh()
    vault.path.write_bytes(template)
    assert vault.age_recipient()


def test_a_flipped_bit_is_said_wherever_it_is(vault: Vault, template: bytes) -> None:
    # The key is known, so no derivation hides what the parser does; a bit in Argon2's own parameters must not be
    # believed before the header's checksum is.
    for position in [*range(0, 420), *range(420, len(template), 61)]:
        damaged = bytearray(template)
        damaged[position] ^= 1 << (position % 8)
        vault.path.write_bytes(damaged)
        with pytest.raises((DamagedVaultError, WrongPassphraseError)):
            vault._load()


def test_names_that_would_not_come_back_are_refused(vault: Vault) -> None:
    for place in (("", "a", "b"), ("s", "a/b", "c"), ("s", "a", " b"), ("s", "a\n", "b"), ("s", "a", "")):
        with pytest.raises(VaultError, match="cannot be the"):
            put_pending(vault, "secret", place)
    for secret in ("bell\a", "half \ud800", "   ", "\ufffe"):
        with pytest.raises(VaultError, match="The field pending") as error:
            put_pending(vault, secret)
        assert secret not in str(error.value)


@given(
    secret=st.text(
        st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), min_size=1
    ).filter(lambda text: text == text.strip() and not value_flaw("pending", text))
)
def test_any_printable_secret_survives(kept: Vault, secret: str) -> None:
    put_pending(kept, secret)
    kept._load()
    entry = kept.get(*PLACE)
    assert entry is not None
    assert entry.pending == secret


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, template: bytes, passphrase: str) -> Vault:
    """A vault that all examples of one Hypothesis test share."""
    path = tmp_path_factory.mktemp("kept") / "vault.kdbx"
    path.write_bytes(template)
    return Vault.open(path, passphrase)


@given(
    when=st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)).map(lambda when: when.replace(tzinfo=UTC))
)
def test_times_survive_to_the_second(when: datetime) -> None:
    assert kdbx.decode_time(kdbx.encode_time(when)) == when.replace(microsecond=0)


def test_verify_names_what_is_wrong(vault: Vault) -> None:
    assert vault.verify() == []
    with vault.transaction() as change:
        change.put_current(*PLACE, password="azerty", expires=datetime.now(UTC) - timedelta(days=1), **SAID)
        change.put_pending(
            "s", "UC250002", "eleve", password="Kd7m-Tq6w-Rz9b", username="eleve", policy="user"
        )
        database = vault.content.opened.database
        twin = copy.deepcopy(vault.content.locate(*PLACE[1:])[1])  # type: ignore[index]
        database.tree.find("Root/Group").append(twin)
    vault.path.chmod(0o644)
    problems = "\n".join(vault.verify())
    for expected in (
        "UC250001/cartable: two entries have this title",
        "has expired on",
        "breaks the policy administrator: it is shorter than 14 characters",
        "s: UC250002/eleve: its secret was never checked by a login",
        "Others may read the file (mode 0644)",
    ):
        assert expected in problems
    assert "azerty" not in problems
    assert "Kd7m" not in problems


def test_adding_many_is_linear(vault: Vault) -> None:
    """The work for an entry does not grow with the number of entries: counted, since time is not reliable."""
    import sys

    def calls(count: int, start: int) -> int:
        seen = 0

        def count_call(frame: object, event: str, argument: object) -> None:
            nonlocal seen
            seen += event in ("call", "c_call")

        with vault.transaction() as change:
            sys.setprofile(count_call)
            for number in range(start, start + count):
                change.put_current("s", f"UC{number:06d}", "cartable", password="Kd7m-Tq6w-Rz9b", **SAID)
            sys.setprofile(None)
        return seen

    first, second = calls(500, 0), calls(500, 500)
    assert second < first * 1.2
    assert len(vault.entries()) == 1000
