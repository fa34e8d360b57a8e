# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between ansible-core 2.21 and 2.19 or 2.20: there results are dictionaries, and no task is ambient."""

from __future__ import annotations

from typing import Any

from ansible.vars import manager

# ruff: noqa: F401 - its users take them from here
try:  # 2.21
    from ansible._internal._task import (
        POLYMORPHIC_RESULT_EXPRESSION,
        HostTaskResult,
        TaskContext,
        UnifiedTaskResult,
        VariableLayer,
    )
except ImportError:  # 2.19, 2.20
    from ansible._internal._errors._error_utils import result_dict_from_exception
    from ansible._internal._task import TaskContext as OlderContext
    from ansible.executor.task_result import _RawTaskResult
    from ansible.vars.clean import module_response_deepcopy, strip_internal_keys

    TaskContext = None

# What marks a value in the variable "vars", of which newer cores warn.
_MARK = getattr(manager, "_DEPRECATE_VARS", None)


def of_vars(value: Any) -> Any:
    """A variable's value as the variable "vars" has it."""
    return value if _MARK is None else _MARK.tag(value)
