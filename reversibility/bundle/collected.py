"""One file with the records of one name of all assets."""

from __future__ import annotations

import json
from pathlib import Path

from reversibility.bundle.readable_state import ReadableState


def write_collected(state: ReadableState, name: str, path: Path) -> None:
    """Write a mapping of tag to that asset's record ``name``; no file when no asset has one."""
    found = {
        tag: content
        for site, tag in state.assets()
        if (content := state.read_json(site, tag, name)) is not None
    }
    if found:
        write_json(path, found)


def write_json(path: Path, content: object) -> None:
    """Write JSON with its keys in order."""
    text = json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")
