# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Differences between ansible-core 2.21 and 2.20, where results are dictionaries and there is no task context."""

from __future__ import annotations

from typing import Any

from ansible.vars import manager

# ruff: noqa: F401 - imported from here by the other files
try:  # 2.21
    from ansible._internal._task import (
        POLYMORPHIC_RESULT_EXPRESSION,
        HostTaskResult,
        TaskContext,
        UnifiedTaskResult,
        VariableLayer,
    )
except ImportError:  # 2.20
    from ansible._internal._errors._error_utils import result_dict_from_exception
    from ansible._internal._task import TaskContext as OlderContext
    from ansible.executor.task_result import _RawTaskResult
    from ansible.vars.clean import module_response_deepcopy, strip_internal_keys

    TaskContext = None

# Tag of values in the deprecated variable "vars" (2.21).
_DEPRECATED = getattr(manager, "_DEPRECATE_VARS", None)


def tagged_for_vars(value: Any) -> Any:
    """A variable's value as the variable ``vars`` has it."""
    return value if _DEPRECATED is None else _DEPRECATED.tag(value)
