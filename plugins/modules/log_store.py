#!/usr/bin/python
# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: the store of the logs that assets send."""

from __future__ import annotations

DOCUMENTATION = r"""
module: log_store
short_description: Counts, completes and seals the logs of a site
version_added: "0.1.0"
description:
  - Compares the received lines with the sizes on the assets (M(cartable.fleet.log_source)), adds missing lines from the
    assets, and seals finished days in a hash chain.
options:
  folder:
    description: Folder of the store, created by the role C(logs).
    type: path
    default: /var/log/cartable
  sizes:
    description: Bytes of each day by asset.
    type: dict
    default: {}
  content:
    description: Missing ranges from the assets, by asset and day, each with its first byte and its content in base64.
    type: dict
    default: {}
  seal:
    description: Seal finished days.
    type: bool
    default: false
  keep_days:
    description: Days for which logs are kept; with O(today), older ones are removed.
    type: int
    default: 366
  today:
    description:
      - The controller's date. Without it nothing is removed.
      - The asset's own clock is not asked, since one that jumped ahead would remove everything.
    type: str
attributes:
  check_mode:
    support: full
    description: Counts, and writes nothing.
author:
  - Cartable contributors (@cartable)
"""

EXAMPLES = r"""
- name: Is anything missing?
  cartable.fleet.log_store:
    sizes: {UC250001: {"2026-11-30": 48211}}
  register: store
"""

RETURN = r"""
assets:
  description: For each asset and day, the number of lines, of duplicate and damaged ones, and the missing bytes of the
    source.
  returned: always
  type: dict
  sample: {UC250001: {"2026-11-30": {lines: 400, doubled: 2, damaged: 0, missing: []}}}
free_percent:
  description: Free space of the disk.
  returned: always
  type: int
record:
  description: For the record, the finished days and their missing bytes.
  returned: always
  type: dict
added:
  description: Number of lines that were added.
  returned: always
  type: int
sealed:
  description: Lines of the chain that were written.
  returned: always
  type: list
  elements: dict
"""

import base64
from datetime import date
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.cartable.fleet.plugins.module_utils import log_store


def main():
    module = AnsibleModule(
        argument_spec={
            "folder": {"type": "path", "default": "/var/log/cartable"},
            "sizes": {"type": "dict", "default": {}},
            "content": {"type": "dict", "default": {}},
            "seal": {"type": "bool", "default": False},
            "keep_days": {"type": "int", "default": 366},
            "today": {"type": "str"},
        },
        supports_check_mode=True,
    )
    given, folder = module.params, Path(module.params["folder"])
    sizes = {
        asset: {day: int(size) for day, size in found.items()} for asset, found in given["sizes"].items()
    }
    added, sealed = 0, []
    try:
        if not module.check_mode:
            for asset, found in given["content"].items():
                for day, ranges in found.items():
                    rows = [
                        (int(first), log_store.unpacked(base64.b64decode(text))) for first, text in ranges
                    ]
                    added += log_store.add(folder, asset, day, rows)
        state = log_store.status(folder, sizes)
        record = log_store.closed(state["assets"], date.today())
        if given["seal"] and not module.check_mode:
            sealed = log_store.seal(folder, date.today())
        if given["today"] and not module.check_mode:
            sealed += log_store.remove(folder, date.fromisoformat(given["today"]), given["keep_days"])
        record = {"assets": record, "chain": log_store.chain_head(folder)}
    except log_store.NotSealed as error:
        module.fail_json(msg=str(error))
    except log_store.UNREADABLE as error:
        module.fail_json(msg=f"The logs in {folder} cannot be counted or sealed: {error}.")
    module.exit_json(changed=bool(added or sealed), added=added, sealed=sealed, record=record, **state)


if __name__ == "__main__":
    main()
