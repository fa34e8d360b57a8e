# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse early: the market and the play's hosts, checked once on the controller."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible import constants as C
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.cartable.fleet.plugins.plugin_utils.package import need_package

try:
    from reversibility.errors import CartableError
    from reversibility.market.findings import describe
    from reversibility.market.host_vars_check import (
        foreign_findings,
        left_out,
        merged_findings,
        shared_addresses,
    )
    from reversibility.market.known_machines import unknown_machines
    from reversibility.market.market_files import MarketFiles
    from reversibility.market.people import keys_not_there
    from reversibility.market.role_matrix import role_matrix
    from reversibility.market.variables import loaded
    from reversibility.operations.obtained import others_devices
    from reversibility.operations.permission import Emergency, permission
    from reversibility.records.journals import record
    from reversibility.records.modes import secure_data
    from reversibility.records.moves import follow
    from reversibility.records.origin import origin
    from reversibility.records.state import State
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None

try:  # no public API gives the place of a value; without this an error names only the host
    from ansible._internal._datatag._tags import Origin
except ImportError:
    Origin = None

CHECKED_VARIABLES = ("asset", "ansible_host", "ports")
OF_SSH = ("ansible_connection", "ansible_ssh_private_key_file")


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
                "changes": {"type": "bool", "default": False},
                "operation": {"type": "str", "default": ""},
                "minutes": {"type": "int", "default": 0},
                "emergency": {"type": "dict", "default": {}},
            }
        )
        need_package(MISSING, AnsibleActionFail)
        if C.config.get_config_value("INJECT_FACTS_AS_VARS"):
            raise AnsibleActionFail(
                "inject_facts_as_vars is on: a managed host could set variables by what it answers. Run from the project's folder, "
                "whose ansible.cfg turns it off, or set inject_facts_as_vars = False under [defaults] of yours."
            )
        folder = Path(arguments["market"])
        folder = folder.parent if folder.is_file() else folder
        known = loaded(folder)
        if known is None:
            raise AnsibleActionFail(
                f"{folder} is no market: it has no hosts.yml beside sites.yml, network.yml, catalogue.yml and "
                "contract.yml; run with -i and a folder such as inventories/demo."
            )
        try:
            secure_data(known.paths.data)
        except CartableError as error:
            raise AnsibleActionFail(str(error)) from error
        hosts = list((task_vars or {}).get("ansible_play_hosts_all", [])) if arguments["hosts"] else []
        findings = list(known.findings)
        warnings = [str(warning) for warning in known.warnings]
        if known.market is None:
            for host in hosts:
                # A template may fail because the market's variables are missing.
                with contextlib.suppress(AnsibleError):
                    checked = _variables(task_vars or {}, host, CHECKED_VARIABLES)
                    findings += foreign_findings(folder, host, checked, _place)
        else:
            # All at once, since Ansible merges a host's variables again at each request.
            variables = {
                host: _variables(task_vars or {}, host, CHECKED_VARIABLES + OF_SSH) for host in hosts
            }
            for host, merged in variables.items():
                checked = {name: merged[name] for name in CHECKED_VARIABLES if name in merged}
                findings += merged_findings(known.market, host, checked, _place)
            addresses = {host: merged.get("ansible_host") for host, merged in variables.items()}
            findings += shared_addresses(addresses, _place)
            warnings += left_out(known.market, hosts)
            warnings += _absent_keys(variables)
            warnings += unknown_machines(known.market, known.paths, hosts)
            warnings += keys_not_there(known.market.contract, known.paths.data)
        refused: tuple[str, ...] = ()
        if arguments["changes"] and known.market is not None:
            refused, more = self._windows(known, hosts, arguments)
            warnings += more
        result = {"changed": False, "market": known.paths.market, "checked_hosts": len(hosts)}
        if warnings:
            result["warnings"] = warnings
        if findings or known.market is None:
            return {**result, "failed": True, "msg": describe(folder, findings)}
        if refused:
            return {**result, "failed": True, "msg": "\n".join(["not now:", *refused])}
        if not self._task.check_mode:
            try:
                followed = follow(
                    State(known.paths.state), {tag: a.site for tag, a in known.market.assets.items()}
                )
            except CartableError as error:
                raise AnsibleActionFail(str(error)) from error
            if followed:
                self._display.display("\n".join(f"the records follow: {move}" for move in followed))
        roles = [
            *role_matrix(known.market).lines(),
            *others_devices(known.market, State(known.paths.state)),
        ]
        if hosts:  # once a play: the matrix of roles and platforms
            self._display.display("\n".join(roles))
        return {**result, "assets": len(known.market.assets), "roles": roles}

    def _windows(
        self, known: MarketFiles, hosts: Iterable[str], arguments: Mapping[str, Any]
    ) -> tuple[tuple[str, ...], list[str]]:
        """What the calendar refuses, and what it warns of. An emergency that counts is written to the journal."""
        assets = known.market.assets
        sites = {assets[host].site for host in hosts if host in assets}
        try:
            emergency = Emergency.read(arguments["emergency"] or {})
            asked = permission(
                known.market,
                sites,
                datetime.now(UTC),
                minutes=arguments["minutes"],
                emergency=emergency,
                operation=arguments["operation"],
            )
            if self._task.check_mode:  # check mode changes nothing: warn instead of refusing
                return (), [*asked.refused, *asked.warnings]
            if asked.used is not None:
                entry = {
                    "event": "emergency",
                    "detail": asked.used.reason,
                    "reference": asked.used.reference,
                    "sites": list(asked.closed_sites),
                    "market": known.paths.market,
                    **origin(known.paths.inventory),
                }
                record(known.paths.journal, entry)
        except CartableError as error:
            raise AnsibleActionFail(str(error)) from error
        return asked.refused, list(asked.warnings)


def _variables(task_vars: Mapping[str, Any], host: str, names: tuple[str, ...]) -> dict[str, Any]:
    merged = task_vars["hostvars"][host]
    return {name: merged[name] for name in names if name in merged}


def _place(value: Any) -> tuple[str, int] | None:
    """The file and line of a value; None for a computed value or a command-line option."""
    origin = Origin.get_tag(value) if Origin else None
    return (origin.path, origin.line_num or 0) if origin and origin.path else None


def _absent_keys(variables: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A sentence for each missing private key; warnings only, since an SSH agent may have others."""
    files: dict[str, list[str]] = {}
    for host, merged in variables.items():
        file = merged.get("ansible_ssh_private_key_file")
        if file and str(merged.get("ansible_connection", "ssh")).rpartition(".")[2] == "ssh":
            files.setdefault(str(file), []).append(host)
    return [
        f"There is no SSH key {file}, with which {len(reached)} of the play's hosts are reached; make one as "
        "docs/operators-guide.md says, or take it from a bundle: reversibility open BUNDLE --fingerprint … --operator-key FILE."
        for file, reached in files.items()
        if not Path(file).expanduser().exists()
    ]
