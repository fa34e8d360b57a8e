# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a secret from the market's vault."""

from __future__ import annotations

DOCUMENTATION = """
name: vault
author: Cartable contributors (@cartable)
version_added: "0.1.0"
short_description: Reads the password of an account from the market's vault
description:
  - Returns the current password of an account of an asset; where there is no current one yet, the pending one.
  - The vault was opened in the main process by the vars plugin P(cartable.fleet.vault#vars).
  - What it returns is a secret. Set C(no_log) on a task that takes it as an argument.
notes:
  - In check mode, an account whose password only a real run would create has a placeholder, which opens nothing.
  - After a run was cut between setting a new password and M(cartable.fleet.vault_entry) with O(cartable.fleet.vault_entry#module:state=current), the asset has
    either the current or the pending password. Try a login with O(pending=true) first. If it succeeds, make it current
    with M(cartable.fleet.vault_entry); then every look-up of the current password works, including that for C(become).
options:
  _terms:
    description:
      - The account, such as V(cartable), of the current host. The host is the inventory's, whatever a variable says.
      - With O(other_asset=true), an asset and an account, such as V(NA250001/radius).
    required: true
    type: list
    elements: str
  pending:
    description:
      - Return the password that the asset should have in the end, that is the pending one if there is one, else the current one.
    type: bool
    default: false
  former:
    description:
      - Return the password before the current one, from the entry's history. No login may succeed with it any more, which is what it is for.
      - M(cartable.fleet.vault_entry) says with RV(cartable.fleet.vault_entry#module:former) whether there is one.
    type: bool
    default: false
  installation:
    description:
      - Return the password that M(cartable.fleet.vault_entry) keeps for an unattended installation, with O(cartable.fleet.vault_entry#module:state=installation).
    type: bool
    default: false
  revision:
    description:
      - With O(former=true), the password that had this revision, however many came after it. A take-over knows passwords by the
        revisions that were handed over.
    type: str
    default: ""
    version_added: "0.3.0"
  other_asset:
    description:
      - Allow a term that names another asset than the current host.
      - For secrets that two assets share, where the inventory says which. Never with a name that a managed host has given.
    type: bool
    default: false
  missing:
    description:
      - What to do when the vault has no such account. V(error) fails; V(empty) returns an empty string, which is right for
        C(ansible_become_password) of a machine that was just installed and whose C(sudo) asks for no password yet.
      - A vault that is missing or not open is always an error.
    type: str
    choices: [error, empty]
    default: error
"""

EXAMPLES = """
- name: Check the login of the administrator
  cartable.fleet.login_check:
    user: cartable
    password: "{{ lookup('cartable.fleet.vault', 'cartable', pending=true) }}"
  no_log: true

- name: Use sudo with the password of the vault, from the first run on
  ansible.builtin.command: id
  changed_when: false
  become: true
  vars:
    ansible_become_password: "{{ lookup('cartable.fleet.vault', 'cartable', missing='empty') }}"
"""

RETURN = """
_raw:
  description: The password of each account.
  type: list
  elements: str
"""

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.cartable.fleet.plugins.plugin_utils import identity
from ansible_collections.cartable.fleet.plugins.plugin_utils.package import need_package

try:
    from reversibility.errors import CartableError
    from reversibility.records import session
    from reversibility.records.vault_entry import INSTALLATION
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None

# Returned in check mode for a password that only a real run creates. It has the length and character classes of the
# policy, so that tasks which test these do not fail.
PLACEHOLDER = "Not-4-real-pwd:check.mode"


class LookupModule(LookupBase):
    """The lookup ``cartable.fleet.vault``."""

    def run(self, terms, variables=None, **kwargs):
        """Return the secret of each term."""
        need_package(MISSING, AnsibleLookupError)
        self.set_options(var_options=variables, direct=kwargs)
        variables = variables or {}
        try:
            vault = session.opened_vault(session.vault_of(identity.market_folder()))
            return [self._secret(vault, str(term), variables) for term in terms]
        except (CartableError, identity.NoIdentity) as error:
            raise AnsibleLookupError(str(error)) from error

    def _secret(self, vault, term, variables):
        """The secret of one account."""
        asset, slash, account = term.partition("/") if "/" in term else ("", "", term)
        if not account or (slash and not asset):
            raise AnsibleLookupError(f"{term!r} names no account; give ACCOUNT, or ASSET/ACCOUNT.")
        if not (slash and self.get_option("other_asset")):
            own = identity.host_name()
            if slash and asset != own:
                raise AnsibleLookupError(
                    f"A task for {own} asks for the secret {term}, of another asset. Name the account only; where "
                    "another asset's secret is meant, say so with other_asset=true."
                )
            asset = own
        if secret := self._kept(vault, asset, account):
            return secret
        if self.get_option("missing") == "empty":
            return ""
        if variables.get("ansible_check_mode"):
            return PLACEHOLDER
        if self.get_option("installation"):
            raise AnsibleLookupError(
                f"The vault {vault.path} has no password of an installation for {asset}/{account}; run bootstrap.yml."
            )
        if self.get_option("former"):
            raise AnsibleLookupError(f"The vault {vault.path} has no former password of {asset}/{account}.")
        raise AnsibleLookupError(
            f"The vault {vault.path} has no password for {asset}/{account}; prepare it with cartable.fleet.vault_entry "
            "(the playbook provision does), or look it up with missing='empty'."
        )

    def _kept(self, vault, asset, account):
        """The secret selected by the options; None or empty if the vault has none."""
        entry = vault.find(asset, account)
        if entry is None:
            return None
        if self.get_option("installation"):
            return vault.secret(asset, account, INSTALLATION)
        if self.get_option("former"):
            return vault.former(asset, account, self.get_option("revision"))
        if self.get_option("pending"):
            return entry.pending or entry.password
        return entry.password or entry.pending
