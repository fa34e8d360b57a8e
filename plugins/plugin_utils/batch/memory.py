# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the worker of a batch small: with fifty hosts there are fifty, forked from one process. And lets that one end."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress

# mallopt(3) of the GNU C library.
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
_LARGE = (
    128 * 1024
)  # bytes: glibc's own first threshold, which it would raise with each block that is given back
_OBJECTS = 20_000  # more than before, until garbage is looked for: of that there is little


def keep_small() -> None:
    """Share what was there before the fork, and give back what packing a module takes for a moment (a third of it all)."""
    gc.freeze()  # a search for garbage would write to every object, and so make it this process's own
    gc.set_threshold(_OBJECTS)
    with suppress(Exception):  # another C library does as it does
        library = ctypes.CDLL(None)
        library.mallopt(_M_MMAP_THRESHOLD, _LARGE)
        library.mallopt(_M_ARENA_MAX, 1)  # of the threads in which tasks wait, only one runs at a time
    give_back()


def give_back() -> None:
    """Give the system what is free between the blocks that are in use: 1.8 MB where thirty tasks have been evaluated."""
    with suppress(Exception):
        ctypes.CDLL(None).malloc_trim(0)


def share_more() -> None:
    """Keep what is there by now out of every search for garbage, which in a worker would make it the worker's own."""
    gc.freeze()


def end_quickly() -> None:
    """Let Python end without looking through all objects for garbage, a fifth of a second that frees nothing."""
    gc.freeze()
