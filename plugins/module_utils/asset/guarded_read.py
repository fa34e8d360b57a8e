# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Opens files that their owners may replace meanwhile, with the owners' rights only."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import Iterator, List, Tuple


class Link(Exception):
    """A symbolic link on the way, which is not followed: ``path`` of the link, relative, and what it says."""

    def __init__(self, path: str, target: str) -> None:
        super().__init__(path)
        self.path = path
        self.target = target


def read_guarded(root: str, path: str, largest: int) -> Tuple[bytes, os.stat_result]:
    """Read the plain file ``path`` below ``root``; no bytes when it has more than ``largest``.

    Each part is opened relative to the folder before it, never through a symbolic link, except one that root made
    where only root may write (``/home`` on another disk). From the first folder on that is not root's, this is done
    with the rights of the folder's owner, so that a hard link to root's files is not read either.

    Raises Link for a symbolic link, OSError for anything else that is no plain file.
    """
    parts = [part for part in path.split("/") if part]
    descriptor = os.open(root or "/", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    with contextlib.ExitStack() as stack:
        opened: List[int] = [descriptor]
        stack.callback(os.close, descriptor)
        is_root = os.geteuid() == 0
        lowered = False
        for index, part in enumerate(parts):
            last = index == len(parts) - 1
            here = os.fstat(opened[-1])
            if is_root and not lowered and here.st_uid != 0:
                stack.enter_context(_rights_of(here))
                lowered = True
            status = os.stat(part, dir_fd=opened[-1], follow_symlinks=False)
            follow = 0 if _made_by_root(here, status) and not last else os.O_NOFOLLOW
            if stat.S_ISLNK(status.st_mode) and follow:
                raise Link("/" + "/".join(parts[: index + 1]), os.readlink(part, dir_fd=opened[-1]))
            # Do not block if the file was replaced by a pipe.
            flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | follow | (0 if last else os.O_DIRECTORY)
            opened.append(os.open(part, flags, dir_fd=opened[-1]))
            stack.callback(os.close, opened[-1])
        status = os.fstat(opened[-1])
        if not stat.S_ISREG(status.st_mode):
            raise OSError("no plain file")
        if status.st_size > largest:
            return b"", status
        return _read(opened[-1], largest), status


def _read(descriptor: int, largest: int) -> bytes:
    content = b""
    while len(content) <= largest:  # it may grow meanwhile
        piece = os.read(descriptor, largest + 1 - len(content))
        if not piece:
            break
        content += piece
    return content[:largest]


def _made_by_root(folder: os.stat_result, link: os.stat_result) -> bool:
    return folder.st_uid == 0 and not folder.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and link.st_uid == 0


@contextlib.contextmanager
def _rights_of(folder: os.stat_result) -> Iterator[None]:
    """Take the rights of a folder's owner within the block; for opening only, and for the whole process."""
    groups, group = os.getgroups(), os.getegid()
    try:
        os.setgroups([])
        os.setegid(folder.st_gid)
        os.seteuid(folder.st_uid)
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)
