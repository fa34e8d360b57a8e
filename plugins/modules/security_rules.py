#!/usr/bin/python
# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: security_rules
short_description: Compares a Linux machine with security rules
version_added: "0.1.0"
description:
  - Reads the effective value of each rule (C(sshd -T), C(/proc/sys), the loaded firewall, C(cvtsudoers), ...) and
    returns the expected value, the value seen, and the changes to make. Changes nothing.
author:
  - Cartable contributors (@cartable)
options:
  rules:
    description: Rules, in the order in which their groups are applied.
    type: list
    elements: dict
    required: true
    suboptions:
      id:
        description: Name of the rule.
        type: str
        required: true
      group:
        description: Rules of one group are changed together.
        type: str
        required: true
      title:
        description: Title, in French.
        type: str
        required: true
      level:
        description: Level of ANSSI BP-028.
        type: str
        choices: [minimal, intermediary, enhanced, high]
      anssi:
        description: Number in ANSSI BP-028, version 2.
        type: str
      cis:
        description: Number in the CIS Benchmark of Debian 13.
        type: str
      probe:
        description: Probe that reads the value.
        type: str
        choices: [absent, apparmor, dconf, grub, kernel_module, mode, mount, nft, owned, package, pam, password_age, reloaded, setting, sshd, sudo, sysctl, unit]
      path:
        description: File, mount point or patterns of files.
        type: str
      key:
        description: Name of the setting, package, unit, parameter or kernel module.
        type: str
      expected:
        description: Its value.
        type: str
      compare:
        description: How it is compared.
        type: str
        choices: [equal, at_least, at_most]
        default: equal
      optional:
        description: Whether a missing file conforms.
        type: bool
        default: false
      needs:
        description: Component that the machine must have for the rule to apply.
        type: list
        elements: str
        choices: [own_kernel, grub, desktop, plasma]
        default: []
      declined:
        description: Why this project does not apply the rule.
        type: str
      ssg:
        description: Equivalent rules of the SCAP Security Guide.
        type: list
        elements: str
        default: []
  files:
    description: Files to write. Each has a C(group), a C(path), its C(content) and usually C(needs).
    type: list
    elements: dict
    default: []
  together:
    description: Groups that are changed as one, since none of them decides who may log in.
    type: list
    elements: str
    default: []
  waived:
    description: Waivers by rule, each with C(reason), C(author) and C(until).
    type: dict
    default: {}
attributes:
  check_mode:
    description: Can run in check mode.
    support: full
  diff_mode:
    description: Changes nothing, so there is no difference to show.
    support: none
"""

EXAMPLES = r"""
- name: Compare the machine with two rules
  cartable.fleet.security_rules:
    rules:
      - {id: ssh-root, group: ssh, title: Root interdit par SSH, probe: sshd, key: PermitRootLogin, expected: "no"}
      - {id: kernel-dmesg, group: kernel, title: Journal du noyau réservé, probe: sysctl, key: kernel.dmesg_restrict, expected: "1"}
  register: compared
"""

RETURN = r"""
rules:
  description: One line a rule, for the record C(compliance.json). C(state) is complies, present (with another value), missing,
    not_applicable, waived or declined.
  returned: always
  type: list
  elements: dict
  sample: [{rule: ssh-root, group: ssh, expected: "no", seen: "yes", state: present}]
due:
  description: Changes to make, by group; groups without changes are left out.
  returned: always
  type: list
  elements: dict
  sample: [{name: ssh, groups: [ssh], files: [/etc/ssh/sshd_config.d/01-cartable.conf], packages: [], rules: [ssh-root]}]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.cartable.fleet.plugins.module_utils.security.comparison import compare, to_do
from ansible_collections.cartable.fleet.plugins.module_utils.security.probes import Probes

TEXT = {"type": "str"}
NEEDED = ["own_kernel", "grub", "desktop", "plasma"]
RULE = {
    "id": {"type": "str", "required": True},
    "group": {"type": "str", "required": True},
    "title": {"type": "str", "required": True},
    "level": {"type": "str", "choices": ["minimal", "intermediary", "enhanced", "high"]},
    "anssi": TEXT,
    "cis": TEXT,
    "probe": {
        "type": "str",
        "choices": [
            *(
                "absent",
                "apparmor",
                "dconf",
                "grub",
                "kernel_module",
                "mode",
                "mount",
                "nft",
                "owned",
                "package",
                "pam",
                "password_age",
                "reloaded",
            ),
            *("setting", "sshd", "sudo", "sysctl", "unit"),
        ],
    },
    "path": TEXT,
    "key": {**TEXT, "no_log": False},
    "expected": TEXT,
    "compare": {"type": "str", "choices": ["equal", "at_least", "at_most"], "default": "equal"},
    "optional": {"type": "bool", "default": False},
    "needs": {"type": "list", "elements": "str", "choices": NEEDED, "default": []},
    "declined": TEXT,
    "ssg": {"type": "list", "elements": "str", "default": []},
}


def main():
    module = AnsibleModule(
        argument_spec={
            "rules": {"type": "list", "elements": "dict", "required": True, "options": RULE},
            "files": {"type": "list", "elements": "dict", "default": []},
            "together": {"type": "list", "elements": "str", "default": []},
            "waived": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    rules = [
        {name: value for name, value in rule.items() if value is not None} for rule in module.params["rules"]
    ]
    files, probes = module.params["files"], Probes()
    texts = {file["path"]: file["content"] for file in files}
    rows = [compare(rule, probes, texts, module.params["waived"]) for rule in rules]
    module.exit_json(
        changed=False, rules=rows, due=to_do(rules, rows, files, probes, module.params["together"])
    )


if __name__ == "__main__":
    main()
