# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Says what to do where sudo asks for a password and the vault has none: Ansible's own words speak of a stream or of JSON."""

from __future__ import annotations

import functools
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase

from . import identity

ASKED = ("sudo: a password is required", "sudo: a terminal is required", "Missing sudo password")


def told() -> None:
    """Have it said in every task; once, in the main process, before workers are forked."""
    run = ActionBase._low_level_execute_command
    if getattr(run, "tells_missing_password", False):
        return

    @functools.wraps(run)
    def executed(self: ActionBase, *arguments: Any, **named: Any) -> Any:
        try:
            said = run(self, *arguments, **named)
        except AnsibleError as error:
            if _asks(self, str(error)):
                raise AnsibleActionFail(_sentence()) from error
            raise
        # The answer of a module is JSON, and may speak of sudo itself.
        if (
            said.get("rc")
            and "{" not in said.get("stdout", "")
            and _asks(self, f"{said['stdout']}\n{said['stderr']}")
        ):
            raise AnsibleActionFail(_sentence())
        return said

    executed.tells_missing_password = True  # type: ignore[attr-defined]
    ActionBase._low_level_execute_command = executed


def _asks(action: ActionBase, text: str) -> bool:
    return getattr(action._connection, "become", None) is not None and any(words in text for words in ASKED)


def _sentence() -> str:
    try:
        host = identity.host_name()
    except identity.NoIdentity:
        host = "this machine"
    return (
        f"No password for {host} in the vault, and sudo asks for one: was the machine renamed? `reversibility rename OLD {host}` "
        "moves passwords, records and history. Otherwise put the password that it has into the vault."
    )
