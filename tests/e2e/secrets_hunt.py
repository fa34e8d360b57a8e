"""Hunt for secrets: which file, process or Git object holds one, in the clear or in a common encoding."""

from __future__ import annotations

import base64
import contextlib
import errno
import hashlib
import io
import os
import stat
import subprocess
import tarfile
import threading
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

GZIP = b"\x1f\x8b"


def encodings(secret: str) -> set[bytes]:
    """The forms of ``secret`` that are searched for: raw, base64 at each alignment, hex, URL and UTF-16."""
    raw = secret.encode()
    forms = {raw, raw.hex().encode(), raw.hex().upper().encode(), quote(secret, safe="").encode()}
    forms |= {secret.encode("utf-16-le"), secret.encode("utf-16-be")}
    for shift in range(3):
        # The characters at both ends depend on the neighbours; what lies between does not.
        encoded = base64.b64encode(b"\0" * shift + raw).rstrip(b"=")
        inner = encoded[[0, 2, 3][shift] : len(encoded) - (1 if (shift + len(raw)) % 3 else 0)]
        forms |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")}
    return {form for form in forms if len(form) >= 8}


def unpacked(content: bytes) -> bytes:
    """What a gzip file holds, in all its parts; of one that was cut off, as far as it goes."""
    found = b""
    with contextlib.suppress(zlib.error):
        while content.startswith(GZIP):
            part = zlib.decompressobj(zlib.MAX_WBITS | 16)  # 16: the format of gzip
            found += part.decompress(content)
            content = part.unused_data
    return found


@dataclass
class Hunt:
    """The secrets to look for, and where they were found."""

    secrets: Mapping[str, str]  # what it is -> its value; the value is never printed
    found: list[str] = field(default_factory=list)
    searched: int = 0

    def __post_init__(self) -> None:
        self._clean: set[bytes] = (
            set()
        )  # hashes of what nothing was found in: hosts have many files in common
        self._names = {form: name for name, secret in self.secrets.items() for form in encodings(secret)}

    def search(self, where: str, content: bytes) -> None:
        """Search ``content`` and what is packed inside it."""
        self.searched += 1
        digest = hashlib.blake2b(content).digest()
        if digest in self._clean:
            return
        before = len(self.found)
        self._search(where, content)
        if len(self.found) == before:
            self._clean.add(digest)

    def _search(self, where: str, content: bytes) -> None:
        # One form after the other: ten times as fast as one expression for all of them.
        names = {name for form, name in self._names.items() if form in content}
        self.found += [f"{name} in {where}" for name in sorted(names)]
        if content.startswith(b"PK\x03\x04"):
            with (
                contextlib.suppress(zipfile.BadZipFile, zlib.error),
                zipfile.ZipFile(io.BytesIO(content)) as archive,
            ):
                for name in archive.namelist():
                    self.search(f"{where}!{name}", archive.read(name))
        elif content.startswith(GZIP):
            self.search(f"{where} (unpacked)", unpacked(content))
        elif content[257:262] == b"ustar":
            with contextlib.suppress(tarfile.TarError), tarfile.open(fileobj=io.BytesIO(content)) as archive:
                for member in archive:
                    if file := archive.extractfile(member) if member.isreg() else None:
                        self.search(f"{where}!{member.name}", file.read())
        elif content.startswith(b"%PDF-"):
            # Of what other programs leave in shared folders, not everything is whole.
            text = subprocess.run(["pdftotext", "-", "-"], input=content, capture_output=True, check=False)
            self.search(f"{where} (text)", text.stdout)

    def search_tree(
        self, folder: Path, *, leave_out: Iterable[Path] = (), since: float | None = None
    ) -> None:
        """Search every file below ``folder``, its Git objects included, except those in ``leave_out``.

        With ``since`` only the files that were written after that time (in seconds since 1970), and no Git objects:
        so a folder is searched that other programs use as well.
        """
        skipped = {path.resolve() for path in leave_out}
        for current, folders, files in os.walk(folder):
            here = Path(current)
            folders[:] = [name for name in folders if (here / name).resolve() not in skipped]
            if since is None and (here / ".git").is_dir():
                self.search_git(here)
            for name in files:
                path = here / name
                try:
                    status = path.lstat()
                    if not stat.S_ISREG(status.st_mode) or path.resolve() in skipped:
                        continue
                    if since is not None and status.st_ctime < since:
                        continue
                    content = path.read_bytes()
                except FileNotFoundError:  # removed since it was listed
                    continue
                except OSError as error:
                    if error.errno != errno.EINVAL:  # a pinned namespace looks like a file and has no content
                        raise
                    continue
                self.search(str(path), content)

    def search_git(self, repository: Path) -> None:
        """Search every object of a Git repository, reachable or not."""
        objects = subprocess.run(
            ["git", "-C", repository, "cat-file", "--batch-all-objects", "--batch", "--buffer"],
            capture_output=True,
            check=True,
        ).stdout
        self.search(f"Git objects of {repository}", objects)


class ProcessSampler:
    """Samples every process's arguments and environment while it is open, as ``ps auxe`` would show them."""

    def __init__(self) -> None:
        self.samples: set[bytes] = set()
        self.rounds = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> ProcessSampler:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(0.02):
            self.rounds += 1
            self.samples.update(self._sample())

    @staticmethod
    def _sample() -> Iterator[bytes]:
        for process in Path("/proc").glob("[0-9]*"):
            for name in ("cmdline", "environ"):
                try:
                    yield (process / name).read_bytes()
                except OSError:  # it ended between the listing and the reading
                    continue
