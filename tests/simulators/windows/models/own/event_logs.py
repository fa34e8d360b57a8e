"""Event logs (``extra["events"]``: channel → events): roles/logs/files/keep_events.ps1 and plugins/modules/win_log_source.ps1."""

from __future__ import annotations

import base64
import datetime
import gzip
import re
from pathlib import Path
from typing import Any

from ..api import Call, Output, Result, model, normalized, script_model

SCRIPT = Path(__file__).parents[5] / "roles" / "logs" / "files" / "keep_events.ps1"
PATTERN = re.escape(normalized(SCRIPT.read_text(encoding="utf-8"))).replace("@CHANNELS@", "[^']+")
FOLDER = r"C:\Windows\System32\LogFiles\Cartable"
SEVERITIES = {1: "crit", 2: "err", 3: "warning", 5: "debug"}


def log(
    state: Any, channel: str, event: int, time: datetime.datetime, data: str = "", level: int = 0
) -> None:
    """Windows writes an event. Record numbers go on from one event to the next."""
    events = state.extra.setdefault("events", {}).setdefault(channel, [])
    number = events[-1]["record"] + 1 if events else 1
    xml = f"<Event><System><EventID>{event}</EventID><EventRecordID>{number}</EventRecordID></System>{data}</Event>"
    provider = f"Microsoft-Windows-{channel} Auditing"
    events.append(
        {
            "record": number,
            "id": event,
            "time": time.isoformat(),
            "level": level,
            "provider": provider,
            "xml": xml,
        }
    )


@script_model(pattern=PATTERN)
def keep_events(call: Call, script: str) -> Output:
    found = re.search(r"\$channels = '(.*)' -split", script)
    assert found is not None
    files = call.state.files
    if not files.exists(FOLDER):
        files.make_directory(FOLDER)
    for channel in found[1].split(","):
        events = call.state.extra.get("events", {}).get(channel, [])
        place = rf"{FOLDER}\{re.sub(r'[^\w-]', '_', channel)}.position"
        last = int(files.read(place)) if files.exists(place) else 0
        if not events or events[-1]["record"] == last:
            continue
        gap = ""
        if events[-1]["record"] < last:
            gap, last = f"the channel was cleared, after event {last}", 0  # the numbers begin again [K]
        new = [event for event in events if event["record"] > last]
        if last and new[0]["record"] > last + 1:
            gap = f"Windows has overwritten the events from {last + 1} to {new[0]['record'] - 1}"
        source = re.sub(r"\W", "_", channel)
        if gap:
            now = call.pc.now()
            _append(call, f"{now:%Y-%m-%d}", f"{now.isoformat()} {source}.warning Cartable[0]: {gap}\n")
        for event in new:
            severity = SEVERITIES.get(event["level"], "info")
            program = f"{re.sub(r'\s', '_', event['provider'])}[{event['id']}]"
            body = (
                event["xml"]
                .partition("</System>")[2]
                .removesuffix("</Event>")
                .replace("\r", "")
                .replace("\n", "&#10;")
            )
            _append(
                call,
                event["time"][:10],
                f"{event['time']} {source}.{severity} {program}: record={event['record']} {body}\n",
            )
        files.write(place, f"{events[-1]['record']}\r\n".encode("ascii"))
    return Output()


def _append(call: Call, day: str, text: str) -> None:
    path, files = rf"{FOLDER}\{day}.log", call.state.files
    files.write(path, (files.read(path) if files.exists(path) else b"") + text.encode())


@model("cartable.fleet.win_log_source")
def win_log_source(call: Call) -> Result:
    files, now = call.state.files, call.pc.now()
    keep, left, oldest = datetime.timedelta(days=call.params["keep_days"]), call.params["most_bytes"], ""
    if call.params["today"]:
        oldest = (datetime.date.fromisoformat(call.params["today"]) - keep).isoformat()
    result: Result = {"changed": False, "sizes": {}, "content": {}, "clock": now.timestamp()}
    for path in [entry.path for entry in files.children(FOLDER)] if files.exists(FOLDER) else []:
        day, _, ending = path.rpartition("\\")[2].rpartition(".")
        if ending != "log" or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", day):
            continue
        if day < oldest:
            result["changed"] = True
            if not call.check:
                files.delete(path)
            continue
        content = files.read(path)
        result["sizes"][day] = len(content)
        for first, end in call.params["ranges"].get(day, []):
            if left > 0:
                part = content[int(first) : min(int(end), int(first) + left)]
                left -= len(part)
                packed = base64.b64encode(gzip.compress(part)).decode()
                result["content"].setdefault(day, []).append([int(first), packed])
    return result
