# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's WinRM connection, with input sent again to a PC that is busy."""

from __future__ import annotations

DOCUMENTATION = """
name: winrm
author: Cartable contributors (@cartable)
version_added: "0.3.0"
short_description: Runs tasks over WinRM, and waits for a PC that is busy
description:
  - The connection P(ansible.builtin.winrm#connection) with all its options. Input that Windows refuses because it is busy (C(ERROR_BUSY), 170) is sent
    again, with longer and longer pauses.
  - Ansible's own plugin means to do so too, but ansible-core 2.20 and 2.21 do not recognise that answer with pywinrm 0.5.
requirements:
  - pywinrm 0.5 or later
extends_documentation_fragment:
  - ansible.builtin.connection_pipelining
  - cartable.fleet.winrm_options
options:
  busy_timeout:
    description: Seconds for which refused input is sent again. After that the task fails.
    type: float
    default: 60
    vars:
      - name: ansible_winrm_busy_timeout
"""

import time
from typing import Any

from ansible.plugins.connection import winrm

ERROR_BUSY = 170
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0  # seconds


class Connection(winrm.Connection):
    """Ansible's connection, but for the answer "busy"."""

    def _winrm_send_input(self, *args: Any, **kwargs: Any) -> None:
        """Send one piece of input. Windows answers "busy" instead of taking it, so nothing is sent twice."""
        end = time.monotonic() + self.get_option("busy_timeout")
        pause = FIRST_PAUSE
        while True:
            try:
                super()._winrm_send_input(*args, **kwargs)
                return
            except winrm.WSManFaultError as fault:
                if fault.wsman_fault_code != ERROR_BUSY or time.monotonic() + pause > end:
                    raise
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
