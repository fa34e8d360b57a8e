"""Finding and hashing the files of a folder: each file is read once, for both algorithms, in pieces."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

PIECE = 1 << 20  # bytes read at a time
BATCH = 4096  # files given to the threads at a time; a task in waiting takes a kilobyte
# hashlib lets other threads run while it hashes. For small files the hand-over costs more than the hashing
# (measured: two threads take twice as long as one for files of 4 KB), so only files from this size on go
# there.
SHARED_FROM = 48 << 10


class Digest(NamedTuple):
    """What a manifest says of a file, and its size in bytes."""

    sha256: str
    sha512: str
    size: int


def digest_of(content: bytes) -> Digest:
    """The digests of bytes that were read already."""
    return Digest(hashlib.sha256(content).hexdigest(), hashlib.sha512(content).hexdigest(), len(content))


@dataclass
class Scan:
    """What lies below a folder: ``files`` (path with / -> size in bytes), and what a bundle cannot hold."""

    files: dict[str, int] = field(default_factory=dict)
    irregular: dict[str, str] = field(default_factory=dict)  # path -> what it is
    empty: list[str] = field(default_factory=list)  # folders without anything in them


def scan(root: Path) -> Scan:
    """List everything below ``root``, sorted by folder; symbolic links are reported, never followed."""
    found = Scan()
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        with os.scandir(root / folder if folder else root) as entries:
            content = sorted(entries, key=lambda entry: entry.name)
        if not content and folder:
            found.empty.append(folder)
        for entry in content:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_dir(follow_symlinks=False):
                waiting.append(path)
                continue
            information = entry.stat(follow_symlinks=False)
            if stat.S_ISREG(information.st_mode) and information.st_mode & (stat.S_ISUID | stat.S_ISGID):
                found.irregular[path] = "file that runs with its owner's rights (setuid or setgid)"
            elif stat.S_ISREG(information.st_mode):
                found.files[path] = information.st_size
            else:
                found.irregular[path] = "symbolic link" if entry.is_symlink() else "special file"
    return found


def digest(path: str | Path) -> Digest:
    """Hash one file, in pieces. Raises OSError when it cannot be read."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0))
    try:
        sha256, sha512 = hashlib.sha256(), hashlib.sha512()
        size = 0
        while piece := os.read(descriptor, PIECE):
            sha256.update(piece)
            sha512.update(piece)
            size += len(piece)
            if len(piece) < PIECE and size == os.fstat(descriptor).st_size:
                break  # spares one read of nothing for each of many small files
    finally:
        os.close(descriptor)
    return Digest(sha256.hexdigest(), sha512.hexdigest(), size)


def digests(
    root: Path, files: dict[str, int], progress: Callable[[int], None] | None = None
) -> Iterator[tuple[str, Digest | OSError]]:
    """Hash ``files`` (relative path -> size) below ``root``: large ones on all cores, small ones here.

    A file that cannot be read gives its OSError instead of a digest. ``progress`` is told how many are done.
    """
    base = str(root)
    large = sorted((path for path in files if files[path] >= SHARED_FROM), key=lambda path: -files[path])
    small = (path for path in files if files[path] < SHARED_FROM)
    done = 0
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        for results in (_in_threads(pool, base, large), ((path, _try(base, path)) for path in small)):
            for result in results:
                yield result
                done += 1
                if progress is not None and done % 1000 == 0:
                    progress(done)


def _in_threads(
    pool: ThreadPoolExecutor, base: str, paths: list[str]
) -> Iterator[tuple[str, Digest | OSError]]:
    for start in range(0, len(paths), BATCH):
        yield from pool.map(lambda path: (path, _try(base, path)), paths[start : start + BATCH])


def _try(base: str, path: str) -> Digest | OSError:
    try:
        return digest(f"{base}/{path}")
    except OSError as error:
        return error
