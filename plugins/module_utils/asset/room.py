# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""File systems that are full."""

from __future__ import annotations

import os
from typing import List

LEAST_FREE = 5  # per cent of the room, and of the number of files


def room(place: str, least: int = LEAST_FREE) -> List[str]:
    """A sentence for each file system that is full, in space or inodes."""
    system = os.statvfs(place)
    found = []
    for what, free, total in (
        ("of its room", system.f_bavail, system.f_blocks),
        ("of the files that it can hold", system.f_favail, system.f_files),
    ):
        if total and free * 100 < least * total:
            found.append(f"the file system of {place} has less than {least} % {what} left; make room")
    return found
