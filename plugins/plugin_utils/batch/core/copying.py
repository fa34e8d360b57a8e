# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action ``copy`` as one job: what it would look at and send over the connection, done on the target."""

from __future__ import annotations

import base64
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible import constants as C
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.hashing import checksum
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.errors import NotBatchable
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.modules import Module, call_of

if TYPE_CHECKING:
    from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.host import Host

LARGEST_FILE = 256 * 1024  # bytes of a file that travels inside the batch; a larger one goes the ordinary way


def copying(
    host: Host,
    handler: ActionBase,
    source: str,
    name: str,
    dest: str,
    task_vars: dict[str, Any],
    follow: bool,
) -> tuple[dict[str, Any], list[Module]]:
    """What does on the target what ``_copy_file`` of Ansible's action ``copy`` does from here, and the modules for it.

    Raises NotBatchable.
    """
    # Not before it is needed: by which name it is imported first decides by which it is known (hooks.BUILT_IN).
    from ansible.plugins.action.copy import _create_remote_copy_args, _create_remote_file_args

    args, task = handler._task.args, handler._task
    if boolean(args.get("raw", False), strict=False) or dest.endswith("/"):
        raise NotBatchable
    force = boolean(args.get("force", True), strict=False)
    decrypt = boolean(args.get("decrypt", True), strict=False)
    real = Path(host.loader.get_real_file(source, decrypt=decrypt))
    if real.stat().st_size > LARGEST_FILE:
        raise NotBatchable
    content = real.read_bytes()
    mode = {}
    if args.get("mode") == "preserve":
        mode = {"mode": f"0{stat.S_IMODE(real.stat().st_mode):03o}"}
    local = checksum(str(real))
    look = {
        "path": dest,
        "follow": follow,
        "get_checksum": force,
        "get_size": False,
        "checksum_algorithm": "sha1",
    }
    copying = {
        **_create_remote_copy_args(args),
        "src": "",
        "dest": dest,
        "_original_basename": name,
        "follow": follow,
        **({} if args.get("checksum") else {"checksum": local}),
        **mode,
    }
    keeping = {
        **_create_remote_file_args(args),
        "dest": dest,
        "_original_basename": name,
        "recurse": False,
        "state": "file",
        **mode,
    }
    keeping.pop("src", None)

    common: dict[str, Any] = {}  # found once, since it takes longer than all the rest
    handler._update_module_args("", common, task_vars)

    used: dict[str, Module] = {}

    def call(module: str, arguments: dict[str, Any], ignore_unknown: bool = False) -> dict[str, Any]:
        of_call = {"_ansible_module_name": module, "_ansible_ignore_unknown_opts": ignore_unknown}
        used[module] = host.module(handler, module, arguments, task_vars)
        return call_of(used[module], module, {**arguments, **common, **of_call})

    calls = {
        "stat": call("ansible.legacy.stat", look, True),
        "stat_nofollow": call("ansible.legacy.stat", {**look, "follow": False, "get_checksum": True}, True),
        "copy": call("ansible.legacy.copy", copying),
        "file": call("ansible.legacy.file", keeping),
        "peek": call("ansible.legacy.file", {"path": dest, "_diff_peek": True}),
        "slurp": call("ansible.legacy.slurp", {"path": dest}),
    }
    wire = {
        "kind": "copy",
        "calls": calls,
        "content": base64.b64encode(content).decode(),
        "dest": dest,
        "follow": follow,
        "force": force,
        "diff": bool(task.diff),
        "check_mode": bool(task.check_mode),
        "largest_diff": C.MAX_FILE_SIZE_FOR_DIFF,
    }
    return wire, list(used.values())
