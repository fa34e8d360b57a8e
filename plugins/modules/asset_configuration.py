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
  - Reads configuration files, including secrets, and databases through their tools.
  - The platform's driver lists them (C(reversibility/platforms/)) in the variable C(cartable_collected).
  - Changes nothing.
  - Set C(no_log) on the task, since the result holds hashes and keys.
author:
  - Cartable contributors (@cartable)
options:
  paths:
    description:
      - Patterns of the files to read, as absolute paths. V(**) stands for any folders.
      - Bytes of a name that are not UTF-8 are escaped, as in V(caf\\xe9.conf).
      - Symbolic links are noted and not followed. Files over 1 MiB are left out, listed and warned of.
      - So are files that cannot be read within 5 seconds, and files beyond a total of 64 MiB.
      - V(openvswitch) is no path. It reads the ports and the database of an Open vSwitch switch with its own tools.
    type: list
    elements: str
    required: true
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
    paths: "{{ cartable_collected + ['/etc/dnsmasq.d/**'] }}"
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
  description: Paths of the files that were left out as too large or too slow.
  returned: always
  type: list
  elements: str
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.cartable.fleet.plugins.module_utils.asset.configuration import collect
from ansible_collections.cartable.fleet.plugins.module_utils.asset.machine import Machine, NoAnswer
from ansible_collections.cartable.fleet.plugins.module_utils.asset.openvswitch import open_vswitch

TOOLS = {"openvswitch": open_vswitch}


def main():
    module = AnsibleModule(
        argument_spec={
            "paths": {"type": "list", "elements": "str", "required": True},
        },
        supports_check_mode=True,
    )
    wanted = module.params["paths"]
    for pattern in wanted:
        if not pattern.startswith("/") and pattern not in TOOLS:
            module.fail_json(
                msg=f"{pattern!r} is neither an absolute path, which begins with a slash, nor one of {', '.join(TOOLS)}."
            )
    files, left_out = collect("/", [pattern for pattern in wanted if pattern not in TOOLS])
    try:
        for tool in TOOLS:
            if tool in wanted:
                files += TOOLS[tool](Machine())
    except NoAnswer as error:
        module.fail_json(msg=str(error))
    if left_out:
        module.warn(
            f"{len(left_out)} files are larger than 1 MiB, or took longer than 5 seconds, and are not in the configuration that is kept: "
            f"{', '.join(left_out[:10])}{', …' if len(left_out) > 10 else ''}."
        )
    module.exit_json(changed=False, configuration=files, left_out=left_out)


if __name__ == "__main__":
    main()
