# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Delegation between actions: runs the same task with another action class, chosen by the device's platform."""

from __future__ import annotations


def act_as(kind, action):
    """The result of ``action``'s task by the class ``kind``, with the device and the arguments that were found."""
    other = kind(
        action._task,
        action._connection,
        action._play_context,
        action._loader,
        action._templar,
        action._shared_loader_obj,
    )
    for name in ("variables", "arguments", "paths", "market", "asset", "driver", "wanted"):
        setattr(other, name, getattr(action, name))
    return other.act()
