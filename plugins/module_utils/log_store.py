# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Store of the logs that assets send: counted by their place at the source, sealed each day in a chain of hashes.

``hosts/<asset>/<day>.log`` has a line as it arrived: address, byte in the source's file of the day, length, text. The next
line's byte follows from the one before, so that what is missing, doubled or damaged shows by itself. A day that is
over is sealed: ``<day>.log.gz`` has each line once, in the source's order, and a line in ``chain/YYYY-MM.jsonl`` its checksum.
The chain has the form of the project's journal (``reversibility/records/journal_chain.py``), which verifies it.

Runs on Python 3.9 with the standard library alone; as a program it seals: ``log_store.py FOLDER``.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import shutil
import sys
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Tuple

GENESIS = "0" * 64
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
LINE = re.compile(rb"(\S+) (\d+) (\d+) (.*)")
LITTLE_SPACE = 5  # per cent of the disk

Lines = Dict[int, bytes]


def read_day(paths: Iterable[Path]) -> Tuple[Lines, int, int]:
    """Lines by their byte at the source, the number of duplicates, and the number of damaged lines."""
    found: Lines = {}
    doubled = damaged = 0
    for path in paths:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        for raw in content.split(b"\n")[:-1]:
            match = LINE.fullmatch(raw)
            if match is None or len(match[4]) != int(match[3]):
                damaged += 1  # cut by a full disk or a crash
            elif int(match[2]) in found:
                doubled += 1
            else:
                found[int(match[2])] = raw
    return found, doubled, damaged


def missing(lines: Lines, end: Optional[int] = None) -> List[List[int]]:
    """Missing ranges of bytes, [first, after the last]; ``end`` is the size of the source."""
    gaps, expected = [], 0
    for offset in sorted(lines):
        if offset > expected:
            gaps.append([expected, offset])
        match = LINE.fullmatch(lines[offset])
        if match is not None:  # all do: read_day leaves out what is damaged
            expected = max(expected, offset + int(match[3]) + 1)
    if end is not None and end > expected:
        gaps.append([expected, end])
    return gaps


def days(folder: Path) -> Dict[str, Dict[str, List[Path]]]:
    """Files by asset and day; a day may have sealed parts and one that is open."""
    found: Dict[str, Dict[str, List[Path]]] = {}
    for path in sorted((folder / "hosts").glob("*/*.log*")):
        day = path.name[:10]
        if DAY.fullmatch(day) and path.suffix in (".log", ".gz"):
            found.setdefault(path.parent.name, {}).setdefault(day, []).append(path)
    return found


def status(folder: Path, sizes: Dict[str, Dict[str, int]]) -> Dict[str, Any]:
    """State of each day, with missing ranges by the sizes at the source (``sizes``), and the disk's free space."""
    assets: Dict[str, Any] = {}
    known = days(folder)
    for asset in sorted({*known, *sizes}):
        for day in sorted({*known.get(asset, {}), *sizes.get(asset, {})}):
            lines, doubled, damaged = read_day(known.get(asset, {}).get(day, []))
            gaps = missing(lines, sizes.get(asset, {}).get(day))
            row = {"lines": len(lines), "doubled": doubled, "damaged": damaged, "missing": gaps}
            assets.setdefault(asset, {})[day] = row
    usage = shutil.disk_usage(str(folder))
    return {"assets": assets, "free_percent": 100 * usage.free // usage.total}


def closed(assets: Dict[str, Any], today: date) -> Dict[str, Any]:
    """State of finished days, for the record: it changes only when another day has finished."""
    found: Dict[str, Any] = {}
    for asset, rows in assets.items():
        over = sorted(day for day in rows if day < today.isoformat())
        if over:
            gaps = {day: rows[day]["missing"] for day in over if rows[day]["missing"]}
            found[asset] = {"days": len(over), "first": over[0], "last": over[-1], "missing": gaps}
    return found


def chain_head(folder: Path) -> Dict[str, Any]:
    """Head of the chain, recorded elsewhere so that a truncated chain is detected."""
    try:
        head = json.loads((folder / "chain" / "head.json").read_text())
    except FileNotFoundError:
        return {}
    return {"count": head["count"], "hash": head["hash"]}


def add(folder: Path, asset: str, day: str, ranges: Iterable[Tuple[int, bytes]]) -> int:
    """Add lines from the source: (first byte, text of whole lines). Returns the number of new lines."""
    if not DAY.fullmatch(day) or asset in (".", "..") or "/" in asset:
        raise ValueError(f"{asset}/{day} is no day of an asset")
    there, _, _ = read_day(days(folder).get(asset, {}).get(day, []))
    rows = []
    for start, content in ranges:
        for text in content.split(b"\n")[:-1]:
            if start not in there:
                rows.append(b"recovered %d %d %s\n" % (start, len(text), text))
            start += len(text) + 1
    if rows:
        path = folder / "hosts" / asset / f"{day}.log"
        path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
        with path.open("ab") as stream:
            stream.write(b"".join(rows))
    return len(rows)


def unpacked(content: bytes) -> bytes:
    """Lines as they are. Windows PCs give them in gzip, with whose first bytes no line begins."""
    return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content


def seal(folder: Path, today: date) -> List[Dict[str, Any]]:
    """Seal finished days; returns the lines of the chain."""
    return [
        _chained(folder, _sealed(asset, day, paths))
        for asset, found in sorted(days(folder).items())
        for day, paths in sorted(found.items())
        if day < today.isoformat() and paths[0].with_name(f"{day}.log") in paths
    ]


def remove(folder: Path, today: date, keep_days: int) -> List[Dict[str, Any]]:
    """Remove days older than ``keep_days``; returns the lines of the chain.

    ``today`` is the controller's: a server whose clock jumped ahead would remove everything. A day counts as old only if
    nothing was written into it since either: an asset with an empty clock battery sends today's lines as those of 2015.
    """
    written = []
    oldest = today - timedelta(days=keep_days)
    for asset, found in sorted(days(folder).items()):
        for day, paths in sorted(found.items()):
            last = max(date.fromtimestamp(path.stat().st_mtime) for path in paths)
            if day < oldest.isoformat() and last < oldest:
                for path in paths:
                    path.unlink()
                written.append(_chained(folder, {"event": "logs_removed", "asset": asset, "day": day}))
    return written


def _sealed(asset: str, day: str, paths: List[Path]) -> Dict[str, Any]:
    """Write the lines of a day that no earlier part has. The open file is removed only when the part is on the disk."""
    open_file = paths[0].with_name(f"{day}.log")
    parts = [path for path in paths if path != open_file]
    before, _, _ = read_day(parts)
    lines, doubled, damaged = read_day([*parts, open_file])
    content = b"".join(lines[offset] + b"\n" for offset in sorted(lines) if offset not in before)
    part = open_file.with_name(f"{day}.log.gz" if not parts else f"{day}.{len(parts) + 1}.log.gz")
    packed = gzip.compress(content, mtime=0)
    _write(part, packed)
    open_file.unlink()
    return {
        "event": "logs_sealed",
        "asset": asset,
        "day": day,
        "file": f"hosts/{asset}/{part.name}",
        "sha256": hashlib.sha256(packed).hexdigest(),
        "lines": len(lines) - len(before),
        "doubled": doubled,
        "damaged": damaged,
        "missing": missing(lines),
    }


def _chained(folder: Path, entry: Dict[str, Any]) -> Dict[str, Any]:
    """Add a line to the chain, then update head.json."""
    chain = folder / "chain"
    chain.mkdir(mode=0o700, exist_ok=True)
    head: Dict[str, Any] = {"count": 0, "hash": GENESIS, "file": "", "size": 0}
    if (chain / "head.json").exists():
        head = json.loads((chain / "head.json").read_text())
    head = _caught_up(chain, head)
    now = datetime.now(timezone.utc)
    line = {**entry, "time": f"{now:%Y-%m-%dT%H:%M:%SZ}", "seq": head["count"] + 1, "prev": head["hash"]}
    line["hash"] = hashlib.sha256(_canonical(line)).hexdigest()
    file = chain / f"{now:%Y-%m}.jsonl"
    with file.open("ab") as stream:
        stream.write(_canonical(line) + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
    known = {"count": line["seq"], "hash": line["hash"], "file": file.name, "size": file.stat().st_size}
    _write(chain / "head.json", json.dumps(known).encode())
    return line


def _caught_up(chain: Path, head: Dict[str, Any]) -> Dict[str, Any]:
    """The head after the last whole line, since a crash may leave an old head or an unfinished line."""
    files = sorted(chain.glob("*.jsonl"))
    if not files:
        return head
    content = files[-1].read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content:
        _write(files[-1], whole)
    if not whole:
        return head
    last = json.loads(whole.splitlines()[-1])
    return {"count": last["seq"], "hash": last["hash"], "file": files[-1].name, "size": len(whole)}


def _canonical(entry: Dict[str, Any]) -> bytes:
    """As ``journal_chain.canonical`` does it."""
    text = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace")


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.new")
    with temporary.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.rename(path)


if __name__ == "__main__":
    place = Path(sys.argv[1])
    for sealed_line in seal(place, date.today()):
        print(json.dumps(sealed_line, ensure_ascii=False))
    free = status(place, {})["free_percent"]
    if free < LITTLE_SPACE:
        sys.exit(
            f"{place}: {free} % of the disk is free; what does not fit is lost here until collect_logs.yml fetches it."
        )
