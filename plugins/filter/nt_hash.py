# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that gives the NT hash of a password."""

from __future__ import annotations

from ansible_collections.cartable.fleet.plugins.plugin_utils.nt_hash import nt_hash


class FilterModule:
    """The filter ``cartable.fleet.nt_hash``."""

    def filters(self):
        """Name → function."""
        return {"nt_hash": nt_hash}
