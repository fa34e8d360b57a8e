"""A function that is paused in the middle and resumed."""

from __future__ import annotations

import threading

import pytest
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.thread_coroutine import (
    Cancelled,
    ThreadCoroutine,
)


def test_asks_and_is_answered() -> None:
    coroutine: ThreadCoroutine[str, int, list[int]] = ThreadCoroutine(
        lambda: [coroutine.ask("one"), coroutine.ask("two")]
    )
    coroutine.start()
    assert coroutine.asked == "one"
    coroutine.resume(1)
    assert coroutine.asked == "two"
    coroutine.resume(2)
    assert coroutine.asked is None
    assert coroutine.result() == [1, 2]


def test_one_that_asks_nothing_has_ended() -> None:
    coroutine: ThreadCoroutine[str, int, int] = ThreadCoroutine(lambda: 3)
    coroutine.start()
    assert coroutine.asked is None
    assert coroutine.result() == 3


def test_what_it_raises_comes_to_the_owner() -> None:
    def fail() -> None:
        coroutine.ask("one")
        raise KeyError("two")

    coroutine: ThreadCoroutine[str, int, None] = ThreadCoroutine(fail)
    coroutine.start()
    with pytest.raises(KeyError, match="two"):
        coroutine.resume(1)


def test_one_that_is_left_unwinds_and_ends() -> None:
    unwound = []

    def function() -> None:
        try:
            coroutine.ask("one")
        except Exception:
            unwound.append("swallowed")
        except Cancelled:
            unwound.append("left")
            raise

    coroutine: ThreadCoroutine[str, int, None] = ThreadCoroutine(function)
    coroutine.start()
    threads = threading.active_count()
    coroutine.cancel()
    assert unwound == ["left"]
    assert threading.active_count() == threads - 1
    coroutine.cancel()


def test_never_do_both_run() -> None:
    log: list[str] = []

    def function() -> None:
        for number in range(50):
            log.append(f"inner {number}")
            coroutine.ask("more")

    coroutine: ThreadCoroutine[str, int, None] = ThreadCoroutine(function)
    coroutine.start()
    for number in range(50):
        log.append(f"owner {number}")
        coroutine.resume(0)
    assert log == [line for number in range(50) for line in (f"inner {number}", f"owner {number}")]
