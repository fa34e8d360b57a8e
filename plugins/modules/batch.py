#!/usr/bin/python
# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: batch
short_description: Runs a task file in few round trips to the host
version_added: "0.1.0"
description:
  - Runs a task file of the role, as M(ansible.builtin.include_tasks) would, with the same result, but sends the modules of
    consecutive tasks to the host together and runs them there in forks of one Python.
  - Ansible's own executor and action plugins evaluate conditions, loops, templates and results. Modules run unmodified.
  - A round trip ends before a task that reads a variable which an earlier task of it registers, before a task that
    works on the controller, before a change of user, and after a task of several modules (a loop, a copy). Over ssh
    with pipelining, one program on the host serves all round trips.
  - Each task of the file is shown as an item, over ssh as soon as it has ended. Handlers run once, at the usual time.
  - The packed modules are kept on the host, in C(~/.ansible/cartable-batch) of the user that runs them.
  - This is an action plugin.
notes:
  - Enable the callback P(cartable.fleet.batch#callback). It has the play include the file as M(ansible.builtin.include_tasks)
    would, where the variable C(cartable_batch) is false for all hosts, where a task has C(run_once), and with an
    ansible-core that the batch does not know. Without it, the tasks of the first case run one by one inside the batch,
    the second is refused and the third fails. Also without it, a failed batch loses facts and notified handlers.
    ansible-core 2.20 requires it.
  - These are refused before a task of the file runs, with file and line - C(throttle), C(any_errors_fatal),
    C(debugger), C(delegate_facts), M(ansible.builtin.meta), M(ansible.builtin.import_role), M(ansible.builtin.add_host),
    M(ansible.builtin.group_by), M(ansible.builtin.set_stats), M(ansible.builtin.pause), C(register) on an include, and
    M(ansible.builtin.include_role) of a role with handlers, with O(ignore:public) or without O(ignore:allow_duplicates).
  - On the batch itself, a loop and keywords such as C(become), C(environment), C(check_mode) and C(no_log) are refused. Put
    them on the tasks of its file or on a block around the batch.
author:
  - Cartable contributors (@cartable)
options:
  tasks_from:
    description: The task file, relative to the role's C(tasks/).
    type: str
    required: true
attributes:
  check_mode:
    description: Each task does what it does in check mode.
    support: full
  diff_mode:
    description: Each task shows its difference.
    support: full
"""

EXAMPLES = r"""
- name: Set the host up
  cartable.fleet.batch:
    tasks_from: debian.yml

- name: The same, the ordinary way
  ansible.builtin.include_tasks: debian.yml
"""

RETURN = r"""
tasks:
  description: The tasks that ran, in their order.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The task's name.
      type: str
    action:
      description: Its module.
      type: str
    state:
      description: V(ok), V(failed), V(skipped) or V(unreachable).
      type: str
    changed:
      description: Whether it changed something, or would have in check mode.
      type: bool
    ignored:
      description: Whether its failure was ignored.
      type: bool
    check_mode:
      description: Whether it ran in check mode.
      type: bool
    msg:
      description: The message of a failed task, unless it is hidden.
      type: str
round_trips:
  description: Number of round trips to the host.
  returned: always
  type: int
  sample: 2
executions:
  description:
    - Number of programs started on the host.
    - Over ssh with pipelining one program serves all round trips with the same user and Python.
  returned: always
  type: int
  sample: 1
"""
