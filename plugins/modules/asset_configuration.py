#!/usr/bin/python
# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: asset_configuration
short_description: Collects the configuration from which an asset can be restored
version_added: "0.1.0"
description:
  - Reads the configuration files of a Debian asset, secrets included, and the database of an Open vSwitch switch.
  - Changes nothing.
  - Set C(no_log) on the task, since the result holds hashes and keys.
author:
  - Cartable contributors (@cartable)
options:
  paths:
    description:
      - Patterns of the files to read, as absolute paths. V(**) stands for any folders.
      - Symbolic links are noted and not followed. Files over 1 MiB are left out and listed.
      - Without it, what the roles of this collection configure on Debian is read.
    type: list
    elements: str
  more_paths:
    description: Patterns besides those of O(paths).
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    description: Can run in check mode.
    support: full
  diff_mode:
    description: Changes nothing, so there is no difference to show.
    support: none
"""

EXAMPLES = r"""
- name: Read the configuration
  cartable.fleet.asset_configuration:
    more_paths: [/etc/dnsmasq.d/**]
  register: found
  no_log: true

- name: Keep it
  cartable.fleet.record:
    configuration: "{{ found.configuration }}"
  no_log: true
"""

RETURN = r"""
configuration:
  description: The files, sorted by path. A symbolic link has a C(link) in place of a content.
  returned: always
  type: list
  elements: dict
  sample: [{path: /etc/hostname, mode: "0644", owner: root, group: root, content_b64: VUMyNTAwMDEK}]
left_out:
  description: Paths of the files that were left out as too large.
  returned: always
  type: list
  elements: str
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.cartable.fleet.plugins.module_utils.asset.configuration import (
    DEBIAN_PATHS,
    collect,
    open_vswitch,
)
from ansible_collections.cartable.fleet.plugins.module_utils.asset.machine import Machine


def main():
    module = AnsibleModule(
        argument_spec={
            "paths": {"type": "list", "elements": "str"},
            "more_paths": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    patterns = DEBIAN_PATHS if module.params["paths"] is None else module.params["paths"]
    wanted = [*patterns, *module.params["more_paths"]]
    for pattern in wanted:
        if not pattern.startswith("/"):
            module.fail_json(msg=f"{pattern!r} is not an absolute path; begin it with a slash.")
    files, left_out = collect("/", wanted)
    module.exit_json(changed=False, configuration=files + open_vswitch(Machine()), left_out=left_out)


if __name__ == "__main__":
    main()
