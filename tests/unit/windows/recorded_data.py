"""Recorded answers of real Windows machines (recorded/ORIGIN.md), in the shape that ``win_asset_facts`` gives."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

RECORDED = Path(__file__).parent / "recorded"
_LIST = re.compile(r'\{(?:(?:\d+|"[^"]*")(?:,(?:\d+|"[^"]*"))*)?\}')
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)\.\d+[+-]\d+")


def wmi(name: str) -> list[dict[str, Any]]:
    """The instances in the output of ``wmic ... /format:list``."""
    rows: list[dict[str, Any]] = []
    for block in re.split(r"\n\s*\n", (RECORDED / f"{name}.wmi").read_text(encoding="utf-8")):
        pairs = [
            line.partition("=") for line in block.splitlines() if "=" in line and not line.startswith("#")
        ]
        if pairs:
            rows.append({key: _value(text) for key, _, text in pairs})
    return rows


def programs(name: str) -> list[dict[str, Any]]:
    """The programs of a regedit export of an Uninstall key, as far as they are written in clear."""
    rows = []
    text = (RECORDED / f"{name}.reg").read_text(encoding="utf-8")
    for block in re.split(r"\n(?=\[)", text):
        key = re.match(r"\[HKEY_LOCAL_MACHINE\\(.*?)Uninstall\\(.+)\]", block)
        values = dict(re.findall(r'^"([^"]+)"="((?:[^"\\]|\\.)*)"', block, re.MULTILINE))
        numbers = {
            name: str(int(data, 16))
            for name, data in re.findall(r'^"([^"]+)"=dword:(\w+)', block, re.MULTILINE)
        }
        if key and len(values) + len(numbers) > 1:
            arch = "i586" if "Wow6432Node" in key[1] else "x86_64"
            rows.append({"scope": "machine", "arch": arch, "key": key[2], **values, **numbers})
    return rows


def inventory_12() -> ElementTree.Element:
    """The content of a whole inventory of a French PC."""
    content = ElementTree.parse(RECORDED / "12.xml").getroot().find("CONTENT")
    assert content is not None
    return content


def defender_status() -> dict[str, Any]:
    """Microsoft's example of Get-MpComputerStatus."""
    text = next(RECORDED.glob("Get-MpComputerStatus*")).read_text(encoding="utf-8")
    pairs = (line.partition(":") for line in text.splitlines() if ":" in line)
    return {
        key.strip(): {"True": True, "False": False}.get(data.strip(), data.strip()) for key, _, data in pairs
    }


def answer_text(**sections: Any) -> str:
    """The text that the module would give."""
    return json.dumps({"facts": sections, "problems": {}})


def _value(text: str) -> Any:
    text = text.strip()
    if text in ("TRUE", "FALSE"):
        return text == "TRUE"
    if _LIST.fullmatch(text):
        items = (item for item in text[1:-1].split(",") if item)
        return [json.loads(item) if item.startswith('"') else int(item) for item in items]
    if time := _TIME.fullmatch(text):
        return "{}-{}-{}T{}:{}:{}.0000000Z".format(*time.groups())
    return text or None
