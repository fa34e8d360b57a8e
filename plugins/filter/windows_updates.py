# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters that judge what Windows Update answers."""

from __future__ import annotations

from datetime import date

from ansible.errors import AnsibleFilterError
from ansible_collections.cartable.fleet.plugins.plugin_utils.package import need_package

try:
    from reversibility.errors import CartableError
    from reversibility.platforms import windows_updates
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None


def windows_update_patterns(names):
    """Patterns for win_updates, of KB numbers or of the list of refused updates (name, reason, until)."""
    need_package(MISSING, AnsibleFilterError)
    try:
        if any(not isinstance(name, str) for name in names):
            names = windows_updates.refused_today(names, date.today())
        return windows_updates.kb_patterns(names)
    except CartableError as error:
        raise AnsibleFilterError(str(error)) from error


def windows_update_outcome(run, installed=(), only_security=False):
    """What a run of win_updates comes to."""
    need_package(MISSING, AnsibleFilterError)
    return windows_updates.outcome(run, list(installed), only_security=bool(only_security))


def windows_support(properties):
    """Name, end of free and of all support, of the registry values of CurrentVersion."""
    need_package(MISSING, AnsibleFilterError)
    release, support = windows_updates.support(properties)
    today = date.today()
    return {
        "system": " ".join(
            part for part in (release.os, release.release, release.edition, release.build) if part
        ),
        "ends": support.ends.isoformat() if support.ends else "",
        "ended": bool(support.ends and support.ends < today),
        "over": bool(support.last and support.last < today),
    }


class FilterModule:
    """The filters ``cartable.fleet.windows_…``."""

    def filters(self):
        """Name → function."""
        return {
            "windows_update_patterns": windows_update_patterns,
            "windows_update_outcome": windows_update_outcome,
            "windows_support": windows_support,
        }
