"""Windows Update of one PC: what is offered, how a download or an installation ends."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from .names import UPDATE_CATEGORIES, localized
from .pc_state import PCState
from .system import Update

POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate"
UPGRADES = "3689bdc8-b205-4af4-8d4a-a63924c5e9d5"
REBOOT_REQUIRED = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired"
SUCCEEDED, FAILED = 2, 4


@dataclass(frozen=True)
class Outcome:
    """Result of one update: OperationResultCode and HRESULT (signed, as PowerShell has it)."""

    code: int
    hresult: int = 0
    reboot_required: bool = False


def signed(hresult: int) -> int:
    return hresult - 2**32 if hresult >= 2**31 else hresult


def category_names(state: PCState, update: Update) -> list[str]:
    """Names of the update's categories, in the language of the account: what win_updates compares with."""
    return [localized(UPDATE_CATEGORIES[update.category], state.system.language)]


def is_deferred(state: PCState, update: Update, today: datetime.date) -> bool:
    """Whether Windows Update for Business hides the update from the search for now [K]."""
    if not update.released:
        return False
    kind = "Feature" if update.category == UPGRADES else "Quality"
    if not state.registry.get(POLICY, f"Defer{kind}Updates", 0):
        return False
    days = int(state.registry.get(POLICY, f"Defer{kind}UpdatesPeriodInDays", 0))
    return datetime.date.fromisoformat(update.released) + datetime.timedelta(days=days) > today


def offered(state: PCState, today: datetime.date) -> list[Update]:
    """`IsInstalled = 0`: hidden updates and drivers too, superseded ones no more."""
    installed = {update.kb for update in state.updates if update.installed or update.pending_reboot}
    target = state.registry.get(POLICY, "TargetReleaseVersionInfo", "")
    return [
        update
        for update in state.updates
        if not update.installed
        and not update.pending_reboot
        and not (update.superseded_by and update.superseded_by in installed)
        and not is_deferred(state, update, today)
        and not (update.category == UPGRADES and target and target not in update.title)
    ]


def reboot_required(state: PCState) -> bool:
    return state.registry.exists(REBOOT_REQUIRED)


def download(update: Update) -> Outcome:
    if update.download_failures > 0:
        update.download_failures -= 1
        return Outcome(FAILED, signed(0x80240034))
    update.downloaded = True
    return Outcome(SUCCEEDED)


def install(state: PCState, update: Update, now: datetime.datetime, *, fail: bool = False) -> Outcome:
    if fail or update.failures > 0:
        update.failures = max(0, update.failures - 1)
        return Outcome(FAILED, signed(update.failure_code))
    update.installed_at = now.isoformat(timespec="seconds")
    if update.needs_reboot:
        update.pending_reboot = True
        state.registry.create(REBOOT_REQUIRED)
    else:
        update.installed = True
    return Outcome(SUCCEEDED, reboot_required=update.needs_reboot)


def finish(state: PCState) -> None:
    """What the restart does to updates that waited for it."""
    for update in state.updates:
        if not update.pending_reboot:
            continue
        update.pending_reboot = False
        update.installed = not update.offered_again  # rolled back: offered again, and nothing says why
        if update.installed and update.feature_build:
            state.system.build = update.feature_build
            state.system.display_version = update.feature_version
            current = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
            state.registry.set(current, "CurrentBuildNumber", str(update.feature_build))
            state.registry.set(current, "CurrentBuild", str(update.feature_build))
            state.registry.set(current, "DisplayVersion", update.feature_version)
