"""A contract is data: its shape is checked, and another one needs no code."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from reversibility.contract import registry
from reversibility.contract.context import METHODS
from reversibility.contract.obligations import Concerns, Subject
from reversibility.contract.profile_loader import load_profile
from reversibility.contract.registry import EVIDENCES, PROOFS
from reversibility.errors import CartableError
from tests.unit.contract.handover import NOW, Handover, demo_market, without_waivers

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


def test_every_evidence_and_proof_is_documented_and_says_what_lacks() -> None:
    settings = {"document": "plan*", "table": "plan-adressage"}
    obligation = replace(load_profile("base").obligation("B-6.1-plan"), settings=settings)
    for name, evidence in EVIDENCES.items():
        assert evidence.find.__doc__ and evidence.absent(obligation, Subject()), name
    for name, proof in PROOFS.items():
        assert proof.judge.__doc__ and proof.method in METHODS, name


def test_a_proof_is_one_function_with_a_method_of_the_field() -> None:
    with pytest.raises(ValueError, match="no method of proof is called 'guessed'"):
        registry.proof("guessed")
    with pytest.raises(ValueError, match="two functions are called signed"):
        registry.proof("signed")(PROOFS["signed"].judge)


def test_the_report_of_reversibility_concerns_every_declared_asset() -> None:
    market = demo_market()
    profile = load_profile("jurancon")
    asked = [profile.obligation(f"J-3.14-{name}") for name in ("materiels", "reseaux")]
    for asset in market.assets.values():
        assert sum(obligation.concerns.selects(asset, NOW.date()) for obligation in asked) == 1, asset.tag


def test_another_contract_needs_data_only(tmp_path: Path, handover: Handover) -> None:
    path = write(tmp_path, TINY)
    assessment = handover.assess(profile=path, market=without_waivers(handover.market))
    assert assessment.profile.name == "tiny"
    assert [(row.obligation, row.asset, row.status) for row in assessment.rows] == [
        ("T-1-parc", "VP250001", "proven"),
        ("T-2-contrat", None, "missing"),
    ]


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
    with pytest.raises(
        CartableError, match="no obligations profile 'paris'; use one of: base, bourget, jurancon"
    ):
        load_profile("paris")


def test_a_contract_takes_in_another_one(tmp_path: Path) -> None:
    """Its own obligations first, then those of the others, each once; they may lie beside it, or be shipped."""
    write(tmp_path, TINY)
    child = tmp_path / "child.yml"
    own = TINY.replace("T-1", "U-1").replace("T-2", "U-2").replace("profile: tiny", "profile: child")
    child.write_text(own.replace("obligations:", "extends: [tiny, base]\nobligations:"), encoding="utf-8")
    ids = [obligation.id for obligation in load_profile(child).obligations]
    assert ids[:4] == ["U-1-parc", "U-2-contrat", "T-1-parc", "T-2-contrat"]
    assert ids[4:] == [obligation.id for obligation in load_profile("base").obligations]


@pytest.mark.parametrize(
    ("extends", "named"),
    [
        ("[tiny]", r"extends itself \(tiny → tiny\)"),
        ("[absent]", "tiny.yml: extends there is no obligations profile 'absent'; use one of: base"),
        ("base", "extends: 'base' is not of type 'array'"),
    ],
)
def test_what_cannot_be_taken_in_is_named(tmp_path: Path, extends: str, named: str) -> None:
    with pytest.raises(CartableError, match=named):
        load_profile(write(tmp_path, f"extends: {extends}\n{TINY}"))


def test_an_obligation_that_two_contracts_have_is_named(tmp_path: Path) -> None:
    text = TINY.replace("T-1-parc", "B-6.1-plan")
    with pytest.raises(CartableError, match=r"base.yml.*the id B-6[.]1-plan is used twice"):
        load_profile(write(tmp_path, f"extends: [base]\n{text}"))


def test_kinds_are_named_by_their_group(tmp_path: Path) -> None:
    def tags(concerns: str) -> set[str]:
        profile = load_profile(write(tmp_path, TINY.replace("{kind: [projector]}", concerns)))
        subjects = profile.obligation("T-1-parc").concerns.subjects(demo_market(), NOW.date())
        return {subject.asset.tag for subject in subjects if subject.asset}

    assert tags("{group: [network]}") == {"SW250001", "RT250001"}
    assert tags("{group: [network], kind: [projector]}") == {"SW250001", "RT250001", "VP250001"}
    assert tags("{group: [network], not_group: [network]}") == set()
    with pytest.raises(CartableError, match="no group of kinds is called 'furniture'"):
        tags("{group: [furniture]}")


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
    market = demo_market()
    assert {subject.asset.tag for subject in concerns.subjects(market, NOW.date()) if subject.asset} == tags


@pytest.mark.parametrize(
    ("system", "day", "concerned"),
    [
        ("debian-12", date(2028, 6, 30), False),
        ("debian-12", date(2028, 7, 1), True),
        ("debian-10", date(2026, 3, 2), True),  # what is paid for is not the maker's own support
        ("windows-7", date(2026, 3, 2), True),
        ("plan9-4", date(2026, 3, 2), False),
    ],
)
def test_an_old_system_is_one_that_its_maker_no_longer_supports(
    system: str, day: date, concerned: bool
) -> None:
    asset = demo_market().assets["UC180001"]
    concerns = load_profile("jurancon").obligation("J-2.3-equipements-anciens").concerns
    assert concerns.selects(asset, day), "it is dated for replacement"
    asset = replace(asset, attributes={**asset.attributes, "os": system, "replace_by": None})
    assert concerns.selects(asset, day) is concerned


def test_the_denominator_of_a_site_and_of_the_market() -> None:
    market = demo_market()
    assert [s.site for s in Concerns(level="site").subjects(market, NOW.date())] == ["trois_platanes"]
    assert [(s.site, s.asset) for s in Concerns(level="market").subjects(market, NOW.date())] == [
        (None, None)
    ]
