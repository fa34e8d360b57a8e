"""The markets of this repository, and what a loaded market answers."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections import Counter
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from reversibility.cli import main
from reversibility.market import profiles
from reversibility.market.check import check_market, examine
from reversibility.market.load import load_market
from reversibility.market.model import Asset, Market
from reversibility.market.platforms import support_of
from reversibility.market.shape import SCHEMAS
from tests.project import PROJECT

SHIPPED_PROFILES = PROJECT / "reversibility" / "contract" / "profiles"
TODAY = dt.date(2026, 9, 1)
DOCUMENTATION = [ip_network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")]  # RFC 5737


@pytest.fixture
def jurancon(monkeypatch: pytest.MonkeyPatch) -> Market:
    monkeypatch.setattr(profiles, "PROFILES", SHIPPED_PROFILES)
    return load_market(PROJECT / "inventories" / "jurancon")


@pytest.mark.parametrize("name", ["demo", "jurancon"])
def test_the_shipped_markets_are_good(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "PROFILES", SHIPPED_PROFILES)
    checked = examine(PROJECT / "inventories" / name, TODAY)
    assert [str(finding) for finding in (*checked.findings, *checked.warnings)] == []


@pytest.mark.parametrize("name", ["demo", "jurancon"])
def test_the_shipped_markets_stay_good_after_their_contract(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profiles, "PROFILES", SHIPPED_PROFILES)
    assert check_market(PROJECT / "inventories" / name, dt.date(2040, 1, 1)) == []


def test_jurancon_has_the_shape_of_the_contract(jurancon: Market) -> None:
    """J 2.1 (pupils, classes), 2.3 (old systems, mobile classes, storage), R40 (tags)."""
    schools = {site: (school["pupils"], school["classes"]) for site, school in jurancon.sites.items()}
    assert schools == {
        "barthou_maternelle": (110, 4),
        "barthou_elementaire": (160, 7),
        "moulin_maternelle": (70, 3),
        "moulin_elementaire": (90, 4),
    }
    assert len({school["group"] for school in jurancon.sites.values()}) == 2
    assert {school["holiday_zone"] for school in jurancon.sites.values()} == {"A"}
    kinds = Counter(asset.kind for asset in jurancon.assets.values())
    assert dict(kinds) == {
        "access_point": 8, "charging_cart": 2, "classroom_pc": 25, "copier": 4, "director_laptop": 4, "firewall": 4,
        "interactive_board": 7, "nas": 2, "phone": 4, "printer": 1, "projector": 14, "pupil_laptop": 30, "switch": 5,
        "tablet": 8, "ups": 2,
    }  # fmt: skip
    assert Counter(asset.managed for asset in jurancon.assets.values()) == {True: 54, False: 66}
    unmanaged = Counter(asset.kind for asset in jurancon.assets.values() if not asset.managed)
    assert not {"switch", "nas", "pupil_laptop", "director_laptop"} & set(unmanaged)
    assert {kind: count for kind, count in unmanaged.items() if kind != "classroom_pc"} == {
        kind: kinds[kind] for kind in unmanaged if kind != "classroom_pc"
    }, "of the other kinds either all are managed or none"
    for site in ("barthou_elementaire", "moulin_elementaire"):
        kinds = Counter(asset.kind for asset in jurancon.assets.values() if asset.site == site)
        assert kinds["pupil_laptop"] == 15
        assert kinds["nas"] == kinds["director_laptop"] == 1
    old = [asset for asset in jurancon.assets.values() if (support_of(asset.os).last or TODAY) < TODAY]
    assert Counter(asset.attributes["os"] for asset in old) == {"windows-7": 10, "windows-xp": 2}
    assert {asset.kind for asset in old} == {"classroom_pc"}
    assert not any(asset.managed for asset in old)
    assert len(old) == unmanaged["classroom_pc"]
    assert all(isinstance(asset.attributes["replace_by"], dt.date) for asset in old)


def test_jurancon_has_nothing_of_the_real_world(jurancon: Market) -> None:
    """Addresses for documentation, local hardware addresses, reserved domains, telephone numbers nobody has."""
    for asset in jurancon.assets.values():
        assert re.fullmatch(r"[A-Z]{2}\d{6}", asset.tag)
        assert asset.attributes.get("mac", "02:").startswith("02:")
        if asset.address:
            assert any(ip_address(asset.address) in net for net in DOCUMENTATION)
    text = "".join(
        file.read_text(encoding="utf-8") for file in (PROJECT / "inventories" / "jurancon").rglob("*.yml")
    )
    assert re.findall(r"@(?!\S+\.example\b)\S+\.\S+", text) == []
    assert re.findall(r"\+(?!33 5 99 00 )\d\d \d[\d ]+", text) == []


def test_each_network_port_of_jurancon_is_used_once(jurancon: Market) -> None:
    peers = [
        port["peer"]
        for asset in jurancon.assets.values()
        for port in asset.variables.get("ports", {}).values()
        if "peer" in port
    ]
    trunks = {"SW250001", "SW250002"}  # the two switches of Barthou name each other
    assert [peer for peer, count in Counter(peers).items() if count > 1 and peer not in trunks] == []


def test_software_is_selected(jurancon: Market) -> None:
    def names(tag: str) -> set[str]:
        return {entry["id"] for entry in jurancon.software_for(jurancon.assets[tag])}

    assert "audacity" not in names("UC250001")  # Barthou
    moulin = next(
        a.tag for a in jurancon.assets.values() if a.room == "me_classe_cp" and a.kind == "classroom_pc"
    )
    assert names(moulin) == names("UC250001") | {"audacity"}
    assert "keepassxc" in names("PD250001")
    assert names("NA250001") == names("PF240001") == set()
    legacy = next(a for a in jurancon.assets.values() if a.attributes.get("os") == "windows-xp")
    assert jurancon.software_for(legacy) == []


def test_selectors_agree() -> None:
    pc = Asset("UC250001", "a", "r", "classroom_pc", True, {"user_role": "pupil"}, None, {}, "hosts.yml", 1)
    assert pc.selected_by({"kind": ["classroom_pc", "nas"]})
    assert pc.selected_by(
        {"kind": ["classroom_pc"], "user_role": ["pupil"], "site": ["a"], "tag": ["UC250001"]}
    )
    assert not pc.selected_by({"kind": ["classroom_pc"], "user_role": ["teacher"]})
    assert not pc.selected_by({})


def test_an_asset_knows_its_place(market: Path) -> None:
    loaded = load_market(market / "hosts.yml")
    pc = loaded.assets["UC180001"]
    assert (pc.site, pc.room, pc.kind, pc.managed) == ("trois_platanes", "cm2", "classroom_pc", True)
    assert (pc.address, pc.line, pc.file) == ("198.51.100.107", 40, f"{market}/hosts.yml")
    assert pc.attributes["purchased"] == dt.date(2018, 8, 27)
    assert loaded.assets["SW250001"].variables["ports"]["p_guest"]["vlan"] == "guests"
    assert (loaded.name, loaded.path) == ("base", market)


@pytest.mark.parametrize("schema", sorted(SCHEMAS.glob("*.json")), ids=lambda path: path.stem)
def test_schemas_are_schemas(schema: Path) -> None:
    content = json.loads(schema.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(content)
    assert content["$id"] == schema.name


def test_the_command(capsys: pytest.CaptureFixture[str], market: Path, tmp_path: Path) -> None:
    assert main(["check", "-i", str(market)]) == 0
    first, sites, *_ = capsys.readouterr().out.splitlines()
    assert first == "market base: no error" and " sites, " in sites
    contract = market / "contract.yml"
    contract.write_text(contract.read_text().replace("until: 2029-03-31", "until: 2025-10-31"))
    assert main(["check", "-i", str(market)]) == 0
    out = capsys.readouterr().out
    assert f"warning: {contract}:29: the waiver of J-3.14-materiels ended on 2025-10-31" in out
    assert "market base: no error" in out
    (market / "sites.yml").write_text("sites: {}\n")
    assert main(["check", "-i", str(market)]) == 1
    out = capsys.readouterr().out
    assert f"{market}/sites.yml:1: sites is empty; expected at least one entry" in out
    assert out.rstrip().splitlines()[-1].endswith("error") or out.rstrip().endswith("errors")
    assert main(["check", "-i", str(tmp_path)]) == 2
    assert "is not a market" in capsys.readouterr().err


def test_the_market_of_the_scenarios_is_well_formed() -> None:
    assert load_market(PROJECT / "tests" / "molecule" / "market").assets, "all scenarios share it"
