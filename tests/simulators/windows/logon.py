"""Network logon on a PC: which account may use WinRM."""

from __future__ import annotations

from .state.accounts import User
from .state.factory import POLICIES_SYSTEM
from .state.pc_state import PCState
from .wsman.ntlm import LogonRefusedError

REMOTE_MANAGEMENT_USERS = "S-1-5-32-580"
# Well-known SIDs in the token of every local account that logs on from the network, and of a local administrator.
EVERYBODY = {"S-1-1-0", "S-1-5-2", "S-1-5-11", "S-1-5-113"}
LOCAL_ADMINISTRATOR = "S-1-5-114"


def network_password(state: PCState, domain: str, user: str) -> str:
    """Password of the account; LogonRefusedError, which the client only sees as 401, says why it may not log on."""
    system = state.system
    if domain and domain.upper() not in (system.name.upper(), ".", "WORKSTATION", system.workgroup.upper()):
        raise LogonRefusedError(f"unknown domain {domain}")
    account = state.accounts.find_user(user)
    if account is None:
        raise LogonRefusedError(f"no account {user}")
    for refused, why in (
        (not account.enabled, "is disabled"),
        (account.locked, "is locked out"),
        (account.password_expired, "has an expired password"),
        (not account.password, "has a blank password, which does not log on from the network"),
    ):
        if refused:
            raise LogonRefusedError(f"account {user} {why}")
    _check_rights(state, account)
    return account.password


def _check_rights(state: PCState, account: User) -> None:
    administrator = state.accounts.is_administrator(account)
    groups = {group.sid for group in state.accounts.groups_of(account)} | {account.sid} | EVERYBODY
    if administrator:
        groups.add(LOCAL_ADMINISTRATOR)
    if groups & set(state.user_rights.get("SeDenyNetworkLogonRight", [])):
        raise LogonRefusedError(f"{account.name} is denied access to this computer from the network")
    if not groups & set(state.user_rights.get("SeNetworkLogonRight", [])):
        raise LogonRefusedError(f"{account.name} has no right to access this computer from the network")
    if not administrator and REMOTE_MANAGEMENT_USERS not in groups:
        raise LogonRefusedError(f"{account.name} is neither administrator nor remote management user")
    filtered = state.registry.get(POLICIES_SYSTEM, "LocalAccountTokenFilterPolicy", 0) != 1
    if administrator and filtered and account.rid != 500:
        raise LogonRefusedError(
            f"LocalAccountTokenFilterPolicy is not 1: the token of {account.name} is filtered"
        )
