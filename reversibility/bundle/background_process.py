"""A background process, for parts of the build that are independent of the rest."""

from __future__ import annotations

import contextlib
import multiprocessing
import traceback
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection

from reversibility.errors import CartableError

# Forked, so that a market of 25,000 assets is shared and not copied.
_FORK = multiprocessing.get_context("fork")


@contextlib.contextmanager
def in_background[Result](work: Callable[[], Result], what: str) -> Iterator[Callable[[], Result]]:
    """Start ``work`` beside the block; yields a function that waits for it and returns its result.

    The result must be picklable. ``what`` names the work in the error when its process was ended. That function raises
    the work's CartableError or OSError, and RuntimeError with the traceback of any other. When the block is left, the
    process is over in any case.
    """
    receiver, sender = _FORK.Pipe(duplex=False)
    process = _FORK.Process(target=_run, args=(work, sender))
    process.start()
    sender.close()

    def result() -> Result:
        try:
            value, error = receiver.recv()
        except EOFError:
            process.join()
            raise CartableError(
                f"The process that was {what} ended with status {process.exitcode}; is there enough memory?"
            ) from None
        if error is not None:
            raise error
        found: Result = value
        return found

    try:
        yield result
    finally:
        process.kill()  # not SIGTERM, for which Ansible's workers have a handler that is not for their children
        process.join()
        receiver.close()


def _run[Result](work: Callable[[], Result], sender: Connection) -> None:
    value: Result | None = None
    error: Exception | None = None
    try:
        value = work()
    except (CartableError, OSError) as trouble:
        error = trouble
    except Exception:  # a bug: it may not be picklable, but its traceback is
        error = RuntimeError(traceback.format_exc())
    sender.send((value, error))
