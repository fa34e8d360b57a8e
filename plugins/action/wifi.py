# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.cartable.fleet.plugins.plugin_utils.network import shell_states


class ActionModule(shell_states.ShellStates):
    """The action ``cartable.fleet.wifi``; see the module of the same name for its documentation."""

    ARGUMENTS = {
        "state": {"type": "str", "choices": shell_states.STATES, "default": "present"},
        "files": {"type": "dict"},
        "way_back_minutes": {"type": "int", "default": 5},
    }
