# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters that look a system up in platforms.yml."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.cartable.fleet.plugins.plugin_utils.package import need_package

try:
    from reversibility.market.platforms import platform_of
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None


def platform(os: str) -> str:
    """The platform of a value of ``asset.os``."""
    need_package(MISSING, AnsibleFilterError)
    return platform_of(str(os)).name


def family(os: str) -> str:
    """The family of the platform of a value of ``asset.os``."""
    need_package(MISSING, AnsibleFilterError)
    return platform_of(str(os)).family


class FilterModule:
    """The filters ``cartable.fleet.platform`` and ``cartable.fleet.family``."""

    def filters(self):
        """Name → function."""
        return {"platform": platform, "family": family}
