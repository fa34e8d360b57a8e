"""The table of obligations x assets: what is good is proven, and each damage shows in the right row."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reversibility.contract.assessment import STATUSES, Row, Totals
from reversibility.errors import CartableError
from tests.unit.contract.handover import LOGGED_IN, NOW, Handover

MISSING = {
    "B-6.2-dhcp-dns",  # this bag has no table of the network: test_proofs_network.py
    "B-6.2-internet",
    "B-6.2-cles-wifi",
    "J-2.4-qui-fait-quoi", "B-6.1-plan", "B-6.3-restauration-temoin", "B-6.3-transfert", "J-3.6-formation",
    "J-3.7-accompagnement", "J-3.8.1-maintenance",
}  # fmt: skip


def test_a_good_handover(pristine: Handover) -> None:
    assessment = pristine.assess()
    by_id = assessment.by_obligation()
    assert {name for name, totals in by_id.items() if totals.rows and not totals.proven} == MISSING
    assert not [row for row in assessment.rows if row.status == "present"]
    others = [(r.obligation, r.asset, r.status) for r in assessment.rows if r.status != "proven" and r.asset]
    assert others == [
        ("J-3.14-materiels", "IM250001", "waived"),
        ("J-3.14-materiels", "TB250001", "missing"),
        ("J-3.14-materiels", "VP250001", "missing"),
        ("J-3.14-mots-de-passe", "IM250001", "missing"),
        ("C-9-regles-mots-de-passe", "IM250001", "missing"),
    ]


def test_every_declared_asset_counts(pristine: Handover) -> None:
    rows = [row for row in pristine.assess().rows if row.obligation == "J-3.9-inventaire"]
    assert {row.asset for row in rows} == set(pristine.market.assets)


def test_a_proven_row_says_how_when_and_where(pristine: Handover) -> None:
    for row in pristine.assess().rows:
        if row.status == "proven":
            when = LOGGED_IN if row.method == "logged_in" else NOW
            assert row.method and row.proved_at == when.isoformat() and row.detail
            assert row.evidence and (pristine.bundle / row.evidence).exists()
        else:
            assert row.method is None and row.proved_at is None


def test_totals_are_never_better_than_their_rows(pristine: Handover) -> None:
    assessment = pristine.assess()
    counts = assessment.counts()
    assert sum(counts.values()) == len(assessment.rows)
    assert assessment.rate() == counts["proven"] / len(assessment.rows)
    for totals in (assessment.by_obligation(), assessment.by_site()):
        for status in STATUSES:
            assert sum(getattr(one, status) for one in totals.values()) == counts[status]


@given(st.lists(st.sampled_from(STATUSES)))
def test_the_rate_is_proven_over_all_rows(statuses: list[str]) -> None:
    rows = [Row("O", "1", "", "R50", None, None, status, None, None, None, "") for status in statuses]
    totals = Totals.of(rows)
    assert totals.rows == len(statuses)
    assert totals.rate == (statuses.count("proven") / len(statuses) if statuses else 0)
    assert totals.to_json()["rate"] <= totals.rate


def test_no_secret_is_in_the_assessment(pristine: Handover) -> None:
    assessment = pristine.assess()
    text = json.dumps(assessment.to_json(), ensure_ascii=False)
    logins = [row for row in assessment.rows if row.method == "logged_in" and row.status == "proven"]
    assert len(logins) > 10, "the rows that have met the secrets are among what is looked at"
    assert all(row.asset is None or row.asset in text for row in logins)
    secrets = [entry.password for entry in pristine.copy.entries()]
    assert len(secrets) == 11 and not any(secret in text for secret in secrets)


def test_an_empty_bag_proves_nothing_and_breaks_nothing(handover: Handover) -> None:
    shutil.rmtree(handover.data)
    handover.data.mkdir()
    counts = handover.assess(exported_vault=None).counts()
    assert counts["proven"] == counts["present"] == 0


# ---- waivers ----


def test_a_waiver_is_shown_with_its_reason_and_not_counted(pristine: Handover) -> None:
    row = pristine.row("J-3.14-materiels", "IM250001")
    assert row.status == "waived" and row.waiver is not None
    assert row.waiver["author"] == "Dominique Exemple" and "agglomération" in row.waiver["reason"]


def test_a_waiver_ends(pristine: Handover) -> None:
    end = date.fromisoformat(dict(pristine.row("J-3.14-materiels", "IM250001").waiver or {})["until"])
    row = pristine.row("J-3.14-materiels", "IM250001", now=NOW + (end - NOW.date()) + timedelta(days=1))
    assert row.status == "missing" and "dérogation échue" in row.detail and row.waiver is None


def test_a_waiver_that_is_over_leaves_a_row_what_it_is(handover: Handover) -> None:
    (handover.folder("UC250001") / "config.age").unlink()
    yesterday = NOW.date() - timedelta(days=1)
    waiver = {
        "obligation": "J-3.14-materiels", "asset": "UC250001", "reason": "r", "author": "a", "until": yesterday,
    }  # fmt: skip
    market = replace(handover.market, contract={**handover.market.contract, "waivers": [waiver]})
    row = handover.row("J-3.14-materiels", "UC250001", market=market)
    assert row.status == "present" and row.waiver is None
    assert row.detail.endswith("\u00a0; dérogation échue le 01/03/2026")


def test_a_waiver_by_kind_and_one_that_is_not_needed(pristine: Handover) -> None:
    base = {"reason": "r", "author": "a", "until": date(2030, 1, 1)}
    waivers = [
        {"obligation": "J-3.14-materiels", "kind": "projector", **base},
        {"obligation": "J-3.9-inventaire", **base},
    ]
    market = replace(pristine.market, contract={**pristine.market.contract, "waivers": waivers})
    assert pristine.row("J-3.14-materiels", "VP250001", market=market).status == "waived"
    assert pristine.row("J-3.14-materiels", "TB250001", market=market).status == "missing"
    assert pristine.row("J-3.9-inventaire", "VP250001", market=market).status == "proven"


def test_a_waiver_by_site_covers_that_site_alone(pristine: Handover) -> None:
    own = "".join(
        list(pristine.market.assets["VP250001"].site)
    )  # as YAML gives it: equal, and another object
    base = {"obligation": "J-3.14-materiels", "kind": "projector", "reason": "r", "author": "a"}
    for site, expected in ((own, "waived"), (f"{own}-2", "missing"), ("a", "missing"), ("zz", "missing")):
        waivers = [{**base, "site": site, "until": date(2030, 1, 1)}]
        market = replace(pristine.market, contract={**pristine.market.contract, "waivers": waivers})
        assert pristine.row("J-3.14-materiels", "VP250001", market=market).status == expected, site


def test_a_waiver_for_nothing_is_refused(pristine: Handover) -> None:
    waivers = [{"obligation": "J-3.15", "reason": "r", "author": "a", "until": date(2030, 1, 1)}]
    market = replace(pristine.market, contract={**pristine.market.contract, "waivers": waivers})
    with pytest.raises(CartableError, match=r"waivers are written for J-3\.15"):
        pristine.assess(market=market)
