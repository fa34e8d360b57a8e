#!/usr/bin/python
# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: software_findings
short_description: Reports installed packages that were removed from the catalogue
version_added: "0.1.0"
description:
  - Keeps a list of the catalogue's installed packages on the machine, C(/var/lib/cartable/software.json).
  - Warns of installed packages that were removed from the catalogue, with the command that removes them. Removes
    nothing.
  - Needs to be root.
author:
  - Cartable contributors (@cartable)
options:
  asset:
    description: The tag of the asset, for the start of each warning.
    type: str
    required: true
  wanted:
    description: Catalogue entry of each package, by the package's name.
    type: dict
    required: true
  keep:
    description: Whether to update the list.
    type: bool
    default: true
attributes:
  check_mode:
    description: Writes no note.
    support: full
  diff_mode:
    description: Shows what is added to the note and taken out of it.
    support: full
"""

EXAMPLES = r"""
- name: Say which packages no catalogue entry asks for any more
  cartable.fleet.software_findings:
    asset: "{{ inventory_hostname }}"
    wanted: {gcompris-qt: gcompris, libreoffice-writer: libreoffice}
"""

RETURN = r"""
findings:
  description: What is left over, a sentence each.
  returned: always
  type: list
  elements: str
  sample:
    - "no catalogue entry asks for the package tuxpaint any more, which tuxpaint did, and it is still installed; if nothing
      else needs it: apt-get remove tuxpaint"
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.cartable.fleet.plugins.module_utils.asset.left_software import (
    left_software,
    write_note,
)
from ansible_collections.cartable.fleet.plugins.module_utils.asset.machine import Machine


def main():
    module = AnsibleModule(
        argument_spec={
            "asset": {"type": "str", "required": True},
            "wanted": {"type": "dict", "required": True},
            "keep": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    given = module.params
    left = left_software(Machine(), {name: str(entry) for name, entry in given["wanted"].items()})
    changed = given["keep"] and left.changed
    if changed and not module.check_mode:
        write_note(left.noted)
    for sentence in left.findings:
        module.warn(f"{given['asset']}: {sentence}.")
    module.exit_json(changed=changed, findings=left.findings)


if __name__ == "__main__":
    main()
