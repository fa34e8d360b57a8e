# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: holiday
type: stdout
short_description: Shows a holiday run as a progress bar for each school
version_added: "0.2.0"
description:
  - On a terminal shows a progress bar for each school with the remaining time, and below them the last failures, one
    line each.
  - Elsewhere, and without the Python package rich, prints a line for each finished stage.
  - For C(playbooks/holiday.yml) only. Choose it with C(ANSIBLE_STDOUT_CALLBACK=cartable.fleet.holiday); any other stdout callback works as well.
author:
  - Cartable contributors (@cartable)
requirements:
  - rich (for the bars)
"""

import sys
import time

from ansible.plugins.callback import CallbackBase
from ansible_collections.cartable.fleet.plugins.plugin_utils.holiday_board import Board

try:
    from rich.console import Console, Group
    from rich.live import Live
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text
except ImportError:
    Live = None

ACTION = "cartable.fleet.holiday"
SAID = ("cartable.fleet.preflight", ACTION, "ansible.builtin.assert")  # their messages are for operators
SITE_GROUP = "site_"


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "cartable.fleet.holiday"

    def __init__(self):
        super().__init__()
        self.board = Board()
        self.live = None
        self.reports = []

    def v2_playbook_on_start(self, playbook):
        if Live is not None and sys.stdout.isatty():
            # Drawn on events only: a drawing thread might hold a lock while Ansible forks.
            self.live = Live(
                console=Console(), auto_refresh=False, redirect_stdout=False, redirect_stderr=False
            )
            self.live.start()

    def v2_runner_on_ok(self, result):
        if result.task.resolved_action != ACTION:
            return
        answer, host = result.result, result.host
        step = answer.get("step")
        if step == "plan":
            self.board.planned(answer)
            self._say(f"run {answer['run']}: {len(answer['canary'])} first, then {len(answer['others'])}")
        elif step == "begin" and answer.get("go"):
            self.board.began_stage(host.get_name(), answer["stage"])
        elif step == "begin" and answer.get("late"):
            late = {
                "outcome": "window",
                "result": "window",
                "stage": answer["stage"],
                "detail": "no time is left",
            }
            self._say(self.board.ended_stage(self._site(host), host.get_name(), late))
        elif step == "end":
            failure = self.board.ended_stage(self._site(host), host.get_name(), answer)
            self._say(failure or f"{self._site(host)} {host.get_name()} {answer['stage']}: done")
        elif step == "again" and answer.get("go"):
            when = time.strftime("%H:%M", time.localtime(time.time() + answer["seconds"]))
            self.board.waits = f"{len(answer['off'])} off, tried again at {when}: {', '.join(answer['off'])}"
            self._say(self.board.waits)
        elif step == "wait":
            self.board.waits = ""
        elif step == "report":
            self.reports = answer.get("files", [])
        self._draw()

    def v2_runner_on_failed(self, result, ignore_errors=False):
        if result.task.resolved_action in SAID and not ignore_errors:
            self._say(str(result.result.get("msg", "")), always=True)

    def v2_runner_on_unreachable(self, result):
        self._say(self.board.lost(self._site(result.host), result.host.get_name()))
        self._draw()

    def v2_playbook_on_stats(self, stats):
        if self.live:
            self._draw()
            self.live.stop()
            self.live = None
        for site in self.board.sites.values():
            self._say(f"{site.name}: {self.board.totals(site)}", always=True)
        for path in self.reports:
            self._say(path, always=True)

    @staticmethod
    def _site(host):
        return next(
            (g.name[len(SITE_GROUP) :] for g in host.get_groups() if g.name.startswith(SITE_GROUP)), "-"
        )

    def _say(self, text, always=False):
        """Print a line: on a terminal only if ``always``, above the bars; elsewhere every line."""
        if self.live and always:
            self.live.console.print(text, highlight=False, markup=False)
        elif not self.live:
            self._display.display(f"{time.strftime('%H:%M:%S')}  {text}")

    def _draw(self):
        if self.live:
            self.live.update(board_table(self.board), refresh=True)


def board_table(board):
    """The board as rich draws it."""
    table = Table(box=None, pad_edge=False)
    for heading in ("school", "", "assets", "left"):
        table.add_column(heading, no_wrap=True)
    for site in board.sites.values():
        total, left = max(1, len(site.outcomes)), board.minutes_left(site)
        bar = ProgressBar(total=total, completed=site.ended, width=30)
        table.add_row(site.name, bar, board.totals(site), "" if left is None else f"{left} min")
    lines = [Text(line, style="red", no_wrap=True, overflow="ellipsis") for line in board.failures]
    lines += [Text(board.waits, no_wrap=True, overflow="ellipsis")] if board.waits else []
    return Group(table, *lines)
