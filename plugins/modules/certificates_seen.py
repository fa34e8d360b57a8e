#!/usr/bin/python
# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: which certificates are on a Linux machine."""

from __future__ import annotations

DOCUMENTATION = r"""
module: certificates_seen
short_description: Reads the certificates of a Linux machine
version_added: "0.1.0"
description:
  - Finds certificates (PEM and DER) in files, and those of the machine's own TLS services on loopback.
  - Leaves out trusted root authorities of the system, and files with more than twenty certificates.
  - The filter P(cartable.fleet.certificate_record#filter) makes the record from the result.
  - Changes nothing.
options:
  folders:
    description: Folders to search.
    type: list
    elements: path
    default: [/etc, /usr/local/share/ca-certificates]
  ports:
    description: TCP ports to ask for their certificate, if something listens on them.
    type: list
    elements: int
    default: [443, 636, 853, 990, 993, 995, 2083, 5986, 6514, 8443]
attributes:
  check_mode:
    support: full
    description: Can run in check mode.
  diff_mode:
    support: none
    description: Changes nothing, so there is no difference to show.
author:
  - Cartable contributors (@cartable)
"""

EXAMPLES = r"""
- name: Which certificates are there?
  cartable.fleet.certificates_seen:
  register: seen

- name: Keep them
  cartable.fleet.record:
    files:
      certificates.json: "{{ seen.certificates | cartable.fleet.certificate_record }}"
"""

RETURN = r"""
certificates:
  description: Where each certificate was seen, the certificate, and whether its private key lies beside it.
  returned: always
  type: list
  elements: dict
  sample: [{place: /etc/ssl/cartable/pc.crt, pem: "-----BEGIN CERTIFICATE-----…", private_key: true}]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.cartable.fleet.plugins.module_utils.asset.certificates import certificates
from ansible_collections.cartable.fleet.plugins.module_utils.asset.machine import Machine

FOLDERS = ["/etc", "/usr/local/share/ca-certificates"]
PORTS = [443, 636, 853, 990, 993, 995, 2083, 5986, 6514, 8443]


def main():
    module = AnsibleModule(
        argument_spec={
            "folders": {"type": "list", "elements": "path", "default": FOLDERS},
            "ports": {"type": "list", "elements": "int", "default": PORTS},
        },
        supports_check_mode=True,
    )
    given = module.params
    found = certificates(Machine(), given["folders"], given["ports"])
    module.exit_json(changed=False, certificates=found)


if __name__ == "__main__":
    main()
