"""ansible.windows.win_updates: mirrors win_updates.ps1 of ansible.windows 3.8.0, with its polling."""

from __future__ import annotations

import re
import uuid
from typing import Any

from ..state import windows_update
from ..state.system import Update
from .api import Call, Output, Result, model, script_model

CATEGORY_OPTIONS = {
    "criticalupdates": "Critical Updates", "definitionupdates": "Definition Updates", "developerkits": "Developer Kits",
    "featurepacks": "Feature Packs", "securityupdates": "Security Updates", "servicepacks": "Service Packs",
    "updaterollups": "Update Rollups",
}  # fmt: skip
Event = dict[str, Any]
# Output that waits to be polled, by pipe: it belongs to a process, not to the PC's state.
_PIPES: dict[str, list[Event]] = {}


@model("ansible.windows.win_updates", version="3.8.0")
def win_updates(call: Call) -> Result:
    operation, options = call.params["_operation"].lower(), call.params["_operation_options"] or {}
    if operation == "cancel":
        _PIPES.pop(options.get("cancel_id", ""), None)
        return {}
    if operation == "poll":
        waiting = _PIPES.get(options.get("pipe_name", ""), [])
        polled, waiting[:2] = waiting[:2], []  # the module reads what came within a second
        return {"output": polled}
    folder = (call.params["log_path"] or "").rpartition("\\")[0]
    if folder and not call.state.files.is_directory(folder):
        call.fail(f"The parent directory '{folder}' for log_path does not exist")
    events = [{"task": "started", "result": {}}, *_run(call)]
    if call.params["log_path"] and not call.check:
        call.write_file(call.params["log_path"], b"simulated log\r\n")
    if options.get("wait"):
        return _waited(events)
    pipe = str(uuid.uuid4())
    _PIPES[pipe] = events
    return {"cancel_options": {"cancel_id": pipe, "task_pid": 4712}, "poll_options": {"pipe_name": pipe}}


def _exit(*, changed: bool, reboot: bool, failure: str = "") -> Event:
    result: dict[str, Any] = {"changed": changed, "failed": bool(failure), "reboot_required": reboot}
    if failure:
        result["exception"] = {"message": failure, "exception": failure}
    return {"task": "exit", "result": result}


def _run(call: Call) -> list[Event]:
    state = call.state
    pending = windows_update.reboot_required(state)
    if call.params["_operation"].lower() == "test":
        return [_exit(changed=False, reboot=pending)]
    found = windows_update.offered(state, call.pc.now().date())
    reasons = {update.identifier: _filtered(call, update) for update in found}
    selected = [update for update in found if not reasons[update.identifier]]
    filtered = [{"id": identifier, "reasons": why} for identifier, why in reasons.items() if why]
    search = {"updates": [_info(call, update) for update in found], "filtered": filtered}
    events: list[Event] = [{"task": "search_result", "result": search}]
    mode = call.params["state"].lower()
    if call.check or mode == "searched" or not selected:
        return [*events, _exit(changed=bool(selected) and mode != "searched", reboot=pending)]
    if pending:
        text = "A reboot is required before more updates can be installed"
        return [*events, _exit(changed=False, reboot=pending, failure=text)]
    return events + _install(call, selected, mode)


def _filtered(call: Call, update: Update) -> list[str]:
    """Why an update is not selected. Title and KB are one string before the regular expressions see them."""
    params = call.params
    text = f"{update.title}{_kb(update)}"
    accept, reject = params["accept_list"] or [], params["reject_list"] or []
    wanted = [CATEGORY_OPTIONS.get(name.lower(), name) for name in params["category_names"]]
    names = [name.lower() for name in windows_update.category_names(call.state, update)]
    reasons = []
    if accept and not any(re.search(pattern, text, re.I) for pattern in accept):
        reasons.append("accept_list")
    if any(re.search(pattern, text, re.I) for pattern in reject):
        reasons.append("reject_list")
    if update.hidden:
        reasons.append("hidden")
    if wanted and not any(name == "*" or name.lower() in names for name in wanted):
        reasons.append("category_names")
    if params["skip_optional"] and update.optional:
        reasons.append("skip_optional")
    return reasons


def _kb(update: Update) -> str:
    return f"KB{update.kb}" if update.kb else ""


def _info(call: Call, update: Update) -> dict[str, Any]:
    return {
        "id": update.identifier,
        "title": update.title,
        "description": "",
        "kb": [_kb(update)] if update.kb else [],
        "type": "Driver" if update.driver else "Software",
        "browse_only": update.optional,
        "revision_number": 200,
        "categories": windows_update.category_names(call.state, update),
        "is_installed": False,
        "is_hidden": update.hidden,
        "is_downloaded": update.downloaded,
        "reboot_required": False,
    }


def _install(call: Call, selected: list[Update], mode: str) -> list[Event]:
    events: list[Event] = []
    to_download = [update for update in selected if not update.downloaded]
    if to_download:
        info = [_outcome(update, windows_update.download(update)) for update in to_download]
        events.append({"task": "download_result", "result": {"info": info}})
        if any(item["result_code"] != windows_update.SUCCEEDED for item in info):
            text = "Failed to download all updates - see updates for more information"
            return [*events, _exit(changed=True, reboot=False, failure=text)]
    if mode == "downloaded":
        return [*events, _exit(changed=bool(to_download), reboot=False)]
    info = []
    for update in selected:
        fault = call.pc.faults.take("failed_update", on=_kb(update))
        outcome = windows_update.install(call.state, update, call.pc.now(), fail=fault is not None)
        info.append(_outcome(update, outcome) | {"reboot_required": outcome.reboot_required})
    events.append({"task": "install_result", "result": {"info": info}})
    reboot = windows_update.reboot_required(call.state)
    if any(item["result_code"] != windows_update.SUCCEEDED for item in info):
        text = "Failed to install all updates - see updates for more information"
        return [*events, _exit(changed=True, reboot=reboot, failure=text)]
    return [*events, _exit(changed=True, reboot=reboot)]


def _outcome(update: Update, outcome: windows_update.Outcome) -> dict[str, Any]:
    return {"id": update.identifier, "result_code": outcome.code, "hresult": outcome.hresult}


def _waited(events: list[Event]) -> Result:
    """The result of an asynchronous run, which the module formats itself (no failure_msg)."""
    updates: dict[str, dict[str, Any]] = {}
    result: Result = {"rebooted": False}
    for event in events:
        task, data = event["task"], event["result"]
        if task == "search_result":
            why = {item["id"]: item["reasons"] for item in data["filtered"]}
            for info in data["updates"]:
                updates[info["id"]] = {
                    "id": info["id"], "title": info["title"], "categories": info["categories"], "installed": False,
                    "downloaded": False, "kb": [kb.removeprefix("KB") for kb in info["kb"]],
                    **({"filtered_reasons": why[info["id"]]} if info["id"] in why else {}),
                }  # fmt: skip
        elif task in ("download_result", "install_result"):
            for info in data["info"]:
                if info["result_code"] != windows_update.SUCCEEDED:
                    updates[info["id"]]["failure_hresult_code"] = info["hresult"]
                else:
                    updates[info["id"]]["downloaded" if task.startswith("download") else "installed"] = True
        elif task == "exit":
            result |= {key: data[key] for key in ("changed", "failed", "reboot_required")}
            if "exception" in data:
                result["msg"] = data["exception"]["message"]
    selected = {key: info for key, info in updates.items() if "filtered_reasons" not in info}
    return result | {
        "updates": selected,
        "filtered_updates": {key: info for key, info in updates.items() if key not in selected},
        "found_update_count": len(selected),
        "failed_update_count": sum("failure_hresult_code" in info for info in selected.values()),
        "installed_update_count": sum(info["installed"] for info in selected.values()),
    }


@script_model(pattern=r"try \{\n\$propParams = @\{.*'ServicingInProgress'.*exit 0\n\}")
def servicing_in_progress(call: Call, script: str) -> Output:
    """The action plugin's test after its restart."""
    key = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\Interface"
    value = call.state.registry.get(key, "ServicingInProgress", 0)
    return Output(code=0 if value in (0, 1) else value)
