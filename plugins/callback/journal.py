# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: journal
type: notification
short_description: Writes the market's journal
version_added: "0.1.0"
description:
  - Writes one line for every task that changed, failed or did not reach its asset, and one at the start and the end of a run.
  - A line has the operator, controller, playbook, Git revision, asset, task and result.
  - Never writes arguments, output and messages of tasks, nor reasons of failures, since they may contain secrets.
  - For an unreachable asset, the line also has the start of the connection's error message.
  - Removes the vault's secrets from every line.
  - Commits the state once, at the end of the run.
  - Writes nothing in check mode, nor for an inventory that is not a market (a folder with hosts.yml and sites.yml).
author:
  - Cartable contributors (@cartable)
requirements:
  - enabled in the configuration (callbacks_enabled)
  - the Python package cartable on the controller
"""

import secrets as random
from datetime import UTC, datetime
from pathlib import Path

from ansible import context
from ansible.errors import AnsibleError
from ansible.plugins.callback import CallbackBase
from ansible_collections.cartable.fleet.plugins.plugin_utils.answers import is_refused
from ansible_collections.cartable.fleet.plugins.plugin_utils.identity import site_of
from ansible_collections.cartable.fleet.plugins.plugin_utils.package import need_package

try:
    from reversibility.errors import CartableError
    from reversibility.market.paths import MarketPaths
    from reversibility.records.journals import record
    from reversibility.records.origin import origin
    from reversibility.records.scrub import scrub, vault_secrets
    from reversibility.records.state import State
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None

LONGEST_MESSAGE = 300
HIDDEN = "(not shown: the task handles secrets)"


def market_paths(sources):
    """Find the market among the inventory sources; None when there is none."""
    for source in sources or ():
        folder = Path(source) if Path(source).is_dir() else Path(source).parent
        if (folder / "hosts.yml").is_file() and (folder / "sites.yml").is_file():
            return MarketPaths.for_inventory(folder)
    return None


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "cartable.fleet.journal"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self):
        super().__init__()
        # Ansible shows this message and continues without a journal.
        need_package(MISSING, AnsibleError)
        self.paths = None
        self.run = {}
        self.playbook = ""
        self.sites = {}
        self.secrets = frozenset()

    def v2_playbook_on_start(self, playbook):
        paths = market_paths(context.CLIARGS.get("inventory"))
        if paths is None or context.CLIARGS.get("check"):
            return
        file = Path(playbook._file_name)
        self.playbook = file.name
        self.run = {
            "run": random.token_hex(8),
            "playbook": file.name,
            "market": paths.market,
            **origin(paths.inventory),
        }
        self.paths = paths
        tags = [tag for tag in context.CLIARGS.get("tags") or () if tag != "all"]
        scope = {"limit": context.CLIARGS.get("subset"), "tags": tags}
        self._guarded(State.create, paths.state)
        self._line({"event": "run_started", **{key: value for key, value in scope.items() if value}})

    def v2_runner_on_ok(self, result):
        if result.result.get("changed"):
            self._task(result, "changed")

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._task(result, "failed", ignored=ignore_errors)

    def v2_runner_on_unreachable(self, result):
        self._task(result, "unreachable")
        site = site_of(result.host)
        if self.paths and site:
            detail = self._message(result)
            now = datetime.now(UTC)
            state = State(self.paths.state)
            self._guarded(state.note_seen, site, result.host.get_name(), now, False, detail)

    def v2_playbook_on_play_start(self, play):
        # Ignore restrictions: the inventory is still restricted to the previous play's hosts.
        hosts = play.get_variable_manager()._inventory.get_hosts(ignore_limits=True, ignore_restrictions=True)
        self.sites = {host.get_name(): site_of(host) for host in hosts}

    def v2_playbook_on_stats(self, stats):
        if not self.paths:
            return
        assets = [name for name in stats.processed if self.sites.get(name)]
        totals = {
            "assets": len(assets),
            "changed": sum(1 for name in assets if stats.changed.get(name)),
            "failed": sum(1 for name in assets if stats.failures.get(name)),
            "unreachable": sum(1 for name in assets if stats.dark.get(name)),
        }
        self._line({"event": "run_ended", "totals": totals})
        words = [
            f"{count} {word}" for word, count in totals.items() if count or word in ("assets", "changed")
        ]
        self._guarded(State(self.paths.state).commit, f"{self.playbook}: {', '.join(words)}")

    def _task(self, result, outcome, ignored=False):
        task = result.task
        if task.check_mode is True:
            return
        # A batch, recognised by its result.
        if {"round_trips", "tasks"} <= result.result.keys():
            self._inner_tasks(result, result.result["tasks"])
            if outcome != "unreachable":
                return
        entry = {
            **self._asset(result),
            "task": task.get_name(),
            "module": task.resolved_action or task.action,
            "result": outcome,
        }
        if ignored:
            entry["ignored"] = True
        if is_refused(result.result.get("msg")):
            entry["refused"] = "answer"
        if outcome == "unreachable":
            entry["message"] = self._message(result)
        self._line(entry)

    def _inner_tasks(self, result, tasks):
        """Write a line for each task of a batch, as if it had run alone."""
        for inner in tasks:
            outcome = inner["state"] if inner["state"] in ("failed", "unreachable") else "changed"
            if inner["check_mode"] or (outcome == "changed" and not inner["changed"]):
                continue
            entry = {
                **self._asset(result),
                "task": inner["name"],
                "module": inner["action"],
                "result": outcome,
            }
            if inner["ignored"]:
                entry["ignored"] = True
            if is_refused(inner.get("msg")):
                entry["refused"] = "answer"
            if outcome == "unreachable":
                entry["message"] = self._said(inner["msg"])
            self._line(entry)

    def _asset(self, result):
        site = site_of(result.host)
        return {"event": "task", "asset": result.host.get_name(), **({"site": site} if site else {})}

    def _message(self, result):
        """The start of the connection's error message, without secrets; hidden if the task handles secrets.

        Secrets are removed before it is truncated, since half a secret would not be recognised.
        """
        if result.task.no_log or "censored" in result.result or result.result.get("_ansible_no_log"):
            return HIDDEN
        return self._said(result.result.get("msg"))

    def _said(self, message):
        if message is None:
            return HIDDEN
        said = scrub(str(message), self._secrets())
        return (said.strip().splitlines() or [""])[0][:LONGEST_MESSAGE]

    def _line(self, entry):
        if self.paths:
            self._guarded(record, self.paths.journal, {**self.run, **entry}, self._secrets())

    def _secrets(self):
        """The vault's secrets; if it cannot be read again, those read last."""
        if self.paths:
            found = self._guarded(vault_secrets, self.paths.vault)
            self.secrets = self.secrets if found is None else found
        return self.secrets

    def _guarded(self, call, *arguments):
        """Report a failed write; Ansible itself would hide its origin."""
        try:
            return call(*arguments)
        except CartableError as error:
            self._display.error(f"The journal or the state was not written: {error}")
            return None
