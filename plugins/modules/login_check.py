#!/usr/bin/python
# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: test of a password by a real login."""

from __future__ import annotations

DOCUMENTATION = r"""
module: login_check
short_description: Check by a real login that a password opens an account
version_added: "0.1.0"
description:
  - Logs in on the target through PAM, as a person would, and returns whether it succeeded.
  - C(su) is run on a pseudo-terminal by a user without rights. The password is in no process argument, environment
    variable or file of the target. It reaches the target as a module argument, so pipelining must be on, as in this
    project's C(ansible.cfg); without it Ansible writes module arguments to a file.
  - A refused password is a result, not a failure.
  - Run as root, it becomes C(nobody) first, since root is not asked for a password. Where C(su) lets in only some
    accounts (C(pam_wheel)), run it as one of them.
options:
  user:
    description: The account.
    type: str
    required: true
  password:
    description: The password to try.
    type: str
    required: true
  timeout:
    description: Seconds for the whole login.
    type: int
    default: 20
attributes:
  check_mode:
    support: full
    description: Nothing is ever changed.
author:
  - Cartable contributors (@cartable)
"""

EXAMPLES = r"""
- name: Check the user's password
  cartable.fleet.login_check:
    user: eleve
    password: "{{ lookup('cartable.fleet.vault', 'eleve') }}"
  register: login

- name: Refuse to go on with a password that does not work
  ansible.builtin.assert:
    that: login.logged_in
"""

RETURN = r"""
logged_in:
  description: Whether the login succeeded.
  returned: always
  type: bool
method:
  description: How it was checked. Always C(pam).
  returned: always
  type: str
detail:
  description: How the login ended, in words, without the password.
  returned: always
  type: str
  sample: "su: Authentication failure"
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.cartable.fleet.plugins.module_utils.pam_login import LoginError, try_login


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "user": {"type": "str", "required": True},
            "password": {"type": "str", "required": True, "no_log": True},
            "timeout": {"type": "int", "default": 20},
        },
        supports_check_mode=True,
    )
    params = module.params
    try:
        result = try_login(params["user"], params["password"], timeout=params["timeout"])
    except LoginError as error:
        module.fail_json(msg=f"The login of {params['user']} cannot be tried: {error}.")
    module.exit_json(changed=False, logged_in=result.logged_in, method="pam", detail=result.detail)


if __name__ == "__main__":
    main()
