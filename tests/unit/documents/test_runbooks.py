"""Runbooks: a page for each group of machines that the market has, with commands that exist."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from reversibility.documents.runbooks import RUNBOOKS, steps, write_runbooks
from tests.unit.contract.handover import NOW, PROJECT, Handover


def test_each_group_that_the_market_has_is_a_page_with_its_assets(handover: Handover, tmp_path: Path) -> None:
    write_runbooks(tmp_path / "fiches", handover.market, NOW)
    assert {path.stem for path in (tmp_path / "fiches").iterdir()} == {name for name, _ in RUNBOOKS.values()}
    page = (tmp_path / "fiches/remplacer-un-poste.html").read_text()
    assert "UC250002" in page and "SW250001" not in page
    market = replace(handover.market, assets={})
    write_runbooks(tmp_path / "none", market, NOW)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("tag", "system", "group", "playbooks"),
    [
        (
            "UC250001",
            "debian-13",
            "workstations",
            ["bootstrap.yml", "rebuild.yml", "observe.yml", "handover.yml"],
        ),
        (
            "UC250001",
            "windows-11",
            "workstations",
            ["bootstrap.yml", "provision.yml", "observe.yml", "handover.yml"],
        ),
        (
            "SW250001",
            "debian-13",
            "switches",
            ["bootstrap.yml", "rebuild.yml", "observe.yml", "handover.yml"],
        ),
    ],
)
def test_the_steps_are_those_of_the_platform(
    handover: Handover, tag: str, system: str, group: str, playbooks: list[str]
) -> None:
    asset = handover.market.assets[tag]
    asset = replace(asset, attributes={**asset.attributes, "os": system})
    commands = [step.command for step in steps("demo", asset, group)]
    named = [found for command in commands for found in re.findall(r"playbooks/(\S+)", command)]
    assert named == playbooks
    assert all((PROJECT / "playbooks" / name).is_file() for name in named)
    assert all(tag in command for command in commands if "--limit" in command)


def test_a_device_with_a_command_line_is_restored_by_its_driver(handover: Handover) -> None:
    asset = handover.market.assets["SW250001"]
    device = replace(asset, attributes={**asset.attributes, "os": "cisco-ios-15"})
    assert any("restore_device=SW250001" in step.command for step in steps("demo", device, "switches"))


def test_the_disk_of_the_copies_is_asked_for(handover: Handover) -> None:
    asset = handover.market.assets["NA250001"]
    asset = replace(asset, variables={**asset.variables, "backup_repository": "/mnt/disque"})
    asked = [step.text for step in steps("demo", asset, "file_servers") if not step.command]
    assert any("/mnt/disque" in text for text in asked)
