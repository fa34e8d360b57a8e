# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.cartable.fleet.plugins.plugin_utils import identity
from ansible_collections.cartable.fleet.plugins.plugin_utils.package import need_package

try:
    from reversibility.errors import CartableError
    from reversibility.market.paths import MarketPaths
    from reversibility.market.variables import loaded
    from reversibility.platforms.registry import driver
    from reversibility.records import configuration, session
    from reversibility.records.logins import login_record
    from reversibility.records.scrub import scrub_all, vault_secrets
    from reversibility.records.state import State
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None


def plain(value):
    """Copy Ansible's template results to ordinary dictionaries and lists."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def redactor(asset):
    """The redaction of the asset's platform driver; None for a platform without a driver."""
    market = loaded(identity.market_folder())
    declared = market.market.assets.get(asset) if market and market.market else None
    found = driver(declared.platform.name) if declared else None
    return found.redact if found else None


class ActionModule(ActionBase):
    """Writes records of the current host to the state, on the controller."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        need_package(MISSING, AnsibleActionFail)
        _, arguments = self.validate_argument_spec(
            argument_spec={
                "files": {"type": "dict", "default": {}},
                "volatile": {"type": "dict", "default": {}},
                "configuration": {"type": "list", "elements": "dict"},
                "logins": {
                    "type": "dict",
                    "options": {
                        "method": {"type": "str", "required": True},
                        "revisions": {"type": "dict", "default": {}},
                    },
                },
            },
        )
        try:
            return self._record(plain(arguments))
        except (CartableError, identity.NoIdentity) as error:
            raise AnsibleActionFail(str(error)) from error

    def _record(self, arguments):
        asset, site = identity.host_name(), identity.host_site()
        paths = MarketPaths.for_inventory(identity.market_folder())
        secrets = vault_secrets(paths.vault)
        now = datetime.now(UTC)
        if arguments["logins"]:
            name, content = login_record(**arguments["logins"])
            arguments["files"][name] = content
            if content["logins"]:  # the time of the last login; the record itself changes with a secret only
                arguments["volatile"][name] = f"{now:%Y-%m-%dT%H:%M:%SZ}"
        wanted = {name: scrub_all(content, secrets) for name, content in arguments["files"].items()}
        check = self._task.check_mode
        state = State(paths.state) if check else State.create(paths.state)
        plan = configuration.Plan()
        if arguments.get("configuration") is not None:
            recipient = state.recipient() or self._recipient(paths, state, check)
            plan = configuration.plan(
                state, site, asset, arguments["configuration"], recipient, secrets, redactor(asset)
            )
            wanted.update(plan.readable)
        changed = [name for name, content in wanted.items() if state.would_change(site, asset, name, content)]
        result = {"changed": bool(changed or plan.changes), "records": sorted([*changed, *plan.changes])}
        if self._task.diff:
            result["diff"] = [state.diff(site, asset, name, wanted[name]) for name in changed]
        if check:
            return result
        plan.remove_stale(state, site, asset)
        for name in changed:
            state.write(site, asset, name, wanted[name])
        plan.apply(state, site, asset)
        if arguments["volatile"]:
            state.note_volatile(site, asset, scrub_all(arguments["volatile"], secrets))
        state.note_seen(site, asset, now, True)
        return result

    @staticmethod
    def _recipient(paths, state, check):
        """Take the public age key from the vault, once; later runs find it in the state."""
        recipient = session.opened_vault(paths.vault).age_recipient()
        if not check:
            state.write_recipient(recipient)
        return recipient
