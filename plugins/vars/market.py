# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = """
name: market
version_added: "0.1.0"
short_description: What a market declares, as variables
author: Cartable contributors (@cartable)
description:
  - Gives every host C(cartable_market) (the name), C(cartable_sites), C(cartable_network), C(cartable_catalogue),
    C(cartable_contract), C(cartable_calendar) (empty without C(calendar.yml)) and C(cartable_state_dir), and every
    declared asset C(cartable_site), C(cartable_room), C(cartable_software) (the catalogue's entries that are wanted on it),
    C(cartable_platform), C(cartable_platform_version), C(cartable_family), C(cartable_kind_groups), C(cartable_itemtype) (GLPI's), C(cartable_task_files)
    (the file of each role for its platform) and C(cartable_collected) (what observe reads of its configuration).
    C(ansible_winrm_known_certificates) is the market's file of the PCs' certificates.
    C(ansible_connection) and the like, as C(platforms.yml) has them, where neither the host nor a group gives them.
  - The market is read and checked once, in Ansible's main process, and again only when one of its files changes.
  - An inventory that is no market (no C(hosts.yml) beside C(sites.yml), C(network.yml), C(catalogue.yml) or
    C(contract.yml)) gets nothing, in silence.
  - A market with errors gives its name and its folder only, with one warning. The action P(cartable.fleet.preflight#module)
    then refuses to go on and lists the errors.
  - From then on the answers of modules are checked. One that sets variables, hosts or groups, as a managed host in wrong hands might,
    fails its task.
requirements:
  - The Python package C(cartable) for the Python that runs Ansible.
options:
  stage:
    description: When the variables are gathered.
    ini:
      - key: stage
        section: vars_cartable_market
    env:
      - name: CARTABLE_VARS_MARKET_STAGE
extends_documentation_fragment:
  - vars_plugin_staging
"""

from pathlib import Path

from ansible.errors import AnsibleParserError
from ansible.inventory.group import InventoryObjectType
from ansible.plugins.vars import BaseVarsPlugin
from ansible_collections.cartable.fleet.plugins.plugin_utils import (
    answer_recording,
    answers,
    missing_password,
)
from ansible_collections.cartable.fleet.plugins.plugin_utils.package import need_package

try:
    from reversibility.errors import CartableError
    from reversibility.market.variables import host_variables, loaded, shared_variables
    from reversibility.platforms.registry import driver
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None

WARNED: set[str] = set()


def _collected(asset):
    """Configuration files that observe reads on the asset; none if its platform has no driver."""
    found = driver(asset.platform.name)
    return list(found.collected(asset.kind)) if found else []


class VarsModule(BaseVarsPlugin):
    """Gives the market's variables to the group ``all`` and to its assets."""

    is_stateless = True

    def __init__(self):
        super().__init__()
        answers.guard()  # before any worker is forked
        answer_recording.install()
        missing_password.told()

    def get_vars(self, loader, path, entities):
        """The variables of ``entities`` (hosts or groups) for the inventory folder ``path``."""
        if not Path(
            path, "hosts.yml"
        ).is_file():  # for example a playbook's folder; called for each host, so return at once
            return {}
        need_package(MISSING, AnsibleParserError)
        try:
            market = loaded(Path(path))
        except CartableError as error:
            raise AnsibleParserError(str(error)) from error
        if market is None:
            return {}
        self._warn(market)
        variables = {}
        for entity in entities if isinstance(entities, list) else [entities]:
            if entity.base_type is InventoryObjectType.HOST:
                known = host_variables(market, entity.name)
                variables.update(known)
                if known:
                    variables["cartable_collected"] = _collected(market.market.assets[entity.name])
            elif entity.name == "all":
                variables.update(shared_variables(market))
        return variables

    def _warn(self, market) -> None:
        name = market.paths.market
        if market.findings and name not in WARNED:
            WARNED.add(name)
            self._display.warning(
                f"The market {name} has {len(market.findings)} error(s), so its variables are not available; "
                f"'reversibility check -i {market.paths.inventory}' lists them. The first: {market.findings[0]}"
            )
