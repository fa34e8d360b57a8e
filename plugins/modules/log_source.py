#!/usr/bin/python
# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: the log lines that an asset still has."""

from __future__ import annotations

DOCUMENTATION = r"""
module: log_source
short_description: Reads the logs that an asset still has
version_added: "0.1.0"
description:
  - Returns the size of each day's file, and ranges of bytes, for M(cartable.fleet.log_store).
  - Removes files older than O(keep_days), by the controller's date.
options:
  folder:
    description: Folder with one file for each day, written by the role C(logs).
    type: path
    default: /var/log/cartable/source
  ranges:
    description: Ranges of bytes to give by day, such as V({"2026-11-30":[[3031,3791]]}).
    type: dict
    default: {}
  keep_days:
    description: Days for which the asset keeps its own lines.
    type: int
    default: 60
  today:
    description:
      - The controller's date. Without it nothing is removed.
      - The asset's own clock is not asked, since one that jumped ahead would remove everything.
    type: str
attributes:
  check_mode:
    support: full
    description: Removes nothing.
author:
  - Cartable contributors (@cartable)
"""

EXAMPLES = r"""
- name: What does the asset have?
  cartable.fleet.log_source:
  register: source
"""

RETURN = r"""
sizes:
  description: Bytes of each day.
  returned: always
  type: dict
  sample: {"2026-11-30": 48211}
content:
  description: The requested ranges by day, each with its first byte and its content in base64.
  returned: always
  type: dict
clock:
  description: Seconds since 1970 by the asset's clock.
  returned: always
  type: float
"""

import base64
import time
from datetime import date, timedelta
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule


def main():
    module = AnsibleModule(
        argument_spec={
            "folder": {"type": "path", "default": "/var/log/cartable/source"},
            "ranges": {"type": "dict", "default": {}},
            "keep_days": {"type": "int", "default": 60},
            "today": {"type": "str"},
        },
        supports_check_mode=True,
    )
    folder, today = Path(module.params["folder"]), module.params["today"]
    kept = timedelta(days=module.params["keep_days"])
    oldest = (date.fromisoformat(today) - kept).isoformat() if today else ""
    files = {path.stem: path for path in sorted(folder.glob("????-??-??.log"))}
    over = [path for day, path in files.items() if day < oldest]
    if not module.check_mode:
        for path in over:
            path.unlink()
    content = {}
    for day, ranges in module.params["ranges"].items():
        if day not in files or files[day] in over:
            continue
        with files[day].open("rb") as stream:
            for first, end in ranges:
                stream.seek(int(first))
                text = base64.b64encode(stream.read(int(end) - int(first))).decode("ascii")
                content.setdefault(day, []).append([int(first), text])
    sizes = {day: path.stat().st_size for day, path in files.items() if path not in over}
    module.exit_json(changed=bool(over), sizes=sizes, content=content, clock=time.time())


if __name__ == "__main__":
    main()
