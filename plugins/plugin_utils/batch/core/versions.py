# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between ansible-core 2.21 and 2.19 or 2.20: there results are dictionaries, and no task is ambient."""

from __future__ import annotations

try:  # 2.21
    from ansible._internal._task import (
        POLYMORPHIC_RESULT_EXPRESSION as POLYMORPHIC_RESULT_EXPRESSION,
    )
    from ansible._internal._task import HostTaskResult as HostTaskResult
    from ansible._internal._task import TaskContext as TaskContext
    from ansible._internal._task import UnifiedTaskResult as UnifiedTaskResult
    from ansible._internal._task import VariableLayer as VariableLayer
except ImportError:  # 2.19, 2.20
    from ansible.executor.task_result import _RawTaskResult as _RawTaskResult
    from ansible.vars.clean import module_response_deepcopy as module_response_deepcopy
    from ansible.vars.clean import strip_internal_keys as strip_internal_keys

    TaskContext = None
