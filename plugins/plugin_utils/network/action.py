# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Base of the actions that talk to a network device of the market: which device, by which driver, with which secrets."""

from __future__ import annotations

import copy

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible_collections.cartable.fleet.plugins.action.record import ActionModule as RecordAction
from ansible_collections.cartable.fleet.plugins.plugin_utils import identity
from ansible_collections.cartable.fleet.plugins.plugin_utils.package import need_package

try:
    from ansible_collections.cartable.fleet.plugins.plugin_utils.network import device as devices
    from ansible_collections.cartable.fleet.plugins.plugin_utils.network.errors import (
        DeviceError,
        LoginRefused,
        Unreachable,
    )
    from ansible_collections.cartable.fleet.plugins.plugin_utils.network.session import Limits
    from ansible_collections.cartable.fleet.plugins.plugin_utils.network.shell_device import ShellDevice
    from ansible_collections.cartable.fleet.plugins.plugin_utils.network.transport import Target

    from reversibility.errors import CartableError
    from reversibility.market.addresses import comparable
    from reversibility.market.paths import MarketPaths
    from reversibility.market.variables import loaded
    from reversibility.platforms.driver import ChangeRefused, UnknownGrammar
    from reversibility.platforms.registry import shell_driver, switch_driver
    from reversibility.platforms.wanted import wanted_configuration
    from reversibility.records import session as vault_session
    from reversibility.records.configuration import open_restorable
    from reversibility.records.state import State
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None

LIMITS = {
    "answer_timeout": {"type": "float", "default": 30.0},
    "session_timeout": {"type": "float", "default": 300.0},
}


class MarketAction(ActionBase):
    """Action on the device that the current host is. Subclasses have ``ARGUMENTS``, ``find`` and ``act``."""

    TRANSFERS_FILES = False
    ARGUMENTS: dict = {}
    _requires_connection = False
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp=None, task_vars=None):
        """Find the device, act, and tell failures in one sentence."""
        super().run(tmp, task_vars)
        need_package(MISSING, AnsibleActionFail)
        self.variables = task_vars or {}
        _validation, self.arguments = self.validate_argument_spec(argument_spec=self.ARGUMENTS | LIMITS)
        try:
            self._find()
            return self.act()
        except (Unreachable, LoginRefused) as error:
            raise AnsibleConnectionFailure(str(error)) from None  # Ansible would repeat the cause
        except (CartableError, identity.NoIdentity, DeviceError, ChangeRefused, UnknownGrammar) as error:
            raise AnsibleActionFail(str(error)) from None

    def act(self):
        """Do the work; the task's result."""
        raise NotImplementedError  # each subclass has its own

    def _find(self):
        folder = identity.market_folder()
        known = loaded(folder)
        if known is None or known.market is None:
            raise CartableError(f"{folder} has errors; 'reversibility check -i {folder}' lists them.")
        self.paths = MarketPaths.for_inventory(folder)
        self.market = known.market
        self.asset = known.market.assets[identity.host_name()]
        self.find(self.asset.platform.name)
        port_name = getattr(self.driver, "port_name", str)
        self.wanted = wanted_configuration(known.market, self.asset, port_name)

    def find(self, platform):
        """Set ``self.driver`` for a platform. Raises CartableError when nothing talks to it."""
        raise NotImplementedError  # each subclass has its own

    def _stranger(self):
        name = self.asset.platform.name
        return CartableError(f"{self.asset.tag} has the platform {name}, to which nothing here talks.")

    def value(self, name, default=None):
        """A variable of the host, templated."""
        value = self.variables.get(name)
        return default if value is None else self._templar.template(value)

    def record(self, arguments):
        """Run the action ``record`` in this task's place: what it is given holds secrets and is in no result."""
        # Neither found by the loader nor copied deeply: both would be done anew in the process of each device.
        task = copy.copy(self._task)
        task.args = arguments
        record = RecordAction(
            task,
            self._connection,
            self._play_context,
            self._loader,
            self._templar,
            self._shared_loader_obj,
        )
        return record.run(task_vars=self.variables)

    def _target(self, **options):
        return Target(
            host=comparable(str(self.asset.address)),
            port=int(self.value("ansible_port", 22)),
            username=str(self.value("ansible_user", "")),
            known_hosts=str(self.paths.known_hosts),
            **options,
        )

    def _limits(self):
        return Limits(answer=self.arguments["answer_timeout"], session=self.arguments["session_timeout"])

    def kept_files(self):
        """The configuration of the device that observe.yml kept, by path."""
        kept = State(self.paths.state).read_bytes(self.asset.site, self.asset.tag, "config.age")
        if kept is None:
            raise CartableError(
                f"There is no configuration of {self.asset.tag} to restore; observe.yml keeps it while the device works."
            )
        return open_restorable(kept, vault_session.opened_vault(self.paths.vault).age_identity())

    def entry(self, name):
        """The entry of a secret by the name that a driver gives it, None where the vault has none.

        The key of an SSID is its site's. The shared secret of a RADIUS server of the market is filed with that server.
        """
        vault = vault_session.opened_vault(self.paths.vault)
        account = name.removeprefix(devices.ACCOUNT)
        if account.startswith("wifi/"):
            return vault.find(self.asset.site, account)
        own = vault.find(self.asset.tag, account)
        server = self._server(account) if own is None else None
        return vault.find(server, f"radius/{self.asset.tag}") if server else own

    def former(self, account, revision=""):
        """The password before the current one, or the one of a revision, which must not open the device any more."""
        former = vault_session.opened_vault(self.paths.vault).former(self.asset.tag, account, revision)
        if not former:
            raise CartableError(f"The vault has no former password of {self.asset.tag}/{account}.")
        return former

    def is_of_server(self, name):
        """Whether a secret is that of a RADIUS server of the market, which the role radius makes and rotates."""
        vault = vault_session.opened_vault(self.paths.vault)
        return bool(self._server(name)) and vault.find(self.asset.tag, name) is None

    def _server(self, account):
        """The RADIUS server of the market that an account such as ``radius/NA250001`` names by tag or address."""
        kind, _, server = account.partition("/")
        found = (tag for tag, asset in self.market.assets.items() if server in (tag, str(asset.address)))
        return next(found, None) if kind == "radius" else None


class DeviceAction(MarketAction):
    """Action on a device with a command line."""

    def find(self, platform):
        """The driver of the platform."""
        self.driver = switch_driver(platform)
        if self.driver is None:
            raise self._stranger()

    def device(self, **options):
        """The device, with the account of ``ansible_user`` and its password from the vault."""
        username = str(self.value("ansible_user", ""))
        entry, enable = self.entry(username), self.entry("enable")
        if entry is None or not entry.wanted_secret:
            raise CartableError(
                f"The vault has no {self.asset.tag}/{username}, the account that opens the device; add the one that it was "
                "given when it was put into service."
            )
        target = self._target(
            password=entry.password or entry.pending,
            second_password=entry.pending if entry.password else "",
            enable=enable.wanted_secret if enable else "",
            no_rsa_sha2=self.driver.dialogue.no_rsa_sha2,
        )
        return devices.Device(
            target, self.driver, self.driver.dialogue, self.secret, self._limits(), **options
        )

    def secret(self, name):
        """The secret that the device should have in the end: the pending one, else the current one."""
        entry = self.entry(name)
        if entry is None or not entry.wanted_secret:
            account = name.removeprefix(devices.ACCOUNT)
            raise CartableError(f"The vault has no {self.asset.tag}/{account}; the role switch prepares it.")
        return entry.wanted_secret


class ShellAction(MarketAction):
    """Action on a Unix device. Its secrets are those of the asset, and the keys that all of its site have."""

    def find(self, platform):
        """The driver of the platform, or of what the asset's kind adds to a Linux machine."""
        self.driver = shell_driver(platform, self.asset.kind)
        if self.driver is None:
            raise self._stranger()

    def device(self, **options):
        """The device, with the account of ``ansible_user``, its key or its password from the vault."""
        entry = self.entry(str(self.value("ansible_user", "")))
        key = str(self.value("ansible_ssh_private_key_file", ""))
        if not key and (entry is None or not entry.wanted_secret):
            raise CartableError(
                f"The vault has no {self.asset.tag}/{self.value('ansible_user', '')}, the account that opens the device; add the "
                "one that it was given when it was put into service."
            )
        target = self._target(
            key_file=key,
            password=(entry.password or entry.pending) if entry else "",
            second_password=entry.pending if entry and entry.password else "",
            enable=str(self.value("ansible_become_password", "")),
        )
        return ShellDevice(target, self.driver, self.secret, self._limits(), **options)

    def secret(self, name):
        """A secret by the name that a driver gives it; '' where the vault has none."""
        entry = self.entry(name)
        return entry.wanted_secret if entry is not None else ""
