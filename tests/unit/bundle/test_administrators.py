"""Who may administer, as the bundle hands it over: the second factor and the bastion of each person (B 7.2)."""

from __future__ import annotations

import csv
from pathlib import Path

from reversibility.bundle.sections import accounts


def test_each_administrator_has_a_second_factor_and_a_bastion_or_is_said_to_have_none(tmp_path: Path) -> None:
    people = [
        {
            "name": "Alex Exemple",
            "party": "contractor",
            "mfa": "clé FIDO2",
            "bastion": "bastion.mairie.example",
        },
        {"name": "Dominique Exemple", "party": "town"},
    ]
    accounts.write_administrators({"administrators": people}, tmp_path / "administrateurs.csv")
    with (tmp_path / "administrateurs.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter=";"))
    assert [list(row.values())[2:] for row in rows] == [
        ["clé FIDO2", "bastion.mairie.example"],
        ["aucun", "aucun"],
    ]
