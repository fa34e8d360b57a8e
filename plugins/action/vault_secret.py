# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps a secret that an asset has made, such as a recovery key, in the market's vault, on the controller."""

from __future__ import annotations

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.cartable.fleet.plugins.plugin_utils import identity
from ansible_collections.cartable.fleet.plugins.plugin_utils.package import need_package

try:
    from reversibility.errors import CartableError
    from reversibility.platforms.windows_recovery_key import is_recovery_key
    from reversibility.records import session
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None

ARGUMENTS = {
    "account": {"type": "str", "required": True},
    "name": {"type": "str", "required": True},
    "value": {"type": "str", "required": True, "no_log": True},
    "format": {"type": "str", "choices": ["any", "bitlocker_recovery_key"], "default": "any"},
}


class ActionModule(ActionBase):
    """The action ``cartable.fleet.vault_secret``; see the module of the same name for its documentation."""

    _requires_connection = False
    _supports_check_mode = True
    TRANSFERS_FILES = False

    def run(self, tmp=None, task_vars=None):
        """Keep the secret, and say so only after it was read back."""
        super().run(tmp, task_vars)
        need_package(MISSING, AnsibleActionFail)
        _validation, args = self.validate_argument_spec(argument_spec=ARGUMENTS)
        if args["format"] == "bitlocker_recovery_key" and not is_recovery_key(args["value"]):
            raise AnsibleActionFail(
                "This is no BitLocker recovery key: it has a wrong digit or is cut; nothing was kept."
            )
        try:
            asset, site = identity.host_name(), identity.host_site()
            vault = session.opened_vault(session.vault_of(identity.market_folder()))
            place = (asset, args["account"], args["name"])
            changed = vault.secret(*place) != args["value"]
            if changed and not self._task.check_mode:
                with vault.transaction() as change:
                    change.put_secret(site, *place, args["value"])
            return {"changed": changed, "kept": vault.secret(*place) == args["value"]}
        except (CartableError, identity.NoIdentity) as error:
            raise AnsibleActionFail(str(error)) from error
