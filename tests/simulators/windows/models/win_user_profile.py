"""ansible.windows.win_user_profile: mirrors win_user_profile.ps1 of ansible.windows 3.8.0."""

from __future__ import annotations

from .api import Call, Result, model

PROFILES = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList"


@model("ansible.windows.win_user_profile", version="3.8.0")
def win_user_profile(call: Call) -> Result:
    params, registry = call.params, call.state.registry
    sid = params["username"]
    if params["state"].lower() == "absent":
        expected = rf"C:\Users\{params['name']}".lower()
        keys = [
            key
            for key in registry.subkeys(PROFILES)
            if (
                key == sid
                if sid
                else str(registry.get(rf"{PROFILES}\{key}", "ProfileImagePath", "")).lower() == expected
            )
        ]
        if len(keys) > 1 and not params["remove_multiple"]:
            call.fail(
                f"Found multiple profiles matching the path '{expected}', set 'remove_multiple=True' to remove all the "
                "profiles for this match"
            )
        path = None
        for key in keys:
            path = registry.get(rf"{PROFILES}\{key}", "ProfileImagePath")
            if not call.check:
                call.state.files.delete(str(path))
                registry.delete(rf"{PROFILES}\{key}")
                registry.delete(rf"HKU\{key}")
        return {"changed": bool(keys), "path": path}
    user = call.state.accounts.find_user(sid)
    if user is None:
        call.fail(f"Fail to map the account '{sid}' to a valid user")
        raise AssertionError
    if sid in registry.subkeys(PROFILES):
        return {"path": registry.get(rf"{PROFILES}\{sid}", "ProfileImagePath")}
    path = rf"C:\Users\{params['name'] or user.name}"
    if not call.check:
        registry.set(rf"{PROFILES}\{sid}", "ProfileImagePath", path, "expandstring")
        call.state.files.make_directory(rf"{path}\Desktop")
        call.state.files.write(rf"{path}\NTUSER.DAT", b"simulated hive")
        registry.create(rf"HKU\{sid}\Software")
    return {"changed": True, "path": path}
