# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the strategy has at hand that is calling the callbacks, and which it does not give them."""

from __future__ import annotations

import inspect
from typing import Any


def at_hand(*names: str) -> tuple[Any, ...]:
    """The values of local variables of the innermost function around that has them all. Raises LookupError."""
    frame = inspect.currentframe()
    while frame is not None:
        if set(names) <= set(frame.f_locals):
            return tuple(frame.f_locals[name] for name in names)
        frame = frame.f_back
    raise LookupError(f"no strategy that has {', '.join(names)} is calling")
