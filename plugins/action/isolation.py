# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.cartable.fleet.plugins.plugin_utils import identity
from ansible_collections.cartable.fleet.plugins.plugin_utils.package import need_package

try:
    from ansible_collections.cartable.fleet.plugins.plugin_utils.network import probes as probing

    from reversibility.errors import CartableError
    from reversibility.market.variables import loaded
    from reversibility.operations import isolation
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None

PROBE = {
    "name": {"type": "str", "required": True},
    "vlan": {"type": "str", "required": True},
    "address": {"type": "str", "required": True},
    "interface": {"type": "str", "default": "eth0"},
    "command": {"type": "list", "elements": "str", "required": True},
}


class ActionModule(ActionBase):
    """The action ``cartable.fleet.isolation``; see the module of the same name for its documentation."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        """Run all attempts between the probes of the current host's site; returns the table of results."""
        super().run(tmp, task_vars)
        need_package(MISSING, AnsibleActionFail)
        spec = {"probes": {"type": "list", "elements": "dict", "required": True, "options": PROBE}}
        _validation, arguments = self.validate_argument_spec(argument_spec=spec)
        try:
            return self._tried(arguments["probes"])
        except (CartableError, identity.NoIdentity, probing.ProbeFailed) as error:
            raise AnsibleActionFail(str(error)) from None

    def _tried(self, given):
        folder, site = identity.market_folder(), identity.host_site()
        known = loaded(folder)
        if known is None or known.market is None:
            raise CartableError(f"{folder} has errors; 'reversibility check -i {folder}' lists them.")
        network = known.market.network
        probes = [isolation.Probe(one["name"], one["vlan"], one["address"]) for one in given]
        for probe in probes:
            if probe.vlan not in network["vlans"] or not isolation.gateway(network, probe):
                raise CartableError(f"The probe {probe.name} has no address of its VLAN {probe.vlan}.")
        if missing := isolation.missing_vlans(network, site, probes):
            raise CartableError(
                f"There is no probe in {', '.join(missing)}; of these networks nothing is shown."
            )
        attempts = isolation.attempts(network, site, probes, known.market.assets)
        if self._task.check_mode:
            return {"changed": False, "attempts": len(attempts), "table": [], "leaks": []}
        rows = isolation.table(attempts, probing.try_all(network, given, attempts), probes)
        return {
            "changed": False,
            "attempts": len(attempts),
            "table": rows,
            "leaks": isolation.differences(rows),
        }
