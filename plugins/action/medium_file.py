# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a file of an installation medium on the controller, without another copy of it anywhere."""

from __future__ import annotations

import os
from pathlib import Path

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

ARGUMENTS = {
    "dest": {"type": "path", "required": True},
    "content": {"type": "str", "required": True, "no_log": True},
    "mode": {"type": "str", "choices": ["0600", "0644"], "default": "0600"},
}


class ActionModule(ActionBase):
    """The action ``cartable.fleet.medium_file``; see the module of the same name for its documentation."""

    _requires_connection = False
    _supports_check_mode = True
    TRANSFERS_FILES = False

    def run(self, tmp=None, task_vars=None):
        """Write the file where content or mode differs. No result and no diff repeats the content."""
        super().run(tmp, task_vars)
        _validation, args = self.validate_argument_spec(argument_spec=ARGUMENTS)
        mode = int(args["mode"], 8)
        path, data = Path(args["dest"]), args["content"].encode("utf-8")
        if not path.is_absolute():
            raise AnsibleActionFail(
                f"{path} is not absolute; name the folder from the root on, such as /media/key."
            )
        try:
            changed = not path.is_file() or path.read_bytes() != data
            if changed and not self._task.check_mode:
                path.parent.mkdir(parents=True, exist_ok=True)
                _write(path, data, mode)
            if path.is_file() and not self._task.check_mode:
                changed = _set_mode(path, mode) or changed
        except OSError as error:
            raise AnsibleActionFail(
                f"{path} cannot be written: {error.strerror}. Is the medium there, and not write-protected?"
            ) from error
        return {"changed": changed, "path": str(path)}


def _set_mode(path, mode):
    """Set the mode; returns whether it changed (never on FAT, which stores no modes)."""
    before = path.stat().st_mode
    if before & 0o777 != mode:
        path.chmod(mode)
    return path.stat().st_mode != before


def _write(path, data, mode):
    """Write a temporary file and rename it, so that an interruption leaves the old file or the new one."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
