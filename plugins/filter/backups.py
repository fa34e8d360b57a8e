# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that reads what restic says of its copies."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.cartable.fleet.plugins.plugin_utils.package import need_package

try:
    from reversibility.records.backups import backup_record as read
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None


def backup_record(snapshots, paths, repository, result):
    """The record ``backups.json`` of what ``restic snapshots --json`` prints."""
    need_package(MISSING, AnsibleFilterError)
    return read(snapshots, paths, repository, result)


class FilterModule:
    """The filter ``cartable.fleet.backup_record``."""

    def filters(self):
        """Name → function."""
        return {"backup_record": backup_record}
