"""Module runs without the network: the installed .ps1, its validation and its model, as a manifest would have it.

For tests of models and roles' logic that need no connection; what crosses the network is tested through `ansible`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .execution import module_run
from .mirrored import source_file
from .pc import PC

OWN = Path(__file__).parents[3] / "plugins" / "modules"


def run_module(
    pc: PC,
    module: str,
    arguments: dict[str, Any] | None = None,
    *,
    check: bool = False,
    diff: bool = False,
    user: str = "ansible",
    become: str = "",
) -> dict[str, Any]:
    """The module's answer. `become`: SYSTEM or an account; empty for the network logon of `user`."""
    path = (
        OWN / f"{module.rpartition('.')[2]}.ps1"
        if module.startswith("cartable.fleet.")
        else source_file(module)
    )
    utilities = tuple(file.read_bytes() for file in sorted((path.parents[1] / "module_utils").glob("*.psm1")))
    given = dict(arguments or {}) | {"_ansible_check_mode": check, "_ansible_diff": diff}
    account = pc.state.accounts.find_user(become or user)
    if become and become.upper() != "SYSTEM" and account is None:
        raise ValueError(f"no account {become}")
    if become.upper() == "SYSTEM":
        account = None
    return module_run.run(pc, module, path.read_bytes(), utilities, given, account, become)
