# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the security rules of Windows PCs."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.cartable.fleet.plugins.plugin_utils.package import need_package

try:
    from reversibility.platforms import windows_rules as rules_of_windows
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None


def windows_rules(rules, services=(), features=(), values=()):
    """The rules and one for each service, optional feature and further registry value."""
    need_package(MISSING, AnsibleFilterError)
    return rules_of_windows.with_lists(rules, services, features, values)


def windows_rule_options(rules, waived):
    """What the modules are given that keep the rules which are not waived."""
    need_package(MISSING, AnsibleFilterError)
    return rules_of_windows.options(rules, waived)


def windows_rule_rows(rules, answers, waived):
    """One row a rule for the record ``compliance.json``, of what the modules answered."""
    need_package(MISSING, AnsibleFilterError)
    return rules_of_windows.rows(rules, answers, waived)


class FilterModule:
    """The filters ``cartable.fleet.windows_rule…``."""

    def filters(self):
        """Name → function."""
        return {
            "windows_rules": windows_rules,
            "windows_rule_options": windows_rule_options,
            "windows_rule_rows": windows_rule_rows,
        }
