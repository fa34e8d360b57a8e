# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One step of a holiday run on the controller: plan it, begin or end a stage of the current host, report."""

from __future__ import annotations

import functools
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.cartable.fleet.plugins.plugin_utils.package import need_package

try:
    from reversibility.documents.holiday import write_announcements, write_reports
    from reversibility.errors import CartableError
    from reversibility.market.variables import loaded
    from reversibility.operations.advisories.kept import FOLDER, match_again
    from reversibility.operations.holiday.health import backup_problem, lost
    from reversibility.operations.holiday.plan import Plan, make_plan
    from reversibility.operations.holiday.progress import OFF, Progress, failures
    from reversibility.operations.holiday.retry import Off, next_try
    from reversibility.operations.holiday.run import current_plan, keep_plan
    from reversibility.operations.holiday.stages import stage
    from reversibility.operations.permission import Emergency
    from reversibility.records.scrub import scrub, vault_secrets
    from reversibility.records.state import State
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None

STEPS = ["plan", "gate", "agenda", "begin", "end", "again", "wait", "report"]

LEAST_TRIED = 5  # of a smaller number one failure says nothing about a share


class ActionModule(ActionBase):
    """Keeps the run in the state; reaches no host."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: Any = None, task_vars: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Do the requested step."""
        super().run(tmp, task_vars)
        need_package(MISSING, AnsibleActionFail)
        _, arguments = self.validate_argument_spec(
            argument_spec={
                "step": {"type": "str", "choices": STEPS, "required": True},
                "market": {"type": "path", "required": True},
                "assets": {"type": "list", "elements": "str", "default": []},
                "run": {"type": "str", "default": ""},
                "announce": {"type": "bool", "default": False},
                "emergency": {"type": "dict", "default": {}},
                "parallel": {"type": "int", "default": 20},
                "fail_share": {"type": "int", "default": 20},
                "since": {"type": "str", "default": ""},
                "second": {"type": "bool", "default": False},
                "every": {"type": "int", "default": 300},
                "patience": {"type": "int"},
                "seconds": {"type": "float", "default": 0},
                "stage": {"type": "str"},
                "result": {
                    "type": "str",
                    "choices": ["done", "failed", "off", "impossible"],
                    "default": "done",
                },
                "detail": {"type": "str", "default": ""},
                "code": {"type": "str", "default": ""},
                "data": {"type": "dict", "default": {}},
                "backup_hours": {"type": "int", "default": 48},
            },
            required_if=[("step", "begin", ["stage"]), ("step", "end", ["stage"])],
        )
        known = loaded(Path(arguments["market"]))
        if known is None or known.market is None:
            raise AnsibleActionFail(
                f"{arguments['market']} is no market that can be used; run preflight first."
            )
        self._market, self._paths = known.market, known.paths
        try:
            answer: dict[str, Any] = getattr(self, f"_{arguments['step']}")(arguments, task_vars or {})
        except CartableError as error:
            raise AnsibleActionFail(str(error)) from error
        return {**answer, "step": arguments["step"]}  # for the display

    def _plan(self, arguments: dict[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        state, now = State(self._paths.state), datetime.now(UTC)
        announce, check = arguments["announce"], self._task.check_mode
        managed = [
            tag
            for tag in arguments["assets"]
            if tag in self._market.assets and self._market.assets[tag].managed
        ]
        plan = make_plan(
            self._market, state, managed, now,
            run=arguments["run"], parallel=arguments["parallel"], announce=announce,
            emergency=Emergency.read(arguments["emergency"] or {}),
        )  # fmt: skip
        files: list[str] = []
        if not check:
            kept = None if announce else current_plan(self._paths.data, plan.run)
            plan = kept.joined(plan) if kept else plan
            folder = keep_plan(self._paths.data, plan)
            if kept is None:
                files = [str(path) for path in write_announcements(folder, self._market, plan)]
        return {
            "changed": bool(files),
            "run": plan.run,
            "canary": [tag for site in plan.sites for tag in site.canary],
            "others": [tag for site in plan.sites for tag in site.others],
            "sites": {site.site: list(site.assets) for site in plan.sites},
            "minutes": {site.site: site.minutes for site in plan.sites},
            "started": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "files": files,
        }

    def _gate(self, arguments: dict[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        """Whether a further wave may begin: not if more than a given share of the tried assets has failed."""
        plan = current_plan(self._paths.data, arguments["run"])
        tags = [tag for site in plan.sites for tag in site.assets] if plan else []
        state = State(self._paths.state)
        tried, failed = failures(state, self._market, tags, arguments["run"], arguments["since"])
        go = tried == 0 or failed * 100 <= arguments["fail_share"] * max(tried, LEAST_TRIED)
        result: dict[str, Any] = {"changed": False, "go": go, "tried": tried, "failures": failed}
        if not go:
            result["warnings"] = [
                f"{failed} of {tried} assets have failed: no further wave is begun (holiday_fail_share)."
            ]
        return result

    def _agenda(self, arguments: dict[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        """The remaining stages of the current host; records the stages that its platform does not support."""
        progress, family = self._progress(arguments, variables)
        task_files = variables.get("cartable_task_files") or {}
        left = progress.agenda(family, task_files, second=arguments["second"], keep=not self._task.check_mode)
        return {"changed": False, "stages": [one.name for one in left]}

    def _begin(self, arguments: dict[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        progress, family = self._progress(arguments, variables)
        one = stage(arguments["stage"])
        file = one.task_file(family, variables.get("cartable_task_files") or {})
        go, blocked = bool(self._task.check_mode), None
        if not go:
            blocked = progress.blocked_by(one)
            go = blocked is None and progress.begin(one, family, self._left(arguments, progress.site))
        return {
            "changed": False,
            "go": go,
            "late": not go and blocked is None,
            "stage": one.name,
            "file": "role.yml" if file == "role" else file or "",
            "role": one.role or "",
        }

    def _end(self, arguments: dict[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        progress, _ = self._progress(arguments, variables)
        detail = (scrub(arguments["detail"], vault_secrets(self._paths.vault)).strip().splitlines() or [""])[
            0
        ]
        result, code = arguments["result"], arguments["code"]
        problem = self._problem(arguments, progress) if result == "done" else None
        if problem is not None:
            result, (code, detail) = "failed", problem
        if not self._task.check_mode:
            progress.note(arguments["stage"], result, detail=detail, code=code, data=arguments["data"])
        return {
            "changed": False,
            "outcome": progress.outcome(),
            "stage": arguments["stage"],
            "result": result,
            "code": code,
            "detail": detail,
        }

    @staticmethod
    def _problem(arguments: dict[str, Any], progress: Progress) -> tuple[str, str] | None:
        """Blocking finding of a check: its code and one line."""
        if arguments["stage"] == "precheck":
            record = progress.state.read_json(progress.site, progress.asset, "backups.json")
            old = backup_problem(record, datetime.now(UTC), arguments["backup_hours"])
            return ("backup_old", old) if old else None
        if arguments["stage"] == "postcheck":
            before = progress.results.get("precheck", {}).get("data", {}).get("health", {})
            return lost(before, arguments["data"].get("health", {}))
        return None

    def _again(self, arguments: dict[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        """Whether, and in how many seconds, to retry assets that were off; the reports are written before the wait."""
        plan = current_plan(self._paths.data, arguments["run"])
        if plan is None or self._task.check_mode:
            return {"changed": False, "go": False}
        state, now = State(self._paths.state), datetime.now(UTC)
        chosen = set(variables.get("ansible_play_hosts_all", ()))
        off = []
        for site in plan.sites:
            for tag in (tag for tag in site.assets if tag in chosen and tag in self._market.assets):
                progress = Progress(state, site.site, tag, plan.run)
                if progress.outcome() == OFF:
                    needed = progress.remaining(self._market.assets[tag].platform.family)
                    off.append(Off(tag, needed, self._left(arguments, site.site)))
        began = datetime.fromisoformat(arguments["since"]) if arguments["since"] else now
        waited = max(0.0, (now - began).total_seconds())
        seconds = next_try(off, waited, arguments["every"], arguments["patience"])
        if seconds is not None:
            write_reports(self._paths.data, state, self._market, plan, now)
        return {
            "changed": False,
            "go": seconds is not None,
            "off": [one.asset for one in off],
            "seconds": round(seconds or 0, 1),
        }

    def _wait(self, arguments: dict[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        time.sleep(arguments["seconds"])
        return {"changed": False}

    def _report(self, arguments: dict[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        plan = current_plan(self._paths.data, arguments["run"])
        if plan is None:
            raise CartableError(
                f"There is no plan of the run {arguments['run']}; run playbooks/holiday.yml first."
            )
        state = State(self._paths.state)
        if self._task.check_mode:
            return {"changed": False, "files": [], "outcomes": {}}
        result: dict[str, Any] = {"changed": True}
        try:  # what was just installed has closed flaws
            match_again(self._market, state, self._paths.data / FOLDER, datetime.now(UTC))
        except CartableError as error:
            result["warnings"] = [f"The report shows the deadlines of the last match: {error}"]
        files, outcomes = write_reports(self._paths.data, state, self._market, plan, datetime.now(UTC))
        return {**result, "files": [str(path) for path in files], "outcomes": outcomes}

    def _progress(self, arguments: dict[str, Any], variables: Mapping[str, Any]) -> tuple[Progress, str]:
        """The progress of the current host, whose name, site and family come from the market."""
        asset = self._market.assets.get(str(variables["inventory_hostname"]))
        if asset is None:
            raise CartableError(f"{variables['inventory_hostname']} is no asset of {self._market.name}.")
        progress = Progress(State(self._paths.state), asset.site, asset.tag, arguments["run"])
        return progress, asset.platform.family

    def _left(self, arguments: dict[str, Any], name: str) -> float | None:
        """Seconds until the site's window ends; None if an emergency has lifted it."""
        plan = _plan_of(self._paths.data, arguments["run"])
        site = next((one for one in plan.sites if one.site == name), None) if plan else None
        return None if site is None or site.end is None else (site.end - datetime.now(UTC)).total_seconds()


@functools.lru_cache(maxsize=4)
def _plan_of(data: Path, run: str) -> Plan | None:
    return current_plan(data, run)
