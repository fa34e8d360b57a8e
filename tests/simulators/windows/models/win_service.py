"""ansible.windows.win_service and win_service_info: mirror their .ps1 of ansible.windows 3.8.0."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from typing import Any

from ..state import ultravnc
from ..state.pc_state import PCState
from ..state.system import Service
from .api import Call, Result, model

# Services that read their settings when they start.
STARTED: dict[str, Callable[[PCState], None]] = {ultravnc.SERVICE: ultravnc.started}
START = {"auto": 2, "delayed": 2, "manual": 3, "disabled": 4}
UNMODELLED = (
    "error_control", "failure_actions", "failure_actions_on_non_crash_failure", "failure_command", "failure_reboot_msg",
    "failure_reset_period_sec", "load_order_group", "pre_shutdown_timeout_ms", "required_privileges", "service_type",
    "sid_info", "desktop_interact",
)  # fmt: skip
SYSTEM_NAMES = {"localsystem", "system", "nt authority\\system", "s-1-5-18"}


def find(call: Call, name: str) -> Service | None:
    """A service by its name or display name, as Get-Service finds it."""
    services = call.state.services
    found = services.get(name.lower())
    return found or next((s for s in services.values() if s.display_name.lower() == name.lower()), None)


def _shown(service: Service) -> dict[str, Any]:
    return {
        "dependencies": service.dependencies,
        "description": service.description,
        "desktop_interact": False,
        "display_name": service.display_name,
        "name": service.name,
        "path": service.path,
        "start_mode": service.start_mode,
        "username": "SYSTEM" if service.account == "LocalSystem" else service.account,
    }


@model("ansible.windows.win_service", version="3.8.0")
def win_service(call: Call) -> Result:
    params = call.params
    call.unmodelled(*UNMODELLED)
    service, state = find(call, params["name"]), (params["state"] or "").lower()
    before = _shown(service) | {"state": service.state} if service else ""
    if state == "absent":
        call.set_diff(before, "")
        return _absent(call, service)
    wanted = (
        "description",
        "display_name",
        "dependencies",
        "path",
        "start_mode",
        "state",
        "username",
        "password",
    )
    if service is None and not any(params[option] is not None for option in wanted):
        return {"exists": False}
    made = service is None
    if service is None:
        if params["path"] is None:
            return dict(
                call.fail(
                    f"Service '{params['name']}' is not installed, need to set 'path' to create a new service"
                )
            )
        service = Service(params["name"], params["name"], start_mode="auto", path=params["path"])
    elif service.protected and any(params[option] is not None for option in wanted):
        return dict(
            call.fail(
                f"Unhandled exception while executing module: Failed to open service {service.name} ({call.message(5)}, Win32ErrorCode 5 - 0x00000005)"
            )
        )
    target = service if not call.check else Service(**vars(service))
    changed = _settings(call, target) or made
    changed = _run_state(call, target, state) or changed
    if made and not call.check:
        call.state.services[target.name.lower()] = target
    if not call.check:
        call.state.registry.set(
            rf"HKLM\SYSTEM\CurrentControlSet\Services\{target.name}", "Start", START[target.start_mode]
        )
    call.set_diff(before, _shown(target) | {"state": params["state"] or target.state})
    return {
        "changed": changed,
        "exists": True,
        **_shown(target),
        "username": target.account,
        "state": "running" if target.state == "started" else target.state,
        "can_pause_and_continue": False,
        "depended_by": _depended_by(call, target),
    }


def _depended_by(call: Call, service: Service) -> list[str]:
    return [s.name for s in call.state.services.values() if service.name in s.dependencies]


def _absent(call: Call, service: Service | None) -> Result:
    if service is not None and not call.check:
        del call.state.services[service.name.lower()]
        call.state.registry.delete(rf"HKLM\SYSTEM\CurrentControlSet\Services\{service.name}")
    return {"changed": service is not None}


def _settings(call: Call, service: Service) -> bool:
    params, changed = call.params, False
    for option, attribute in (
        ("description", "description"),
        ("display_name", "display_name"),
        ("path", "path"),
    ):
        if params[option] is not None and params[option] != getattr(service, attribute):
            setattr(service, attribute, params[option])
            changed = True
    mode = (params["start_mode"] or service.start_mode).lower()
    if mode != service.start_mode:
        service.start_mode, changed = mode, True
    if params["username"] is not None:
        account = "LocalSystem" if params["username"].lower() in SYSTEM_NAMES else params["username"]
        if account != "LocalSystem":
            account = call.state.accounts.name_of(call.sid(account), call.state.system.name)
        if account.lower() != service.account.lower():
            service.account, changed = account, True
    if params["dependencies"] is not None:
        action = params["dependency_action"].lower()
        wanted = params["dependencies"]
        if action == "add":
            wanted = service.dependencies + [d for d in wanted if d not in service.dependencies]
        elif action == "remove":
            wanted = [d for d in service.dependencies if d not in wanted]
        if set(wanted) != set(service.dependencies):
            service.dependencies, changed = list(wanted), True
    return changed


def _run_state(call: Call, service: Service, state: str) -> bool:
    if state == "paused":
        call.fail(f"failed to pause service {service.name}: The service does not support pausing")
    if state in ("started", "restarted") and service.start_mode == "disabled" and service.state != "started":
        call.fail(
            f"Unhandled exception while executing module: Service '{service.display_name} ({service.name})' cannot be "
            f"started due to the following error: Cannot start service {service.name} on computer '.'."
        )
    if state == "stopped" and service.state != "stopped" and not call.params["force_dependent_services"]:
        running = [
            s for s in _depended_by(call, service) if call.state.services[s.lower()].state == "started"
        ]
        if running:
            call.fail(
                f"Unhandled exception while executing module: Cannot stop service '{service.display_name} ({service.name})' "
                "because it has dependent services. It can only be stopped if the Force flag is set."
            )
    wanted = {"started": "started", "restarted": "started", "stopped": "stopped"}.get(state, service.state)
    changed = wanted != service.state or state == "restarted"
    service.state = wanted
    if changed and wanted == "started" and not call.check and service.name.lower() in STARTED:
        STARTED[service.name.lower()](call.state)
    return changed


@model("ansible.windows.win_service_info", version="3.8.0")
def win_service_info(call: Call) -> Result:
    wanted = call.params["name"]
    found = [
        service
        for service in call.state.services.values()
        if wanted is None
        or fnmatch.fnmatch(service.name.lower(), wanted.lower())
        or fnmatch.fnmatch(service.display_name.lower(), wanted.lower())
    ]
    return {
        "exists": bool(found),
        "services": [
            _shown(service)
            | {
                "state": service.state,
                "dependency_of": _depended_by(call, service),
                "launch_protection": "antimalware_light" if service.protected else "none",
                "process_id": 1000 if service.state == "started" else 0,
                "service_type": "win32_own_process",
                "username": call.state.accounts.name_of("S-1-5-18", call.state.system.name)
                if service.account == "LocalSystem"
                else service.account,
            }
            for service in found
        ],
    }
