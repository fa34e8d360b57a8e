"""Replay of a real PC's recorded answers by a simulated one.

`playbooks/windows_acceptance.yml` records them: JSON with `origin` and `answers`, a list of objects with `module` (full name),
`arguments`, `check`, `become` and `result`. A recorded run answers before any model; what was not recorded goes to the models as ever.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .execution.module_run import full_name

Record = dict[str, Any]


def _key(module: str, arguments: dict[str, Any], check: bool) -> str:
    given = {
        name: value
        for name, value in arguments.items()
        if value is not None and not name.startswith("_ansible_")
    }
    return json.dumps([module, given, check], sort_keys=True, default=str)


class Recording:
    """Recorded answers. The same run recorded several times answers in that order, the last one for ever."""

    def __init__(self, records: list[Record]) -> None:
        self._answers: dict[str, list[Record]] = {}
        for record in records:
            missing = {"module", "arguments", "result"} - set(record)
            if missing:
                raise ValueError(f"a record lacks {', '.join(sorted(missing))}")
            key = _key(full_name(record["module"]), record["arguments"], bool(record.get("check")))
            self._answers.setdefault(key, []).append(record["result"])

    @classmethod
    def load(cls, path: Path) -> Recording:
        return cls(json.loads(path.read_text(encoding="utf-8"))["answers"])

    def answer(self, module: str, arguments: dict[str, Any], check: bool) -> Record | None:
        """The recorded result of this run; None when it was not recorded."""
        waiting = self._answers.get(_key(module, arguments, check))
        if not waiting:
            return None
        return dict(waiting.pop(0) if len(waiting) > 1 else waiting[0])
