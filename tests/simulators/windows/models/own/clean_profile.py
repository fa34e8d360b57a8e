"""roles/shared_pc/files/clean_profile.ps1: what the scheduled task does when a session has ended, and at each start."""

from __future__ import annotations

import re
from pathlib import Path

from ..api import Call, Output, normalized, script_model
from ..win_user_profile import PROFILES

SCRIPT = Path(__file__).parents[5] / "roles" / "shared_pc" / "files" / "clean_profile.ps1"
ACCOUNT = re.compile(r"\$account = '((?:[^']|'')*)'")
PATTERN = re.escape(normalized(SCRIPT.read_text(encoding="utf-8"))).replace("@ACCOUNT@", "(?:[^']|'')*")


@script_model(pattern=PATTERN)
def clean_profile(call: Call, script: str) -> Output:
    found = ACCOUNT.search(script)
    assert found is not None
    user = call.state.accounts.find_user(found[1].replace("''", "'"))
    registry = call.state.registry
    # Win32_UserProfile.Loaded: somebody is logged in.
    if (
        user is None
        or user.sid in call.state.extra.get("sessions", [])
        or user.sid not in registry.subkeys(PROFILES)
    ):
        return Output()
    call.state.files.delete(str(registry.get(rf"{PROFILES}\{user.sid}", "ProfileImagePath")))
    registry.delete(rf"{PROFILES}\{user.sid}")
    registry.delete(rf"HKU\{user.sid}")
    return Output()
