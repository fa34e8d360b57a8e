# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.cartable.fleet.plugins.plugin_utils.network import action, delegation, snmp

if action.MISSING is None:
    from ansible_collections.cartable.fleet.plugins.plugin_utils.network.errors import LoginRefused

    from reversibility.market.addresses import comparable
    from reversibility.platforms.registry import shell_driver

SNMP = "snmp/"


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
        if self.arguments["account"].startswith(SNMP):
            return self._request()
        return super().act()

    def _request(self):
        """Ask the device by SNMPv3; no answer at all is a result too."""
        account = self.arguments["account"]
        user, _, kind = account.removeprefix(SNMP).rpartition("/")
        keys = {name: self.secret(f"{SNMP}{user}/{name}") for name in ("auth", "priv")}
        if self.arguments["former"]:
            keys[kind] = self.former(account, self.arguments["revision"])
        host, port = comparable(str(self.asset.address)), int(self.value("network_snmp_port", snmp.PORT))
        result = {"changed": False, "logged_in": False, "answers": snmp.answers(host, port), "detail": ""}
        if result["answers"]:
            result["detail"] = snmp.refusal(host, user, **keys, port=port)
            result["logged_in"] = not result["detail"]
        return result
