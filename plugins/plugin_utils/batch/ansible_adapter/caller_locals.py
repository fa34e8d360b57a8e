# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Local variables of a calling function: data that a strategy does not pass to its callbacks."""

from __future__ import annotations

import inspect
from typing import Any


def find_caller_locals(*names: str) -> tuple[Any, ...]:
    """The values of these local variables in the innermost caller that has them all. Raises LookupError."""
    frame = inspect.currentframe()
    while frame is not None:
        if set(names) <= set(frame.f_locals):
            return tuple(frame.f_locals[name] for name in names)
        frame = frame.f_back
    raise LookupError(f"no caller has the local variables {', '.join(names)}")
