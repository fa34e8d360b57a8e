"""Who may administer, as the bundle hands it over: account, key, dates, second factor and bastion (R34, B 7.2)."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

from reversibility.bundle.sections import accounts
from reversibility.bundle.signature import fingerprint_of, public_key
from tests.unit.bundle.conftest import make_key


def test_each_administrator_has_an_access_of_ones_own_or_is_said_to_have_none(tmp_path: Path) -> None:
    key = make_key(tmp_path / "alex")
    people = [
        {
            "name": "Alex Exemple",
            "party": "contractor",
            "account": "aexemple",
            "ssh_key_file": "alex.pub",
            "until": date(2027, 6, 30),
            "mfa": "clé FIDO2",
            "bastion": "bastion.mairie.example",
        },
        {"name": "Dominique Exemple", "party": "town"},
    ]
    accounts.write_administrators({"administrators": people}, tmp_path / "administrateurs.csv", tmp_path)
    with (tmp_path / "administrateurs.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter=";"))
    assert [list(row.values())[2:] for row in rows] == [
        [
            "aexemple",
            fingerprint_of(public_key(key)),
            "",
            "2027-06-30",
            "clé FIDO2",
            "bastion.mairie.example",
        ],
        ["aucun", "aucune", "", "", "aucun", "aucun"],
    ]
