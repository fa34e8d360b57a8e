"""A function that is left in the middle and gone on with."""

from __future__ import annotations

import threading

import pytest
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.turns import Left, Turns


def test_asks_and_is_answered() -> None:
    turns: Turns[str, int, list[int]] = Turns(lambda: [turns.ask("one"), turns.ask("two")])
    turns.start()
    assert turns.asked == "one"
    turns.go_on(1)
    assert turns.asked == "two"
    turns.go_on(2)
    assert turns.asked is None
    assert turns.result() == [1, 2]


def test_one_that_asks_nothing_has_ended() -> None:
    turns: Turns[str, int, int] = Turns(lambda: 3)
    turns.start()
    assert turns.asked is None
    assert turns.result() == 3


def test_what_it_raises_comes_to_the_owner() -> None:
    def fail() -> None:
        turns.ask("one")
        raise KeyError("two")

    turns: Turns[str, int, None] = Turns(fail)
    turns.start()
    with pytest.raises(KeyError, match="two"):
        turns.go_on(1)


def test_one_that_is_left_unwinds_and_ends() -> None:
    unwound = []

    def function() -> None:
        try:
            turns.ask("one")
        except Exception:
            unwound.append("swallowed")
        except Left:
            unwound.append("left")
            raise

    turns: Turns[str, int, None] = Turns(function)
    turns.start()
    threads = threading.active_count()
    turns.leave()
    assert unwound == ["left"]
    assert threading.active_count() == threads - 1
    turns.leave()


def test_never_do_both_run() -> None:
    log: list[str] = []

    def function() -> None:
        for number in range(50):
            log.append(f"inner {number}")
            turns.ask("more")

    turns: Turns[str, int, None] = Turns(function)
    turns.start()
    for number in range(50):
        log.append(f"owner {number}")
        turns.go_on(0)
    assert log == [line for number in range(50) for line in (f"inner {number}", f"owner {number}")]
