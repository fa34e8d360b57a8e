# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: holiday
short_description: Plans, keeps and reports a holiday run
version_added: "0.2.0"
author:
  - Cartable contributors (@cartable)
description:
  - Runs on the controller. What each stage comes to on each asset is in the state (C(holiday.json)) before the next one begins, so that
    a run which was killed goes on where it was.
  - V(plan) writes the plan and the announcement of each school, once a run. V(gate) says whether a further wave may begin.
    V(agenda) says which stages are left on the current host.
    V(again) says whether, and after how many seconds, what was off is to be tried again, and V(wait) waits for so long.
    V(begin) says whether a stage is to be run on the current host, and V(end) notes its result. V(report) writes the report of each school.
options:
  step:
    description: What to do.
    type: str
    choices: [plan, gate, agenda, begin, end, again, wait, report]
    required: true
  market:
    description: The market's folder.
    type: path
    required: true
  assets:
    description: The assets of the run, for V(plan).
    type: list
    elements: str
    default: []
  run:
    description: The run's name. Empty names it after the holidays.
    type: str
    default: ""
  announce:
    description: Plan for the next window, and not for the one that is open.
    type: bool
    default: false
  emergency:
    description:
      - Why work may not wait for a window, with its C(reason) and its C(reference) (a CVE or a ticket), for V(plan).
        Where no window is open the run then has no end.
    type: dict
    default: {}
  parallel:
    description: How many assets are worked on at once, for the time that is announced.
    type: int
    default: 20
  fail_share:
    description: Per cent of failures after which no further wave is begun.
    type: int
    default: 20
  since:
    description: When this start began, for V(gate), as failures of earlier starts do not count, and for V(again).
    type: str
    default: ""
  second:
    description: A second pass, for what was off or lost; what has failed is left alone.
    type: bool
    default: false
  every:
    description: Least seconds between two tries of what was off, for V(again). The distance grows with the time that was waited.
    type: int
    default: 300
  patience:
    description: Seconds after which what was off is not tried again. By default it is until the window ends.
    type: int
  seconds:
    description: How long to wait, for V(wait).
    type: float
    default: 0
  stage:
    description: The stage, for V(begin) and V(end).
    type: str
  result:
    description: What the stage came to.
    type: str
    choices: [done, failed, "off", impossible]
    default: done
  detail:
    description: Why it failed, in one line. Secrets of the vault are taken out.
    type: str
    default: ""
  code:
    description: The cause of a failure, for programs.
    type: str
    default: ""
  data:
    description: What the stage has found, kept with its result.
    type: dict
    default: {}
  backup_hours:
    description:
      - Of an asset with backups on record, how old the last good one of each data set may be at the end of the stage precheck. 0 does not ask.
    type: int
    default: 48
attributes:
  action:
    description: Runs on the controller.
    support: full
  check_mode:
    description: Writes nothing.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
"""

EXAMPLES = r"""
- name: Plan the run, and write the announcement of each school
  cartable.fleet.holiday:
    step: plan
    market: "{{ inventory_dir }}"
    assets: "{{ ansible_play_hosts_all }}"
  run_once: true
"""

RETURN = r"""
run:
  description: The run's name.
  returned: step is plan
  type: str
  sample: 2026-12-18-noel
go:
  description: Whether the stage is to be run, a further wave to be begun, or what was off to be tried again.
  returned: step is begin, gate or again
  type: bool
stages:
  description: The stages that are left on the current host.
  returned: step is agenda
  type: list
  elements: str
late:
  description: Whether the stage, and what follows it, could not end before the window does.
  returned: step is begin
  type: bool
seconds:
  description: After how many seconds to try again.
  returned: step is again
  type: float
"off":
  description: What was off.
  returned: step is again
  type: list
  elements: str
outcomes:
  description: How many assets came to what, by site.
  returned: step is report
  type: dict
  sample: {trois_platanes: {done: 5, failed: 1, "off": 1, window: 0, cut: 0, waiting: 0}}
files:
  description: What was written.
  returned: step is plan or report
  type: list
  elements: str
"""
