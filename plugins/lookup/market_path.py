# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives paths of the market that the current host belongs to."""

from __future__ import annotations

DOCUMENTATION = """
name: market_path
author: Cartable contributors (@cartable)
version_added: "0.1.0"
short_description: Gives a path of the current host's market
description:
  - Returns where a file or folder of the market is on the controller.
  - The market, the site and the host are those of Ansible's inventory object. A variable that a managed host's answer has set
    cannot change them, which is why connection variables should use this lookup and not a variable.
options:
  _terms:
    description:
      - V(known_hosts), V(operator_key), V(keys), V(state), V(data) or V(inventory); V(records) is the folder of the current host's
        records in the state.
    required: true
    type: list
    elements: str
"""

EXAMPLES = """
- name: Look which machines have a key
  ansible.builtin.stat:
    path: "{{ lookup('cartable.fleet.market_path', 'known_hosts') }}"
  delegate_to: localhost
"""

RETURN = """
_raw:
  description: The absolute paths, in the order of the terms.
  type: list
  elements: str
"""

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.cartable.fleet.plugins.plugin_utils import identity
from ansible_collections.cartable.fleet.plugins.plugin_utils.package import need_package

try:
    from reversibility.errors import CartableError
    from reversibility.market.paths import MarketPaths
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None

OF_THE_MARKET = ("known_hosts", "operator_key", "keys", "state", "data", "inventory")
OF_THE_HOST = "records"


class LookupModule(LookupBase):
    """The lookup ``cartable.fleet.market_path``."""

    def run(self, terms, variables=None, **kwargs):
        """Return the path of each term."""
        need_package(MISSING, AnsibleLookupError)
        self.set_options(var_options=variables, direct=kwargs)
        try:
            paths = MarketPaths.for_inventory(identity.market_folder())
            return [str(self._path(paths, str(term))) for term in terms]
        except (CartableError, identity.NoIdentity) as error:
            raise AnsibleLookupError(str(error)) from error

    @staticmethod
    def _path(paths, term):
        if term == OF_THE_HOST:
            return paths.state / identity.host_site() / identity.host_name()
        if term in OF_THE_MARKET:
            return getattr(paths, term)
        raise AnsibleLookupError(
            f"{term!r} is no path of a market; give one of {', '.join((*OF_THE_MARKET, OF_THE_HOST))}."
        )
