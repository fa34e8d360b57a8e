"""community.windows.win_scheduled_task: mirrors win_scheduled_task.ps1 of community.windows 3.3.0."""

from __future__ import annotations

import copy
import re
from typing import Any

from ..state.system import Task
from .api import Call, Result, model
from .task_triggers import checked_trigger

SETTINGS = (
    "allow_demand_start", "allow_hard_terminate", "compatibility", "delete_expired_task_after",
    "disallow_start_if_on_batteries", "execution_time_limit", "hidden", "multiple_instances", "priority",
    "restart_count", "restart_interval", "run_only_if_idle", "run_only_if_network_available", "start_when_available",
    "stop_if_going_on_batteries", "wake_to_run",
)  # fmt: skip
REGISTRATION = ("author", "date", "source", "version")
LOGON_TYPES = (
    "none",
    "password",
    "s4u",
    "interactive_token",
    "group",
    "service_account",
    "token_or_password",
)
SERVICE_SIDS = ("S-1-5-18", "S-1-5-19", "S-1-5-20")
ACTION_KEYS = ("path", "arguments", "working_directory")


def task_path(path: str) -> str:
    path = path if path.startswith("\\") else "\\" + path
    return path.rstrip("\\") or "\\"


def find_task(call: Call, path: str, name: str) -> Task | None:
    return next(
        (t for t in call.state.tasks if t.name.lower() == name.lower() and t.path.lower() == path.lower()),
        None,
    )


@model("community.windows.win_scheduled_task", version="3.3.0")
def win_scheduled_task(call: Call) -> Result:
    params, name, path = call.params, call.params["name"], task_path(call.params["path"] or "\\")
    if re.search(r'[\\/:*?"<>|]', name):
        call.fail(f"Invalid task name '{name}'. The following characters are not valid: \\/:*?\"<>|")
    principal = _principal(call)
    actions = [_action(call, action) for action in params["actions"] or []]
    triggers = [checked_trigger(call, trigger) for trigger in params["triggers"] or []]
    task = find_task(call, path, name)
    shown = f"{path.rstrip(chr(92))}\\{name}"
    if (params["state"] or "present").lower() == "absent":
        if task is None:
            return {}
        if not call.check:
            call.state.tasks.remove(task)
        call.difference = {"prepared": f"-[Task]\n-{shown}\n"}
        return {"changed": True}
    if task is None and not actions:
        call.fail(
            "cannot create a task with no actions, set at least one action with a path to an executable"
        )
    made = task is None
    # A new task runs as the account that makes it, with an interactive token.
    account = call.user.sid if call.user else "S-1-5-18"
    before = task or Task(name, path, account=account, logon_type="interactive_token", actions=actions)
    after = copy.deepcopy(before)
    _apply(call, after, principal, actions, triggers)
    difference = "".join(
        f"-{key}={getattr(before, key)}\n+{key}={value}\n"
        for key, value in vars(after).items()
        if value != getattr(before, key)
    )
    call.difference = {"prepared": (f"+[Task]\n+{shown}\n\n" if made else "") + difference}
    password = params["password"] is not None and (params["update_password"] is not False or bool(difference))
    after.password_set = after.password_set or password
    if made or difference:
        after.registered = call.pc.now().isoformat()
    if not call.check and made:
        call.state.tasks.append(after)
    elif not call.check and task is not None:
        vars(task).update(vars(after))
    return {"changed": made or bool(difference) or password}


def _principal(call: Call) -> dict[str, Any]:
    params = call.params
    username = call.sid(params["username"]) if params["username"] else None
    group = call.sid(params["group"]) if params["group"] else None
    logon = (params["logon_type"] or "").lower()
    if logon and logon not in LOGON_TYPES:
        call.fail(f"Unhandled exception: TASK_LOGON_{logon.upper()} is not a member of TASK_LOGON_TYPE")
    if username and group:
        call.fail("username and group can not be set at the same time")
    if logon == "s4u" and params["password"] is None:
        call.fail("password must be set when logon_type=s4u")
    if logon == "group" and group is None:
        call.fail("group must be set when logon_type=group")
    if logon == "service_account" and username not in SERVICE_SIDS:
        call.fail("username must be SYSTEM, LOCAL SERVICE or NETWORK SERVICE when logon_type=service_account")
    wanted: dict[str, Any] = {"account": username or group}
    if logon:
        wanted["logon_type"] = logon
    elif username in SERVICE_SIDS:
        wanted["logon_type"] = "service_account"  # the service sets it for these accounts
    if params["run_level"]:
        wanted["run_level"] = params["run_level"].lower()
    return {key: value for key, value in wanted.items() if value is not None}


def _action(call: Call, action: dict[str, Any]) -> dict[str, Any]:
    if "path" not in action:
        call.fail("action entry must contain the key 'path'")
    for key in action:
        if key not in ACTION_KEYS:
            valid = "', '".join(ACTION_KEYS)
            call.warn(
                f"key '{key}' for action entry is not valid and will be ignored, valid keys are '{valid}'"
            )
    return {key: str(action[key]) for key in ACTION_KEYS if action.get(key) is not None}


def _apply(
    call: Call, task: Task, principal: dict[str, Any], actions: list[Any], triggers: list[Any]
) -> None:
    params = call.params
    vars(task).update(principal)
    if params["actions"] is not None:
        task.actions = actions
    if params["triggers"] is not None:
        task.triggers = triggers
    if params["description"] is not None:
        task.description = params["description"]
    if params["enabled"] is not None:
        task.enabled = params["enabled"]
    for option in (*SETTINGS, *REGISTRATION):
        if params[option] is not None:
            task.settings[option] = params[option]


@model("community.windows.win_scheduled_task_stat", version="3.3.0")
def win_scheduled_task_stat(call: Call) -> Result:
    """The part of the answer that does not depend on Windows' own defaults."""
    path = task_path(call.params["path"] or "\\")
    below = [task for task in call.state.tasks if task.path.lower() == path.lower()]
    result: Result = {"folder_exists": path == "\\" or bool(below)}
    if not call.params["name"]:
        return result | {"folder_task_count": len(below), "folder_task_names": [task.name for task in below]}
    task = find_task(call, path, call.params["name"])
    if task is None:
        return result | {"task_exists": False}
    account = call.state.accounts.name_of(task.account, call.state.system.name)
    return result | {
        "task_exists": True,
        "actions": [{"type": "TASK_ACTION_EXEC", **action} for action in task.actions],
        "principal": {
            "user_id": account,
            "logon_type": f"TASK_LOGON_{task.logon_type.upper()}",
            "run_level": "TASK_RUNLEVEL_HIGHEST" if task.run_level == "highest" else "TASK_RUNLEVEL_LUA",
        },
        "registration_info": {"description": task.description},
        "settings": {"enabled": task.enabled, **task.settings},
        "state": {"status": "TASK_STATE_READY" if task.enabled else "TASK_STATE_DISABLED"},
        "triggers": [
            {**trigger, "type": f"TASK_TRIGGER_{str(trigger['type']).upper()}"} for trigger in task.triggers
        ],
    }
