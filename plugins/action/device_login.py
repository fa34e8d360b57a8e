# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.cartable.fleet.plugins.plugin_utils.network import action, delegation

if action.MISSING is None:
    from ansible_collections.cartable.fleet.plugins.plugin_utils.network.errors import LoginRefused

    from reversibility.platforms.registry import shell_driver


class Login:
    """Logs in once with the account's secret, or with its former one. Subclasses are actions on a device."""

    ARGUMENTS = {
        "account": {"type": "str", "required": True},
        "former": {"type": "bool", "default": False},
        "revision": {"type": "str", "default": ""},
    }

    def act(self):
        """Log in; a refusal is a result."""
        account = self.arguments["account"]
        revision = self.arguments["revision"]
        secret = self.former(account, revision) if self.arguments["former"] else self.secret(account)
        try:
            self.device().log_in(account, secret)
        except LoginRefused as error:
            return {"changed": False, "logged_in": False, "detail": str(error)}
        return {"changed": False, "logged_in": True, "detail": ""}


class ShellLogin(Login, action.ShellAction):
    """Login to a Unix device."""


class ActionModule(Login, action.DeviceAction):
    """The action ``cartable.fleet.device_login``; see the module of the same name for its documentation."""

    def find(self, platform):
        """The platform's driver: of a Unix device, or of one with a command line."""
        self.driver = shell_driver(platform, self.asset.kind)
        if self.driver is None:
            super().find(platform)

    def act(self):
        """Log in in the way of the platform."""
        if hasattr(self.driver, "scripts"):
            return delegation.act_as(ShellLogin, self)
        return super().act()
