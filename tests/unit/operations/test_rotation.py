"""Selection of the passwords to rotate."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reversibility.errors import CartableError
from reversibility.market.load import load_market
from reversibility.operations.rotation import Selection, check_selection, due, made, not_rotated
from reversibility.records.password_policy import POLICIES, policy_named
from reversibility.records.vault_entry import Entry
from tests.project import PROJECT

MARKET = load_market(PROJECT / "inventories" / "demo")
JURANCON = load_market(PROJECT / "inventories" / "jurancon")
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
PC, OTHER = sorted(tag for tag, asset in MARKET.assets.items() if asset.kind == "classroom_pc")[:2]
NAS = next(tag for tag, asset in MARKET.assets.items() if asset.kind == "nas")


def entry(asset: str, account: str = "eleve", days: int = 10, policy: str = "user") -> Entry:
    """An entry whose password was made so many days ago."""
    expires = policy_named(policy).expiry(NOW - timedelta(days=days))
    return Entry(
        site=MARKET.assets[asset].site, asset=asset, account=account, username=account, password="x" * 14, pending=None,
        address="", expires=expires, policy=policy, revision=f"{asset}-{account}",
    )  # fmt: skip


ENTRIES = [
    entry(PC),
    entry(PC, "cartable", 100, "administrator"),
    entry(NAS, days=40),
    entry(NAS, "cartable", 400, "administrator"),  # expired
    replace(entry(OTHER), pending="cut"),
    replace(entry(OTHER, "direction"), password=""),  # recovery keys only
    replace(entry(OTHER, "enseignant"), expires=None),
]


def chosen(**options: object) -> set[str]:
    found = due(Selection(**options), MARKET, [PC, OTHER, NAS], ENTRIES, NOW)  # type: ignore[arg-type]
    return {f"{tag}/{each.account}" for tag, accounts in found.items() for each in accounts}


ALWAYS = {f"{NAS}/cartable", f"{OTHER}/eleve"}


def test_without_a_reason_and_an_age_only_what_is_due_anyway() -> None:
    assert chosen() == ALWAYS
    assert chosen(accounts=frozenset({"enseignant"})) == ALWAYS


def test_a_reason_selects_everything_that_is_left() -> None:
    assert chosen(reason="told") == ALWAYS | {
        f"{PC}/eleve", f"{PC}/cartable", f"{NAS}/eleve", f"{OTHER}/enseignant",
    }  # fmt: skip
    assert chosen(reason="told", accounts=frozenset({"eleve"})) == ALWAYS | {f"{PC}/eleve", f"{NAS}/eleve"}
    assert chosen(reason="told", kinds=frozenset({"nas"})) == {f"{NAS}/cartable", f"{NAS}/eleve"}
    here = frozenset({MARKET.assets[PC].site})
    assert chosen(reason="told", sites=here) >= {f"{PC}/eleve", f"{PC}/cartable"}
    assert f"{PC}/eleve" not in chosen(reason="told", sites=frozenset({"elsewhere"}))


def test_only_passwords_that_still_have_the_revision_that_was_given() -> None:
    given = frozenset({f"{PC}-eleve", f"{OTHER}-direction", "of-before"})
    assert chosen(reason="taken over", revisions=given) == ALWAYS | {f"{PC}/eleve"}


def test_an_age_selects_what_is_older_or_of_unknown_age_also_with_a_reason() -> None:
    assert chosen(older_than=39) == ALWAYS | {f"{PC}/cartable", f"{NAS}/eleve", f"{OTHER}/enseignant"}
    assert chosen(older_than=40, reason="told") == ALWAYS | {f"{PC}/cartable", f"{OTHER}/enseignant"}


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)), st.sampled_from(sorted(POLICIES)))
def test_the_age_is_right_to_three_days_and_never_too_young(when: datetime, policy: str) -> None:
    start = when.replace(tzinfo=UTC, microsecond=0)
    found = made(replace(entry(PC, policy=policy), expires=policy_named(policy).expiry(start)))
    assert found is not None
    assert timedelta(0) <= start - found <= timedelta(days=3)


def test_a_typing_error_is_refused() -> None:
    for options in (
        {"sites": {"nowhere"}},
        {"kinds": {"toaster"}},
        {"accounts": {"elev"}},
        {"older_than": 0},
    ):
        with pytest.raises(CartableError):
            check_selection(Selection(**options), MARKET, ENTRIES)  # type: ignore[arg-type]
    check_selection(Selection(accounts=frozenset({"eleve"}), older_than=1), MARKET, ENTRIES)


def test_the_key_of_an_ssid_is_due_on_each_access_point_of_its_site() -> None:
    points = [tag for tag, asset in JURANCON.assets.items() if "access_points" in asset.kind_groups]
    site = JURANCON.assets[points[0]].site
    key = replace(ENTRIES[0], site=site, asset=site, account="wifi/Ecole", revision="old")
    found = due(Selection(reason="told"), JURANCON, points, [key], NOW)
    assert list(found) == [tag for tag in sorted(points) if JURANCON.assets[tag].site == site]
    assert {(each.account, each.owner) for rows in found.values() for each in rows} == {("wifi/Ecole", site)}
    rows = {tag: [asdict(each) for each in others] for tag, others in found.items()}
    assert not_rotated(rows, [key]) == [f"{site}/wifi/Ecole"]
    assert not_rotated(rows, [replace(key, revision="new")]) == []


def test_a_device_is_there_when_its_radius_server_changes_the_shared_secret() -> None:
    switch = next(tag for tag, asset in MARKET.assets.items() if asset.kind == "switch")
    shared = replace(ENTRIES[0], asset=NAS, account=f"radius/{switch}")
    found = due(Selection(reason="told"), MARKET, [NAS, switch], [shared], NOW)
    assert ([each.account for each in found[NAS]], found[switch]) == ([f"radius/{switch}"], [])
    assert due(Selection(reason="told"), MARKET, [NAS], [shared], NOW).keys() == {NAS}
    assert due(Selection(), MARKET, [NAS, switch], [shared], NOW) == {}


def test_what_was_not_rotated_is_named() -> None:
    selected = {PC: [{"account": name, "revision": f"{PC}-{name}"} for name in ("eleve", "cartable", "gone")]}
    after = [replace(ENTRIES[0], revision="new"), replace(ENTRIES[1], revision="new", pending="half")]
    assert not_rotated(selected, after) == [f"{PC}/cartable", f"{PC}/gone"]
    assert not_rotated(selected, ENTRIES) == [f"{PC}/cartable", f"{PC}/eleve", f"{PC}/gone"]
    assert not_rotated(selected, ENTRIES, {"gone", "eleve"}) == [f"{PC}/cartable", f"{PC}/eleve"]
