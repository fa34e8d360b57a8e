# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A time limit for what asks the system, such as reading a file that somebody else provides."""

from __future__ import annotations

import contextlib
import signal
from typing import Any, Iterator


class TooSlow(Exception):
    """What was begun has not ended in its time."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Interrupt what takes longer, a system call that waits as well; for the main thread. Raises TooSlow."""

    def interrupt(_number: int, _frame: Any) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
