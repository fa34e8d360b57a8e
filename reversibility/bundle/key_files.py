"""Key files as ``age`` reads them: one key a line, comments of any bytes, blank lines."""

from __future__ import annotations

import os
import select
import stat
import time
from pathlib import Path

from reversibility.errors import CartableError

PATIENCE = 10.0  # seconds, for a pipe
LARGEST = 1024 * 1024  # bytes; a key has some hundred, and a device such as /dev/zero never ends
MARKS = {b"\xef\xbb\xbf": "a byte order mark", b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


def read_key_file(path: Path) -> bytes:
    """The content of a key file. Raises OSError, or CartableError for one that cannot be a key and says why."""
    data = _read(path)
    if len(data) > LARGEST:
        raise CartableError(f"{path} is larger than a key file can be (1 MiB); give the file of the key.")
    mark = next((said for start, said in MARKS.items() if data.startswith(start)), None)
    if (
        mark is None
        and any(half and not half.strip(b"\x00") for half in (data[1:16:2], data[0:16:2]))
        and len(data) > 8
    ):
        mark = "UTF-16"  # without a mark, every other byte of a key is a NUL
    if mark is not None:
        raise CartableError(
            f"{path} was saved with {mark}, which age does not read; open it in an editor and save it again as "
            "UTF-8 without a byte order mark (in Notepad: Save as, encoding UTF-8)."
        )
    return data


def _read(path: Path) -> bytes:
    """Read at most LARGEST bytes and one more; of a pipe (``<(command)``) what comes within PATIENCE seconds."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb", buffering=0) as stream:
        if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            data = b""
            while len(data) <= LARGEST and (piece := stream.read(LARGEST + 1 - len(data))):
                data += piece
            return data
        data, end = b"", time.monotonic() + PATIENCE
        while len(data) <= LARGEST:
            ready, _, _ = select.select([descriptor], [], [], max(0.0, end - time.monotonic()))
            piece = os.read(descriptor, LARGEST + 1 - len(data)) if ready else b""
            if not piece:  # its other end is closed, was never there, or says nothing
                return data
            data += piece
        return data


def key_lines(data: bytes) -> list[str]:
    """The lines of a key file that are keys. Only the comment of an SSH key may have bytes that are not ASCII."""
    lines = (line.strip() for line in data.splitlines())
    return [line.decode("ascii", "backslashreplace") for line in lines if line and not line.startswith(b"#")]
