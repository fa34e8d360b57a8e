# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a Windows PC with the module of the same name, and evaluates its answer on the controller."""

from __future__ import annotations

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.cartable.fleet.plugins.plugin_utils.package import need_package

try:
    from reversibility.errors import CartableError
    from reversibility.platforms.windows_answer import Answer
    from reversibility.platforms.windows_records import records
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None

CLIENT = "Cartable-0.1.0"
MODULE = "cartable.fleet.win_asset_facts"
ARGUMENTS = {
    "asset": {"type": "str", "required": True},
    "declared_accounts": {"type": "list", "elements": "str", "default": []},
}


class ActionModule(ActionBase):
    """The action ``cartable.fleet.win_asset_facts``; see the module of the same name for its documentation."""

    _supports_check_mode = True
    TRANSFERS_FILES = False

    def run(self, tmp=None, task_vars=None):
        """Run the module, and return the records made from its answer."""
        result = super().run(tmp, task_vars)
        need_package(MISSING, AnsibleActionFail)
        _validation, args = self.validate_argument_spec(argument_spec=ARGUMENTS)
        seen = self._execute_module(module_name=MODULE, module_args=dict(args), task_vars=task_vars)
        result.update({key: value for key, value in seen.items() if key not in ("answer", "invocation")})
        if seen.get("failed") or "answer" not in seen:
            return result
        try:
            result.update(
                records(Answer.read(str(seen["answer"])), args["asset"], args["declared_accounts"], CLIENT)
            )
        except CartableError as error:
            raise AnsibleActionFail(str(error)) from error
        return result
