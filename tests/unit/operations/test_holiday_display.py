"""The display of a holiday run, on a terminal and elsewhere."""

from __future__ import annotations

import io

from ansible.plugins.loader import init_plugin_loader
from rich.console import Console

from tests.project import COLLECTIONS

init_plugin_loader([str(COLLECTIONS)])

from ansible_collections.cartable.fleet.plugins.callback.holiday import board_table  # noqa: E402
from ansible_collections.cartable.fleet.plugins.plugin_utils.holiday_board import Board  # noqa: E402

PLAN = {"sites": {"tilleuls": ["A", "B", "C"], "ormes": ["D"]}, "minutes": {"tilleuls": 40, "ormes": 10}}


def test_the_board() -> None:
    clock = [0.0]
    board = Board(lambda: clock[0])
    board.planned(PLAN)
    site = board.sites["tilleuls"]
    assert board.minutes_left(site) == 40
    clock[0] = 600.0
    assert board.minutes_left(site) == 30, "of the announced time"
    assert (
        board.ended_stage("tilleuls", "A", {"stage": "system", "result": "done", "outcome": "waiting"})
        is None
    )
    assert site.ended == 0, "it is not through"
    board.ended_stage("tilleuls", "A", {"stage": "observe", "result": "done", "outcome": "done"})
    assert board.minutes_left(site) == 20, "at the pace so far"
    failed = {
        "stage": "system",
        "result": "failed",
        "outcome": "failed",
        "code": "disk_full",
        "detail": "3 MiB\nfree",
    }
    assert board.ended_stage("tilleuls", "B", failed) == "tilleuls B system: failed  disk_full  3 MiB free"
    board.began_stage("C", "reboot")
    assert board.lost("tilleuls", "C") == "tilleuls C reboot: does not answer any more"
    assert board.totals(site) == "1/3 done, 1 failed"


def test_a_terminal_shows_a_bar_a_school_and_the_failures() -> None:
    board = Board()
    board.planned(PLAN)
    for number in range(30):
        board.ended_stage("tilleuls", "B", {"stage": "system", "result": "failed", "outcome": "failed", "code": f"c{number}"})  # fmt: skip # noqa: E501
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system=None)
    console.print(board_table(board))
    shown = console.file.getvalue()
    assert "tilleuls" in shown and "ormes" in shown and "0/3 done, 1 failed" in shown
    assert "c29" in shown and "c1 " not in shown, "the last ones only: the board keeps its height"
