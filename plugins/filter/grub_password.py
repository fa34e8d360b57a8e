# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters for the password of GRUB's menu."""

from __future__ import annotations

from ansible_collections.cartable.fleet.plugins.plugin_utils.grub_password import grub_hash, grub_opens


class FilterModule:
    """The filters ``cartable.fleet.grub_hash`` and ``cartable.fleet.grub_opens``."""

    def filters(self):
        """Name → function."""
        return {"grub_hash": grub_hash, "grub_opens": grub_opens}
