# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Store of the logs that assets send: counted by their place at the source, sealed each day in a chain of hashes.

``hosts/<asset>/<day>.log`` has a line as it arrived: address, byte in the source's file of the day, length, text. The next
line's byte follows from the one before, so that what is missing, doubled or damaged shows by itself. A network device says
no byte (``-``): its lines are numbered as they arrived, and what did not arrive cannot be known. A day that is
over is sealed: ``<day>.log.gz`` has each line once, in the source's order, and a line in ``chain/YYYY-MM.jsonl`` its checksum.
The chain has the form of the project's journal (``reversibility/records/journal_chain.py``), which verifies it.

A day is sealed when its line is in the chain. Before that, a full disk or a crash leaves the open file, and the next run seals it.

Runs on Python 3.9 with the standard library alone; as a program it seals: ``log_store.py FOLDER``.
"""

from __future__ import annotations

import errno
import gzip
import hashlib
import json
import os
import re
import shutil
import sys
import zlib
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Set, Tuple

GENESIS = "0" * 64
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
LINE = re.compile(rb"(\S+) (\d+|-) (\d+) (.*)")
LITTLE_SPACE = 5  # per cent of the disk

Lines = Dict[int, bytes]
UNREADABLE = (OSError, EOFError, ValueError, zlib.error)  # a full disk, and what a damaged file raises


def read_day(paths: Iterable[Path]) -> Tuple[Lines, int, int]:
    """Lines by their byte at the source, the number of duplicates, and the number of damaged lines."""
    found: Lines = {}
    doubled = damaged = end = 0
    for path in paths:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        for raw in content.split(b"\n")[:-1]:
            match = LINE.fullmatch(raw)
            if match is None or len(match[4]) != int(match[3]):
                damaged += 1  # cut by a full disk or a crash
                continue
            first = end if match[2] == b"-" else int(match[2])
            if first in found:
                doubled += 1
            else:
                found[first] = b"%s %d %s %s" % (match[1], first, match[3], match[4])
            end = max(end, first + int(match[3]) + 1)
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
    """Seal finished days; returns the lines of the chain. Raises NotSealed at the end when it could not seal one."""
    known, written = _chained_files(folder), []
    failed: Dict[str, Exception] = {}
    for asset, found in sorted(days(folder).items()):
        for day, paths in sorted(found.items()):
            if day >= today.isoformat() or paths[0].with_name(f"{day}.log") not in paths:
                continue
            try:
                written += _sealed(folder, asset, day, paths, known)
            except UNREADABLE as error:
                failed[f"{asset}/{day}"] = error  # others may fit, and each frees room
    if failed:
        raise NotSealed(folder, failed)
    return written


class NotSealed(OSError):
    """Days that could not be sealed; ``str`` is a sentence that says why, where, and what to do."""

    def __init__(self, folder: Path, failed: Dict[str, Exception]) -> None:
        first = next(iter(failed.values()))
        why = f"the logs in {folder} cannot be read or written ({first})"
        if isinstance(first, OSError) and first.errno in (errno.ENOSPC, errno.EDQUOT):
            where = Path(first.filename or folder).parent
            usage = shutil.disk_usage(str(where))
            why = f"the disk of {where} is full ({usage.free >> 10} of {usage.total >> 10} KiB are free)"
        names = ", ".join([*failed][:3]) + (", …" if len(failed) > 3 else "")
        super().__init__(
            f"{why}, so {len(failed)} {'day is' if len(failed) == 1 else 'days are'} not sealed: {names}; "
            "their lines are kept as they are. Make room, then run 'systemctl start cartable-seal-logs.service', or "
            "leave it to the next night."
        )


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


def _chained_files(folder: Path) -> Set[str]:
    """Names of the sealed parts that a line of the chain has."""
    lines = [
        line for path in (folder / "chain").glob("*.jsonl") for line in path.read_bytes().split(b"\n")[:-1]
    ]
    return {str(json.loads(line).get("file")) for line in lines}


def _sealed(folder: Path, asset: str, day: str, paths: List[Path], known: Set[str]) -> List[Dict[str, Any]]:
    """Seal the lines of a day that no earlier part has: write the part, then its line, then remove the open file."""
    open_file = paths[0].with_name(f"{day}.log")
    # A part without a line is of a run that was cut: the open file has all of it, and it is written again.
    parts = [path for path in paths if f"hosts/{asset}/{path.name}" in known]
    if parts and _texts(parts[-1]) == _texts(open_file):
        open_file.unlink()  # of a run that was cut after the line
        return []
    before, _, _ = read_day(parts)
    lines, doubled, damaged = read_day([*parts, open_file])
    new = [lines[offset] + b"\n" for offset in sorted(lines) if offset not in before]
    written = []
    if new or damaged or not parts:
        part = open_file.with_name(f"{day}.log.gz" if not parts else f"{day}.{len(parts) + 1}.log.gz")
        packed = gzip.compress(b"".join(new), mtime=0)
        _write(part, packed)
        entry = {
            "event": "logs_sealed",
            "asset": asset,
            "day": day,
            "file": f"hosts/{asset}/{part.name}",
            "sha256": hashlib.sha256(packed).hexdigest(),
            "lines": len(new),
            "doubled": doubled,
            "damaged": damaged,
            "missing": missing(lines),
        }
        try:
            written.append(_chained(folder, entry))
        except OSError:
            part.unlink(missing_ok=True)
            raise
    open_file.unlink()
    return written


def _texts(path: Path) -> List[bytes]:
    """Texts of the whole lines of a file."""
    lines, _, _ = read_day([path])
    return [lines[offset].split(b" ", 3)[3] for offset in sorted(lines)]


def _chained(folder: Path, entry: Dict[str, Any]) -> Dict[str, Any]:
    """Add a line to the chain, wholly or not at all, then update head.json."""
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
    size = file.stat().st_size if file.is_file() else 0
    content = _canonical(line) + b"\n"
    known = {"count": line["seq"], "hash": line["hash"], "file": file.name, "size": size + len(content)}
    try:
        _put(file, "ab", content)
        _write(chain / "head.json", json.dumps(known).encode())
    except OSError:
        if size:
            os.truncate(str(file), size)
        else:
            file.unlink(missing_ok=True)
        raise
    return line


def _put(path: Path, mode: str, content: bytes) -> None:
    """Write to the disk. An OSError has the path: the disk that is full is the one of the file."""
    try:
        with path.open(mode, buffering=0) as stream:
            while content:
                content = content[stream.write(content) :]
            os.fsync(stream.fileno())
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


def _caught_up(chain: Path, head: Dict[str, Any]) -> Dict[str, Any]:
    """The head after the last whole line, since a crash may leave an old head or an unfinished line."""
    files = sorted(chain.glob("*.jsonl"))
    if not files:
        return head
    content = files[-1].read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content:
        os.truncate(str(files[-1]), len(whole))
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
    try:
        _put(temporary, "wb", content)
        temporary.rename(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def main(folder: Path) -> Optional[str]:
    """Seal, and print the lines of the chain; returns what is wrong, in one sentence."""
    try:
        for line in seal(folder, date.today()):
            print(json.dumps(line, ensure_ascii=False))
        free = status(folder, {})["free_percent"]
    except UNREADABLE as error:
        return str(error)
    if free < LITTLE_SPACE:
        return f"{folder}: {free} % of the disk is free; what does not fit is lost here until collect_logs.yml fetches it."
    return None


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
