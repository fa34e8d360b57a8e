# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recording of module answers: arguments and result of each module that runs, a JSON line each.

For ``playbooks/windows_acceptance.yml``: a simulated PC replays them (``tests/simulators/windows/replay.py``). On with the variable
``cartable_keep_answers``; the file is ``acceptance/<host>.jsonl`` in the market's data. Tasks with ``no_log`` are left out.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.cartable.fleet.plugins.plugin_utils import identity

try:
    from reversibility.market.paths import MarketPaths
except ImportError:
    MarketPaths = None

SWITCH = "cartable_keep_answers"
# Added by Ansible to what the module said.
ADDED = ("invocation", "stdout_lines", "stderr_lines")


def recording_file() -> Path:
    """The file of the host that this worker runs a task for."""
    paths = MarketPaths.for_inventory(identity.market_folder())
    return Path(paths.data) / "acceptance" / f"{identity.host_name()}.jsonl"


def install() -> None:
    """Record what modules answer. Call once, in the main process, before workers are forked."""
    execute = ActionBase._execute_module
    if getattr(execute, "records_answers", False):
        return

    @functools.wraps(execute)
    def recording(
        self: ActionBase, module_name: Any = None, module_args: Any = None, *arguments: Any, **named: Any
    ) -> Any:
        answer = execute(self, module_name, module_args, *arguments, **named)
        variables = named.get("task_vars") or (arguments[1] if len(arguments) > 1 else None) or {}
        if variables.get(SWITCH) and not self._task.no_log and self._connection.transport == "winrm":
            _write(self, module_name or self._task.action, module_args, answer)
        return answer

    recording.records_answers = True  # type: ignore[attr-defined]
    ActionBase._execute_module = recording


def _write(action: ActionBase, module: str, arguments: Any, answer: dict[str, Any]) -> None:
    given = dict(action._task.args if arguments is None else arguments)
    line = {
        "module": module,
        "arguments": {name: value for name, value in given.items() if not name.startswith("_ansible_")},
        "check": bool(action._task.check_mode),
        "result": {
            name: value
            for name, value in answer.items()
            if name not in ADDED and not name.startswith("_ansible_")
        },
    }
    path = recording_file()
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with path.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(line, default=str, ensure_ascii=False) + "\n")
