"""ansible.windows.win_user: mirrors win_user.ps1 of ansible.windows 3.8.0."""

from __future__ import annotations

import re
from typing import Any

from ..state.accounts import Group, User
from .api import Call, Result, model

# option -> attribute of User; a text is compared with its case (-cne) or without
EXACT = {"fullname": "full_name", "description": "description"}
LOOSE = {"home_directory": "home_directory", "login_script": "login_script", "profile": "profile"}
FLAGS = {
    "password_expired": "password_expired",
    "password_never_expires": "password_never_expires",
    "user_cannot_change_password": "user_cannot_change_password",
}


def refused_password(call: Call, name: str, password: str) -> str:
    """Why the password policy refuses a password; empty when it does not."""
    policy = call.state.security_policy
    classes = sum(
        bool(re.search(pattern, password)) for pattern in ("[a-z]", "[A-Z]", "[0-9]", r"[^A-Za-z0-9]")
    )
    too_short = len(password) < int(policy.get("MinimumPasswordLength", 0))
    complex_enough = classes >= 3 and (len(name) < 3 or name.lower() not in password.lower())
    if too_short or (int(policy.get("PasswordComplexity", 0)) and not complex_enough):
        return (  # 0x800708C5; the French text is [K]
            "Le mot de passe ne répond pas aux spécifications de la stratégie de mot de passe. Vérifiez la longueur du "
            "mot de passe, sa complexité et les conditions d’historique."
            if call.language == "fr-FR"
            else "The password does not meet the password policy requirements. Check the minimum password length, "
            "password complexity and password history requirements."
        )
    return ""


def set_password(call: Call, user: User, password: str, method: str) -> None:
    why = refused_password(call, user.name, password)
    if why:
        call.fail(
            f'Unhandled exception while executing module: Exception calling "{method}" with "0" argument(s): "{why}"'
        )
    if not call.check:
        user.password, user.password_expired = password, False
        user.password_set = call.pc.now().isoformat(timespec="seconds")


@model("ansible.windows.win_user", version="3.8.0")
def win_user(call: Call) -> Result:
    params, accounts, name = call.params, call.state.accounts, call.params["name"]
    if params["account_locked"]:
        call.fail("account_locked must be set to 'no' if provided")
    user = next((user for user in accounts.users if user.name.lower() == name.lower()), None)  # never by SID
    before = _diff(call, user)
    result: Result = {"name": name}
    if params["state"].lower() == "absent":
        result |= _absent(call, user)
        call.set_diff(before, "")
    elif params["state"].lower() == "query":
        result |= {"msg": f"Querying user '{name}'", "state": "present" if user else "absent"}
        call.set_diff(before, before)
    else:
        result |= _present(call, user, before)
    shown = next((user for user in accounts.users if user.name.lower() == name.lower()), None)
    return result | (_shown(call, shown) if shown else {})


def _shown(call: Call, user: User) -> Result:
    computer = call.state.system.name
    return {
        "fullname": user.full_name,
        "path": f"WinNT://{call.state.system.workgroup}/{computer}/{user.name}",
        "description": user.description,
        "password_expired": user.password_expired,
        "password_never_expires": user.password_never_expires,
        "user_cannot_change_password": user.user_cannot_change_password,
        "account_disabled": not user.enabled,
        "account_locked": user.locked,
        "sid": user.sid,
        "groups": [
            {"name": group.name, "path": f"WinNT://{call.state.system.workgroup}/{computer}/{group.name}"}
            for group in call.state.accounts.groups_of(user)
        ],
    }


def _diff(call: Call, user: User | None) -> Any:
    if user is None:
        return ""
    groups = [
        call.state.accounts.name_of(g.sid, call.state.system.name)
        for g in call.state.accounts.groups_of(user)
    ]
    return {
        "account_disabled": not user.enabled,
        "account_expires": user.account_expires or "never",
        "account_locked": user.locked,
        "description": user.description,
        "fullname": user.full_name,
        "groups": groups,
        "home_directory": user.home_directory,
        "login_script": user.login_script,
        "name": user.name,
        "password": "REDACTED",
        "password_expired": user.password_expired,
        "password_never_expires": user.password_never_expires,
        "profile": user.profile,
        "user_cannot_change_password": user.user_cannot_change_password,
    }


def _absent(call: Call, user: User | None) -> Result:
    if user is None:
        return {"msg": f"User '{call.params['name']}' was not found", "state": "absent"}
    if not call.check:
        call.state.accounts.remove_user(user)
    return {"changed": True, "msg": f"User '{user.name}' deleted successfully", "state": "absent"}


def _present(call: Call, user: User | None, before: Any) -> Result:
    params, changed = call.params, False
    if user is None:
        changed = True
        call.set_diff(before, {"name": params["name"]})
        why = refused_password(call, params["name"], params["password"] or "")
        if why:
            call.fail(
                f'Unhandled exception while executing module: Exception calling "SetInfo" with "0" argument(s): "{why}"'
            )
        if call.check:
            return {"changed": True, "state": "present"}
        user = call.state.accounts.add_user(params["name"], params["password"] or "")
    after = _diff(call, user)
    call.set_diff(before, after)
    changed = _password(call, user, after) or changed
    changed = _properties(call, user, after) or changed
    if params["groups"] is not None:
        changed = _groups(call, user, after) or changed
    return {"changed": changed, "state": "present"}


def _password(call: Call, user: User, after: dict[str, Any]) -> bool:
    password = call.params["password"]
    if password is None or call.params["update_password"].lower() != "always":
        return False
    if user.enabled and not user.password_expired:
        if user.locked:
            call.fail(
                f"Failed to validate the user's credentials: Failed to logon {user.name} ({call.message(1909)}, Win32ErrorCode 1909 - 0x00000775)"
            )
        if user.password == password:
            return False
        if not call.check:
            call.pc.logon_failed(user.name)  # the module logs on to compare
    set_password(call, user, password, "SetPassword")
    after["password"] = "CHANGED REDACTED"
    return True


def _properties(call: Call, user: User, after: dict[str, Any]) -> bool:
    params, changed = call.params, False

    def assign(option: str, attribute: str, wanted: Any) -> None:
        nonlocal changed
        changed, after[option] = True, params[option]
        if not call.check:
            setattr(user, attribute, wanted)

    if params["account_disabled"] is not None and params["account_disabled"] == user.enabled:
        assign("account_disabled", "enabled", not params["account_disabled"])
    if params["account_locked"] is not None and user.locked:
        assign("account_locked", "locked", False)
    if params["account_expires"] is not None:
        wanted = "" if params["account_expires"] == "never" else params["account_expires"]
        if wanted != user.account_expires:
            assign("account_expires", "account_expires", wanted)
    for option, attribute in (EXACT | LOOSE | FLAGS).items():
        wanted, current = params[option], getattr(user, attribute)
        if wanted is None or wanted == current:
            continue
        if option in LOOSE and str(wanted).lower() == str(current).lower():
            continue
        assign(option, attribute, wanted)
    return changed


def _groups(call: Call, user: User, after: dict[str, Any]) -> bool:
    accounts = call.state.accounts
    desired: dict[str, Group] = {}
    for given in call.params["groups"]:
        if not given.strip():
            continue
        sid = accounts.resolve(given)
        group = next((group for group in accounts.groups if group.sid == sid), None)
        if group is None:
            call.fail(f"group '{given}' not found")
        else:
            desired[group.sid] = group
    existing = {group.sid: group for group in accounts.groups_of(user)}
    action = call.params["groups_action"].lower()
    add = [] if action == "remove" else [group for sid, group in desired.items() if sid not in existing]
    remove = {
        "add": [],
        "remove": [group for sid, group in desired.items() if sid in existing],
        "replace": [group for sid, group in existing.items() if sid not in desired],
    }[action]
    for group in add:
        after["groups"].append(group.name)
        if not call.check:
            group.members.append(user.sid)
    for group in remove:
        if group.name in after["groups"]:
            after["groups"].remove(group.name)
        if not call.check:
            group.members.remove(user.sid)
    return bool(add or remove)
