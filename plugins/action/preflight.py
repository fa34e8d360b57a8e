# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse early: the market and the play's hosts, checked once on the controller."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.cartable.fleet.plugins.plugin_utils.package import need_package

try:
    from reversibility.market.findings import describe
    from reversibility.market.merged import left_out, merged_findings, shared_addresses
    from reversibility.market.variables import loaded
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None

CHECKED_VARIABLES = ("asset", "ansible_host", "ports")


class ActionModule(ActionBase):
    """Fails with every finding in its message."""

    TRANSFERS_FILES = False
    BYPASS_HOST_LOOP = True  # once a play; its failure stops all hosts
    _requires_connection = False

    def run(self, tmp: Any = None, task_vars: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Check, and return the counts; ``failed`` when something is wrong."""
        super().run(tmp, task_vars)
        _, arguments = self.validate_argument_spec(
            argument_spec={
                "market": {"type": "path", "required": True},
                "hosts": {"type": "bool", "default": True},
            }
        )
        need_package(MISSING, AnsibleActionFail)
        folder = Path(arguments["market"])
        folder = folder.parent if folder.is_file() else folder
        known = loaded(folder)
        if known is None:
            raise AnsibleActionFail(
                f"{folder} is no market: it has no hosts.yml beside sites.yml, network.yml, catalogue.yml and "
                "contract.yml; run with -i and a folder such as inventories/demo."
            )
        hosts = list((task_vars or {}).get("ansible_play_hosts_all", [])) if arguments["hosts"] else []
        findings = list(known.findings)
        warnings = [str(warning) for warning in known.warnings]
        if known.market is not None:
            variables = {host: _variables(task_vars or {}, host) for host in hosts}
            for host in hosts:
                findings += merged_findings(known.market, host, variables[host])
            findings += shared_addresses(
                {host: merged.get("ansible_host") for host, merged in variables.items()}
            )
            warnings += left_out(known.market, hosts)
        result = {"changed": False, "market": known.paths.market, "checked_hosts": len(hosts)}
        if warnings:
            result["warnings"] = warnings
        if findings or known.market is None:
            return {**result, "failed": True, "msg": describe(folder, findings)}
        return {**result, "assets": len(known.market.assets)}


def _variables(task_vars: Mapping[str, Any], host: str) -> dict[str, Any]:
    merged = task_vars["hostvars"][host]
    return {name: merged[name] for name in CHECKED_VARIABLES if name in merged}
