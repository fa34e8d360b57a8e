# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.cartable.fleet.plugins.module_utils.asset.restoring import ACCOUNTS
from ansible_collections.cartable.fleet.plugins.plugin_utils import identity
from ansible_collections.cartable.fleet.plugins.plugin_utils.package import need_package

try:
    from reversibility.errors import CartableError
    from reversibility.market.paths import MarketPaths
    from reversibility.market.variables import loaded
    from reversibility.platforms.registry import driver
    from reversibility.records import configuration, session
    from reversibility.records.state import State
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None


class ActionModule(ActionBase):
    """The action ``cartable.fleet.restore_configuration``; see the module of the same name for its documentation."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        need_package(MISSING, AnsibleActionFail)
        _, arguments = self.validate_argument_spec(
            argument_spec={"part": {"type": "str", "choices": ["accounts", "files"], "required": True}},
        )
        try:
            kept = self._kept()
        except (CartableError, identity.NoIdentity) as error:
            raise AnsibleActionFail(str(error)) from error
        accounts = arguments["part"] == "accounts"
        files = [item for item in kept if (item["path"] in ACCOUNTS) is accounts]
        result.update(
            self._execute_module(module_args={"part": arguments["part"], "files": files}, task_vars=task_vars)
        )
        result.pop("invocation", None)  # the files are in it
        return result

    def _kept(self):
        """The files of ``config.age`` for a blank machine, in the order in which they are written."""
        asset, site = identity.host_name(), identity.host_site()
        folder = identity.market_folder()
        paths = MarketPaths.for_inventory(folder)
        market = loaded(folder)
        declared = market.market.assets.get(asset) if market and market.market else None
        found = driver(declared.platform.name) if declared else None
        kept = State(paths.state).read_bytes(site, asset, configuration.RESTORABLE)
        if kept is None or found is None:
            raise CartableError(
                f"There is no configuration of {asset} to restore; observe.yml keeps it while the machine works."
            )
        identity_of_age = session.opened_vault(paths.vault).age_identity()
        files = {file.path: file for file in configuration.open_files(kept, identity_of_age)}
        contents = {path: file.content for path, file in files.items()}
        return [configuration.as_item(files[path]) for path in found.restore(contents) if path in files]
