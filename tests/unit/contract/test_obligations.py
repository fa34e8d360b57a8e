"""A contract is data: its shape is checked, and another one needs no code."""

from __future__ import annotations

from pathlib import Path

import pytest

from reversibility.contract.evidences import EVIDENCES
from reversibility.contract.obligations import Concerns, load_profile
from reversibility.contract.proofs import PROOFS
from reversibility.errors import CartableError
from reversibility.market.load import load_market
from tests.unit.contract.handover import DEMO, Handover

TINY = """
profile: tiny
title: Un tout petit contrat
obligations:
  - id: T-1-parc
    clause: "1"
    title: Le parc
    text: Le titulaire remet la liste des vidéoprojecteurs.
    requirement: R19
    concerns: {kind: [projector]}
    evidence: inventory_row
    proof: matches_declaration
    delivered_in: 01-inventaire
  - id: T-2-contrat
    clause: "2"
    title: Un papier
    text: Le titulaire remet un papier.
    requirement: R46
    concerns: market
    evidence: document
    proof: signed
    settings: {document: "papier*"}
    delivered_in: 11-documents
"""
REQUIREMENTS = {"R02", "R20", "R33", "R34", "R35", "R40", "R41", "R46", "R50", "R51", "R52", "R53", "R56"}


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "tiny.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_contract_covers_its_requirements() -> None:
    profile = load_profile("jurancon")
    assert {obligation.requirement for obligation in profile.obligations} >= REQUIREMENTS
    fourth = [o.text for o in profile.obligations if o.clause == "3.14"]
    assert fourth == [
        "Les configurations des matériels",
        "Les configurations des réseaux",
        "Les configurations des logiciels",
        "L’ensemble des mots de passe et codes d’accès",
    ]


def test_every_evidence_and_proof_is_documented_and_used() -> None:
    profile = load_profile("jurancon")
    assert {o.evidence for o in profile.obligations} == set(EVIDENCES)
    assert {o.proof for o in profile.obligations} == set(PROOFS)
    for function in (*EVIDENCES.values(), *PROOFS.values()):
        assert function.__doc__, function.__name__


def test_the_report_of_reversibility_concerns_every_declared_asset() -> None:
    market = load_market(DEMO)
    profile = load_profile("jurancon")
    asked = [profile.obligation(f"J-3.14-{name}") for name in ("materiels", "reseaux")]
    for asset in market.assets.values():
        assert sum(obligation.concerns.selects(asset) for obligation in asked) == 1, asset.tag


def test_another_contract_needs_data_only(tmp_path: Path, handover: Handover) -> None:
    path = write(tmp_path, TINY)
    assessment = handover.assess(profile=path, market=without_waivers(handover))
    assert assessment.profile.name == "tiny"
    assert [(row.obligation, row.asset, row.status) for row in assessment.rows] == [
        ("T-1-parc", "VP250001", "proven"),
        ("T-2-contrat", None, "missing"),
    ]


def without_waivers(handover: Handover):  # type: ignore[no-untyped-def]
    from dataclasses import replace

    return replace(handover.market, contract={**handover.market.contract, "waivers": []})


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (("requirement: R19", "requirement: nineteen"), "obligations/0/requirement"),
        (("evidence: inventory_row", "evidence: horoscope"), "no evidence is called 'horoscope'"),
        (("proof: signed", "proof: sworn"), "no proof is called 'sworn'"),
        (("id: T-2-contrat", "id: T-1-parc"), "the id T-1-parc is used twice"),
        (("concerns: market", "concerns: everything"), "obligations/1/concerns"),
        (("    text: Le titulaire remet un papier.\n", ""), "'text' is a required property"),
        (("title: Un tout petit contrat", "title: [Un"), "cannot be read as YAML"),
    ],
)
def test_a_mistake_in_a_contract_is_named(tmp_path: Path, change: tuple[str, str], named: str) -> None:
    assert change[0] in TINY
    with pytest.raises(CartableError) as raised:
        load_profile(write(tmp_path, TINY.replace(*change)))
    assert named in str(raised.value)
    assert "\n" not in str(raised.value) or "YAML" in str(raised.value)


def test_all_mistakes_are_listed(tmp_path: Path) -> None:
    text = TINY.replace("R19", "nineteen").replace("R46", "forty-six")
    with pytest.raises(CartableError, match=r"obligations/0/requirement.*obligations/1/requirement"):
        load_profile(write(tmp_path, text))


def test_an_unknown_profile_says_which_there_are() -> None:
    with pytest.raises(CartableError, match="no obligations profile 'paris'; use one of: jurancon"):
        load_profile("paris")


@pytest.mark.parametrize(
    ("concerns", "tags"),
    [
        (Concerns(kind=("switch", "router")), {"SW250001", "RT250001"}),
        (Concerns(managed=False), {"IM250001", "VP250001", "TB250001"}),
        (Concerns(os=("debian-12",)), {"UC180001"}),
        (Concerns(os=("windows-7*",)), set()),
        (Concerns(site=("elsewhere",)), set()),
        (Concerns(not_kind=("*",)), set()),
        (Concerns(kind=("classroom_*",), not_kind=("nas",), os=("debian-13",)), {"UC250001", "UC250002"}),
    ],
)
def test_selection(concerns: Concerns, tags: set[str]) -> None:
    market = load_market(DEMO)
    assert {subject.asset.tag for subject in concerns.subjects(market) if subject.asset} == tags


def test_the_denominator_of_a_site_and_of_the_market() -> None:
    market = load_market(DEMO)
    assert [s.site for s in Concerns(level="site").subjects(market)] == ["trois_platanes"]
    assert [(s.site, s.asset) for s in Concerns(level="market").subjects(market)] == [(None, None)]
