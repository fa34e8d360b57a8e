"""Triggers of scheduled tasks, checked as win_scheduled_task.ps1 of community.windows 3.3.0 checks them."""

from __future__ import annotations

import datetime
import re
from typing import Any

from .api import Call

COMMON = ("enabled", "end_boundary", "execution_time_limit", "repetition")
# type -> (mandatory keys, optional keys)
KEYS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "boot": ((), ("delay", "start_boundary", *COMMON)),
    "daily": (("start_boundary",), ("days_interval", "random_delay", *COMMON)),
    "event": (("subscription",), ("delay", "start_boundary", *COMMON)),
    "idle": ((), ("start_boundary", *COMMON)),
    "logon": ((), ("delay", "start_boundary", "user_id", *COMMON)),
    "monthlydow": (("start_boundary",), ("days_of_week", "months_of_year", "random_delay", "weeks_of_month",
                                         "run_on_last_week_of_month", *COMMON)),
    "monthly": (("days_of_month", "start_boundary"), ("months_of_year", "random_delay", "run_on_last_day_of_month", *COMMON)),
    "registration": ((), ("delay", "start_boundary", *COMMON)),
    "time": (("start_boundary",), ("random_delay", *COMMON)),
    "weekly": (("days_of_week", "start_boundary"), ("random_delay", "weeks_interval", *COMMON)),
    "session_state_change": ((), ("delay", "start_boundary", "state_change", "user_id", *COMMON)),
}  # fmt: skip
DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
DURATION = re.compile(r"P(?=.)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


def checked_trigger(call: Call, trigger: dict[str, Any]) -> dict[str, Any]:
    """The trigger as it is stored; a failure for what the module refuses, a warning for what it ignores."""
    types = "', '".join(KEYS)
    if "type" not in trigger:
        call.fail(f"a trigger entry must contain a key 'type' with a value of '{types}'")
    kind = str(trigger["type"]).lower()
    if kind not in KEYS:
        call.fail(f"the specified trigger type '{kind}' is not valid, type must be a value of '{types}'")
    mandatory, optional = KEYS[kind]
    for key in mandatory:
        if key not in trigger:
            call.fail(
                f"mandatory key '{key}' for trigger is not set, mandatory keys are '{_quoted(mandatory)}'"
            )
    stored: dict[str, Any] = {"type": kind}
    for key, value in trigger.items():
        if key == "type":
            continue
        if key not in mandatory + optional:
            valid = _quoted(mandatory + optional)
            call.warn(
                f"key '{key}' for trigger entry is not valid and will be ignored, valid keys are '{valid}'"
            )
        elif value is not None:
            stored[key] = _value(call, key, value)
    return stored


def _quoted(keys: tuple[str, ...]) -> str:
    return "', '".join(keys)


def _value(call: Call, key: str, value: Any) -> Any:
    if key in ("start_boundary", "end_boundary"):
        try:
            return datetime.datetime.fromisoformat(str(value)).strftime("%Y-%m-%dT%H:%M:%S")
        except ValueError:
            call.fail(
                f"trigger option '{key}' must be in the format 'YYYY-MM-DDThh:mm:ss' format but was '{value}'"
            )
    if key in ("execution_time_limit", "delay", "random_delay"):
        seconds(call, key, value)
    if key == "repetition":
        interval, duration = value.get("interval"), value.get("duration")
        lengths = [
            seconds(call, name, item)
            for name, item in (("interval", interval), ("duration", duration))
            if item
        ]
        if len(lengths) == 2 and lengths[0] > lengths[1]:
            call.fail(
                f"trigger repetition option 'interval' value '{interval}' must be less than or equal to 'duration' value '{duration}'"
            )
    names = {"days_of_week": DAYS, "months_of_year": MONTHS}.get(key)
    if names is not None:
        return _names(call, key, value, names)
    if key in ("days_of_month", "weeks_of_month"):
        highest = 31 if key == "days_of_month" else 4
        numbers = [int(item) for item in _listed(value) if str(item).isdigit() and 1 <= int(item) <= highest]
        if len(numbers) != len(_listed(value)):
            what = "day of month" if highest == 31 else "week of month"
            call.fail(f"invalid {what} '{value}'")
        return sorted(set(numbers))
    return value


def _listed(value: Any) -> list[Any]:
    return (
        [part.strip() for part in value.split(",")]
        if isinstance(value, str)
        else value
        if isinstance(value, list)
        else [value]
    )


def _names(call: Call, key: str, value: Any, names: tuple[str, ...]) -> list[str]:
    given = [str(item).lower() for item in _listed(value)]
    for item in given:
        if item not in names and key == "days_of_week":
            call.fail(f"invalid day of week '{item}', check the spelling matches the full day name")
        if item not in names:
            call.fail(f"invalid month name '{item}', please specify full month name")
    return [name for name in names if name in given]


def seconds(call: Call, key: str, value: Any) -> int:
    """Seconds of an XML duration."""
    found = DURATION.fullmatch(str(value))
    if found is None:
        call.fail(f"trigger option '{key}' must be in the XML duration format but was '{value}'")
        raise AssertionError
    sizes = (31_536_000, 2_592_000, 86_400, 3_600, 60, 1)
    return sum(int(number or 0) * size for number, size in zip(found.groups(), sizes, strict=True))
