#!/usr/bin/python
# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: medium_file
short_description: Writes a file of an installation medium on the controller
version_added: "0.2.0"
description:
  - Writes a file such as an answer file of an unattended installation, which may hold a secret.
  - Unlike M(ansible.builtin.copy) and M(ansible.builtin.template), it leaves no copy in a temporary folder, and shows no diff.
  - Makes the folders that are missing.
author:
  - Cartable contributors (@cartable)
options:
  dest:
    description: Absolute path of the file on the controller.
    type: path
    required: true
  content:
    description: The whole content.
    type: str
    required: true
  mode:
    description: Mode of the file. Let others read it only if it holds no secret. FAT does not store modes.
    type: str
    choices: ['0600', '0644']
    default: '0600'
attributes:
  check_mode:
    description: Writes nothing and says whether it would.
    support: full
  diff_mode:
    description: There is nothing to show but secrets.
    support: none
  action:
    description: Is done on the controller by an action of the same name.
    support: full
"""

EXAMPLES = r"""
- name: Write the answer file of the installation
  cartable.fleet.medium_file:
    dest: /media/key/autounattend.xml
    content: "{{ lookup('ansible.builtin.template', 'autounattend.xml.j2') }}"
"""

RETURN = r"""
path:
  description: The file.
  returned: always
  type: str
"""
