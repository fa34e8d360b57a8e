"""Each rule: a broken copy of the base market, and everything that the check says of it, to the letter."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path

import pytest

from reversibility.market import check, load, market_files, shape, source
from reversibility.market.check import check_market
from reversibility.market.findings import MarketError
from reversibility.market.load import load_market
from reversibility.market.variables import loaded, shared_variables
from tests.unit.market.support import HERE, TODAY, Case

CASES = [Case.read(path) for path in sorted((HERE / "cases").glob("*.yml"))]


def said(market: Path) -> str:
    """The findings as the command prints them, with paths relative to the market."""
    return "".join(f"{finding}\n" for finding in check_market(market, TODAY)).replace(f"{market}/", "")


def warned(market: Path, today: dt.date = TODAY) -> str:
    """The same of what stops nothing."""
    return "".join(f"{finding}\n" for finding in check.examine(market, today).warnings).replace(
        f"{market}/", ""
    )


def test_the_base_market_is_good(market: Path) -> None:
    assert said(market) == warned(market) == ""


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_broken_market_is_described(case: Case, market: Path) -> None:
    case.apply(market)
    assert (said(market), warned(market)) == (case.expected, case.warned)


def test_every_rule_is_broken_by_a_case(market: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any one rule, at least one case would go unnoticed: no rule is there untested."""
    broken = []
    for case in CASES:
        copy = market.parent / case.name
        copy.mkdir()
        for file in market.rglob("*"):
            if file.is_file():
                target = copy / file.relative_to(market)
                target.parent.mkdir(exist_ok=True)
                target.write_bytes(file.read_bytes())
        case.apply(copy)
        examined = check.MarketFiles.read(copy)
        examined.today = TODAY
        check.shapes(examined)
        examined.gather()
        broken.append(examined)
    rules = (*check.RULES, *check.WARNINGS)
    broken[0].today = TODAY.replace(year=2099)  # no case is as old as that a system's support has ended since
    silent = [rule.__name__ for rule in rules if not any(list(rule(examined)) for examined in broken)]
    assert silent == []


def test_text_that_is_not_utf_8_is_found(market: Path) -> None:
    file = market / "sites.yml"
    file.write_bytes(file.read_text(encoding="utf-8").encode("latin-1"))
    assert said(market) == "sites.yml:4: the text is not UTF-8; expected a file saved as UTF-8\n"


def test_a_file_of_ansible_vault_is_left_alone(market: Path) -> None:
    (market / "group_vars" / "managed.yml").write_text("$ANSIBLE_VAULT;1.1;AES256\n6161\n")
    assert said(market) == ""


def test_a_market_with_errors_does_not_load(market: Path) -> None:
    Case("x", [{"file": "network.yml", "replace": "pupils: {id: 40", "by": "pupils: {id: 30"}], "").apply(
        market
    )
    with pytest.raises(MarketError) as caught:
        load_market(market)
    assert len(caught.value.findings) == 1
    assert "has 1 error" in str(caught.value)
    assert f"{market}/network.yml:7: the VLAN pupils has the number 30 of teachers" in str(caught.value)


def test_a_folder_that_is_no_market(tmp_path: Path) -> None:
    found = check_market(tmp_path, TODAY)
    assert [finding.where for finding in found] == [
        "catalogue.yml", "contract.yml", "hosts.yml", "network.yml", "sites.yml",
    ]  # fmt: skip


def test_a_new_file_of_a_market_is_one_line_and_one_schema(
    market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read, checked and handed to all hosts; nothing else knows its name."""
    schemas = tmp_path / "schemas"
    shutil.copytree(shape.SCHEMAS, schemas)
    (schemas / "stock.schema.json").write_text(
        json.dumps(
            {
                "$id": "stock.schema.json",
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "type": "object",
                "properties": {"spares": {"type": "integer"}},
            }
        )
    )
    monkeypatch.setattr(shape, "SCHEMAS", schemas)
    monkeypatch.setattr(market_files, "FILES", {**market_files.FILES, "stock": False})
    monkeypatch.setattr(load, "FILES", market_files.FILES)
    caches = (shape._registry, shape._validator)
    try:
        [cached.cache_clear() for cached in caches]
        before = load.stamp(market)
        (market / "stock.yml").write_text("spares: 3\n")
        assert load.stamp(market) != before
        known = loaded(market)
        assert known is not None and shared_variables(known)["cartable_stock"] == {"spares": 3}
        (market / "stock.yml").write_text("spares: many\n")
        assert said(market) == 'stock.yml:1: spares is "many"; expected a whole number\n'
    finally:
        [cached.cache_clear() for cached in caches]


def test_no_finding_shows_a_secret(market: Path) -> None:
    """Neither the rule about secrets nor any other one, and not the reading of YAML either."""
    next(case for case in CASES if case.name == "secrets_written_out").apply(market)
    everything = said(market)
    assert everything.count("\n") >= 12
    assert "Hunter" not in everything
    assert "Zebra" not in everything
    assert "02-30" not in everything


@pytest.mark.parametrize("year", [2029, 2035, 2099])
def test_a_good_market_stays_good_while_time_passes(market: Path, year: int) -> None:
    later = dt.date(year, 4, 1)
    assert check_market(market, later) == []
    warnings = warned(market, later).splitlines(keepends=True)
    assert warnings[0] == (
        "contract.yml:29: the waiver of J-3.14-materiels ended on 2029-03-31 and waives nothing now; "
        "expected a later end that its author agrees to, or no waiver\n"
    )
    ended = [line.split(": ")[1].split(", ")[0] for line in warnings[1:]]
    supported = {"12": 2028, "13": 2030}
    assert [line for line in ended if supported[line[-2:]] >= year] == []
    assert len(ended) == (6 if year > 2030 else 0), "those without a date of replacement"


def test_each_file_is_read_once(market: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What makes a check fast, counted rather than timed; the second check of a process reads the market alone."""
    read: list[str] = []
    builder = source._Builder.build

    def build(self: source._Builder, text: str) -> None:
        read.append(self.document.file)
        builder(self, text)

    check_market(market, TODAY)
    monkeypatch.setattr(source._Builder, "build", build)
    check_market(market, TODAY)
    assert sorted(read) == sorted(str(path) for path in market.rglob("*.yml"))
