"""Security policy as `secedit /export` shows it and `secedit /configure` takes it."""

from __future__ import annotations

import re
from typing import Any

from .pc_state import PCState

SYSTEM_ACCESS = "System Access"
LOCKOUT = ("LockoutDuration", "ResetLockoutCount")
# Values that secedit takes; others are silently dropped.
RANGES = {
    "MinimumPasswordAge": (0, 998), "MaximumPasswordAge": (-1, 999), "MinimumPasswordLength": (0, 128),
    "PasswordComplexity": (0, 1), "PasswordHistorySize": (0, 24), "LockoutBadCount": (0, 999),
    "ResetLockoutCount": (1, 99999), "LockoutDuration": (-1, 99999), "AllowAdministratorLockout": (0, 1),
    "RequireLogonToChangePassword": (0, 1), "ForceLogoffWhenHourExpire": (0, 1), "ClearTextPassword": (0, 1),
    "LSAAnonymousNameLookup": (0, 1), "EnableAdminAccount": (0, 1), "EnableGuestAccount": (0, 1),
}  # fmt: skip
NAMES = {"NewAdministratorName": 500, "NewGuestName": 501}


def exported(state: PCState) -> dict[str, dict[str, Any]]:
    """Sections of the export. With LockoutBadCount 0 two keys are missing."""
    policy = {key: state.security_policy[key] for key in RANGES if key in state.security_policy}
    if not int(policy.get("LockoutBadCount", 0)):
        policy = {key: value for key, value in policy.items() if key not in LOCKOUT}
    by_rid = {user.rid: user for user in state.accounts.users}
    policy["EnableAdminAccount"] = int(by_rid[500].enabled)
    policy["EnableGuestAccount"] = int(by_rid[501].enabled)
    names = {key: by_rid[rid].name for key, rid in NAMES.items()}
    rights = {right: ",".join(f"*{sid}" for sid in sids) for right, sids in state.user_rights.items() if sids}
    return {
        "Unicode": {"Unicode": "yes"},
        SYSTEM_ACCESS: policy | names,
        "Event Audit": {},
        "Registry Values": {},
        "Privilege Rights": rights,
        "Version": {"signature": "$CHICAGO$", "Revision": 1},
    }


def configure(state: PCState, sections: dict[str, dict[str, Any]]) -> None:
    """Apply an INF; what is not valid changes nothing and gives no error."""
    for key, value in sections.get(SYSTEM_ACCESS, {}).items():
        _system_access(state, key, value)
    if not int(state.security_policy.get("LockoutBadCount", 0)):
        for key in LOCKOUT:
            state.security_policy.pop(key, None)
    else:
        for key in LOCKOUT:
            state.security_policy.setdefault(key, 10)
    for right, text in sections.get("Privilege Rights", {}).items():
        names = [name.strip().lstrip("*") for name in str(text).split(",") if name.strip()]
        state.user_rights[right] = [sid for sid in map(state.accounts.resolve, names) if sid]


def _system_access(state: PCState, key: str, value: Any) -> None:
    by_rid = {user.rid: user for user in state.accounts.users}
    if key in NAMES:
        if str(value).strip('"'):
            by_rid[NAMES[key]].name = str(value).strip('"')
        return
    if key not in RANGES or not re.fullmatch(r"-?\d+", str(value)):
        return
    low, high = RANGES[key]
    if not low <= int(value) <= high:
        return
    state.security_policy[key] = int(value)
    if key == "EnableAdminAccount":
        by_rid[500].enabled = bool(int(value))
    if key == "EnableGuestAccount":
        by_rid[501].enabled = bool(int(value))
