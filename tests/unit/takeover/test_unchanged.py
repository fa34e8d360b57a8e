"""What two bundles still share of what opens things."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from reversibility.bundle.takeover.steps import run_steps
from reversibility.bundle.unchanged import _keep_their_host_keys, unchanged
from reversibility.cli import main
from reversibility.operations.takeover.progress import FILE
from tests.project import PROJECT
from tests.unit.takeover.school import Successor
from tests.unit.takeover.test_steps import silent


def test_after_a_take_over_nothing_of_what_opens_something_is_the_same(
    successor: Successor, capsys: pytest.CaptureFixture[str]
) -> None:
    same = unchanged(successor.bundle, successor.bundle)
    assert {"age identity", "operators' SSH key", "signing key"} <= set(same)
    assert {"holder's key of the contractor Entreprise Exemple", "password of UC250002/eleve"} <= set(same)

    successor.declare()
    context, _ = successor.begin()
    assert run_steps(context, silent) == []
    bundle = max(context.paths.bundles.glob("cartable-*"))
    assert unchanged(successor.bundle, bundle) == []
    check_sheets(successor.bundle, bundle)
    assert main(["compare", "--still-the-same", str(successor.bundle), str(bundle)]) == 0
    assert "0 credentials are still the same" in capsys.readouterr().out
    assert main(["compare", "--still-the-same", str(bundle), str(bundle)]) == 1
    assert "= age identity" in capsys.readouterr().out


def check_sheets(before: Path, after: Path) -> None:
    """Who hands over holds everything; after the take-over nothing is held, and what was tried was refused."""
    held, left = (accesses(bundle) for bundle in (before, after))
    assert {row["status"] for row in held} == {"held", "attested"}
    assert {
        "password",
        "operator_key",
        "host_key",
        "age_identity",
        "signing_key",
        "half",
        "person",
        "copies",
    } == {row["what"] for row in held}
    assert [(row["what"], row["asset"], row["name"]) for row in left] == [
        (row["what"], row["asset"], row["name"]) for row in held
    ], "the sheet goes on about the same contractor"
    assert {row["status"] for row in left} == {"refused", "replaced", "attested"}
    assert {row["status"] for row in left if row["what"] in ("password", "operator_key", "host_key")} == {
        "refused"
    }
    mine = json.loads((after / "data/05-comptes/acces-titulaire.json").read_text(encoding="utf-8"))["access"]
    assert {row["status"] for row in mine} == {"held", "attested"}, "the successor leaves some day"
    assert not (before / "data/05-comptes/acces-titulaire.json").exists()
    page = (before / "data/05-comptes/acces-titulaire-sortant.html").read_text(encoding="utf-8")
    assert "<h1>Accès du titulaire sortant</h1>" in page


def accesses(bundle: Path) -> list[dict[str, str]]:
    path = bundle / "data/05-comptes/acces-titulaire-sortant.json"
    rows: list[dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))["access"]
    return rows


def test_the_host_key_of_an_access_point_is_nothing_that_was_handed_over(tmp_path: Path) -> None:
    shutil.copytree(PROJECT / "inventories" / "demo", tmp_path / "10-automatisation" / "marche")
    assert _keep_their_host_keys(tmp_path) == {"198.51.100.4"}


def test_a_record_of_a_take_over_that_is_damaged_is_told_and_stops_no_hand_over(successor: Successor) -> None:
    file = successor.case.paths.state / FILE
    file.write_text('{"bundle": 1, "steps": []}', encoding="utf-8")
    try:
        built = successor.case.build(minutes=7)
    finally:
        file.unlink()
    assert any(f"{FILE} cannot be read" in finding for finding in built.findings)
    assert {row["status"] for row in accesses(built.path)} == {"held", "attested"}
    shutil.rmtree(built.path)
