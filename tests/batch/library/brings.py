#!/usr/bin/python
# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module for tests: it returns one fact, of any name."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    """Return the fact ``name`` with ``value``."""
    spec = {"name": {"type": "str", "required": True}, "value": {"type": "str", "required": True}}
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    module.exit_json(changed=False, ansible_facts={module.params["name"]: module.params["value"]})


if __name__ == "__main__":
    main()
