# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that reads certificates."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.cartable.fleet.plugins.plugin_utils.package import need_package

try:
    from reversibility.operations.certificates.seen import certificate_record as read
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None


def certificate_record(found):
    """The record ``certificates.json`` of what ``cartable.fleet.certificates_seen`` has found."""
    need_package(MISSING, AnsibleFilterError)
    return read(found)


class FilterModule:
    """The filter ``cartable.fleet.certificate_record``."""

    def filters(self):
        """Name → function."""
        return {"certificate_record": certificate_record}
