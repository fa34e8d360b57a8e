# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of Ansible's WinRM connection, as the installed ansible-core has them."""

from __future__ import annotations

import yaml
from ansible.plugins.connection import winrm


def _options() -> dict[str, dict[str, object]]:
    """Ansible's options, without the versions of ansible-core that brought them: here they would name the collection's."""
    found = yaml.safe_load(winrm.DOCUMENTATION)["options"]
    return {
        name: {key: value for key, value in option.items() if key != "version_added"}
        for name, option in found.items()
    }


class ModuleDocFragment:
    """Read from Ansible's plugin, so that a new ansible-core brings its own."""

    DOCUMENTATION = yaml.safe_dump({"options": _options()})
