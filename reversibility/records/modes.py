"""Permissions of the market's data on the controller: for its owner only, whatever the umask."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from reversibility.errors import CartableError

FOLDER = 0o700
FILE = 0o600


def secure_data(data: Path) -> None:
    """Remove the permissions of others from the market's folder ``data`` and its direct content, if it exists.

    What is below is reached through them alone. Raises CartableError when others could change it and it is not ours
    to mend.
    """
    try:
        with os.scandir(data) as entries:
            found = [Path(entry.path) for entry in entries]
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise CartableError(
            f"{data} cannot be read ({error.strerror}); work as the user who made it."
        ) from error
    for path in (data, *found):
        _secure(path)


def _secure(path: Path) -> None:
    try:
        status = path.lstat()
    except FileNotFoundError:  # a temporary file of another process
        return
    if stat.S_ISLNK(status.st_mode) or not status.st_mode & 0o077:
        return
    is_folder = stat.S_ISDIR(status.st_mode)
    if status.st_uid == os.geteuid():
        path.chmod(FOLDER if is_folder else stat.S_IMODE(status.st_mode) & 0o700)
    elif status.st_mode & 0o022:
        raise CartableError(
            f"Others may write to {path}, which belongs to user {status.st_uid}: they could change what is kept there. "
            f"Let that user run chmod {FOLDER if is_folder else FILE:o} {path}."
        )
