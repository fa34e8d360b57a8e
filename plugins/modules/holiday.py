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
  - Runs on the controller. Records the result of each stage of each asset in the state (C(holiday.json)) before the
    next one begins, so that a killed run can continue.
  - V(plan) writes the plan and the announcement of each school, once a run. V(gate) says whether a further wave may
    begin. V(agenda) lists the remaining stages of the current host. V(again) says whether and when to retry hosts that
    were off, and V(wait) waits until then. V(begin) says whether to run a stage on the current host, and V(end) records
    its result. V(report) writes the report of each school.
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
    description: Plan for the next window instead of the open one.
    type: bool
    default: false
  emergency:
    description:
      - Why work may not wait for a window, with its C(reason) and its C(reference) (a CVE or a ticket), for V(plan).
        Where no window is open the run then has no end.
    type: dict
    default: {}
  parallel:
    description: Number of assets at work at the same time, for the announced duration.
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
    description: Whether this is a retry of hosts that were off or lost; failed ones are left alone.
    type: bool
    default: false
  every:
    description: Least seconds between two retries of hosts that were off, for V(again). The interval grows with the
      waiting time.
    type: int
    default: 300
  patience:
    description: Seconds after which hosts that were off are not retried. By default until the window ends.
    type: int
  seconds:
    description: Seconds to wait, for V(wait).
    type: float
    default: 0
  stage:
    description: The stage, for V(begin) and V(end).
    type: str
  result:
    description: Result of the stage.
    type: str
    choices: [done, failed, "off", impossible]
    default: done
  detail:
    description: Why it failed, in one line. Secrets of the vault are removed.
    type: str
    default: ""
  code:
    description: The cause of a failure, for programs.
    type: str
    default: ""
  data:
    description: Findings of the stage, kept with its result.
    type: dict
    default: {}
  backup_hours:
    description:
      - Maximum age in hours of the last good backup of each recorded data set, at the end of the stage precheck. 0
        disables the check.
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
  description: Whether to run the stage, to begin a further wave, or to retry hosts that were off.
  returned: step is begin, gate or again
  type: bool
stages:
  description: The remaining stages of the current host.
  returned: step is agenda
  type: list
  elements: str
late:
  description: Whether the stage and the following ones could not end before the window closes.
  returned: step is begin
  type: bool
seconds:
  description: Seconds until the next retry.
  returned: step is again
  type: float
"off":
  description: Hosts that were off.
  returned: step is again
  type: list
  elements: str
outcomes:
  description: Number of assets by outcome and site.
  returned: step is report
  type: dict
  sample: {trois_platanes: {done: 5, failed: 1, "off": 1, window: 0, cut: 0, waiting: 0}}
files:
  description: Files that were written.
  returned: step is plan or report
  type: list
  elements: str
"""
