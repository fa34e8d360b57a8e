"""Task Scheduler of one PC: runs what is due by the PC's own clock."""

from __future__ import annotations

import base64
import datetime
import re
from typing import TYPE_CHECKING, Any

from .execution import raw
from .models.api import Call
from .state.system import Task

if TYPE_CHECKING:
    from .pc import PC


def due(task: Task, now: datetime.datetime, since: datetime.datetime) -> bool:
    """Whether a trigger of the task fires in the interval (since, now]. Boundaries are local time; here UTC."""
    return task.enabled and any(
        any(since < moment <= now for moment in _moments(trigger, since, now) + _registered(task, trigger))
        for trigger in task.triggers
    )


def _registered(task: Task, trigger: dict[str, Any]) -> list[datetime.datetime]:
    """A trigger `registration` fires once, its delay after the task was registered."""
    if trigger["type"] != "registration" or trigger.get("enabled") is False or not task.registered:
        return []
    delay = re.fullmatch(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?", str(trigger.get("delay", "PT0S")))
    hours, minutes, seconds = (int(part or 0) for part in (delay.groups() if delay else (0, 0, 0)))
    started = datetime.datetime.fromisoformat(task.registered)
    return [started + datetime.timedelta(hours=hours, minutes=minutes, seconds=seconds)]


def _moments(
    trigger: dict[str, Any], since: datetime.datetime, now: datetime.datetime
) -> list[datetime.datetime]:
    """When a trigger fires around an interval; `time`, `daily`, `weekly` and `registration` have moments."""
    if trigger.get("enabled") is False or trigger["type"] not in ("time", "daily", "weekly"):
        return []
    start = datetime.datetime.fromisoformat(str(trigger["start_boundary"])).replace(tzinfo=datetime.UTC)
    if trigger["type"] == "time":
        return [start]
    days = (now.date() - since.date()).days + 1
    moments = [
        datetime.datetime.combine(since.date() + datetime.timedelta(day), start.timetz())
        for day in range(days)
    ]
    wanted = trigger.get("days_of_week")
    return [m for m in moments if m >= start and (not wanted or m.strftime("%A").lower() in wanted)]


def run(pc: PC, task: Task) -> None:
    """Run the actions of a task as its account. On battery only a task starts that says so (MS-TSCH: the default is not to)."""
    if pc.state.system.on_battery and task.settings.get("disallow_start_if_on_batteries", True):
        return
    user = pc.state.accounts.find_user(task.account)
    for action in task.actions:
        call = Call("scheduled task", {}, pc, user, become=task.account)
        output = _run_action(call, str(action["path"]), str(action.get("arguments", "")))
        pc.journal.add("task", task=f"{task.path.rstrip(chr(92))}\\{task.name}", code=output)
    pc.save()


def _run_action(call: Call, path: str, arguments: str) -> int | None:
    """Exit code; None for an action without a model."""
    name = path.strip('"').rpartition("\\")[2].lower().removesuffix(".exe")
    script = _script(call, arguments) if name in ("powershell", "pwsh") else None
    output = (
        raw.script_output(call, script)
        if script is not None
        else raw.program_output(call, f"{path} {arguments}")
    )
    if output is None:
        call.pc.journal.add("unknown", task=f"{path} {arguments}")
    return None if output is None else output.code


def _script(call: Call, arguments: str) -> str | None:
    """The script of a PowerShell command line: -EncodedCommand, -Command or -File."""
    for option in ("-encodedcommand ", "-enc ", "-e ", "-command ", "-c ", "-file ", "-f "):
        position = arguments.lower().find(option)
        if position < 0:
            continue
        rest = arguments[position + len(option) :].strip()
        if option.startswith("-e"):
            return base64.b64decode(rest.split()[0]).decode("utf-16-le")
        if option.startswith("-f"):
            entry = call.state.files.get(rest.strip('"'))
            return entry.content.decode("utf-8-sig") if entry else None
        return rest.strip('"')
    return None
