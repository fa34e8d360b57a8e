"""ansible.windows.win_whoami: mirrors win_whoami.ps1 of ansible.windows 3.8.0 (the part that does not depend on the logon's rights)."""

from __future__ import annotations

from .api import Call, Result, model


@model("ansible.windows.win_whoami", version="3.8.0")
def win_whoami(call: Call) -> Result:
    accounts, computer, user = call.state.accounts, call.state.system.name, call.user
    sid = user.sid if user else "S-1-5-18"
    domain, _, name = accounts.name_of(sid, computer).rpartition("\\")
    groups = [
        {"account_name": group.name, "domain_name": "BUILTIN", "sid": group.sid, "type": "Alias"}
        for group in (accounts.groups_of(user) if user else [])
    ]
    elevated = user is None or accounts.is_administrator(user)
    label = "S-1-16-16384" if user is None else "S-1-16-12288" if elevated else "S-1-16-8192"
    return {
        "account": {"account_name": name, "domain_name": domain, "sid": sid, "type": "User"},
        "authentication_package": "NTLM" if user and not call.become else "Negotiate",
        "groups": groups,
        "label": {"sid": label},
        "login_domain": domain,
        "logon_type": "Network" if not call.become else "Service" if user is None else "Interactive",
        "user_flags": [],
    }
