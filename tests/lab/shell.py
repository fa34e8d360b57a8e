"""Other programs, run so that a failure says which command failed and why."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence

from reversibility.errors import CartableError


class LabError(CartableError):
    """The lab cannot go on; the message says what to do."""


def mortal(command: Sequence[str]) -> list[str]:
    """``command``, but killed by the kernel when the lab's own process dies, so that a killed ``up`` stops at once."""
    return ["setpriv", "--pdeathsig", "KILL", "--", *command]


def run(
    command: Sequence[str],
    *,
    stdin: str | bytes | None = None,
    check: bool = True,
    timeout: float | None = 120,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run ``command`` and return its output as text.

    Raises LabError with the command and the last line of its error output when it fails (unless ``check`` is
    false), when it is not installed, or when it takes longer than ``timeout`` seconds.
    """
    # Without input the program gets an empty one: it must not read what was meant for the lab's own command.
    data = stdin.encode() if isinstance(stdin, str) else stdin or b""
    try:
        done = subprocess.run(
            mortal(command),
            capture_output=True,
            timeout=timeout,
            env={**os.environ, **environment} if environment else None,
            check=False,
            input=data,
        )
    except FileNotFoundError as error:
        raise LabError("setpriv is not installed; install the package util-linux.") from error
    except subprocess.TimeoutExpired as error:
        raise LabError(
            f"`{shorten(command)}` was still running after {timeout:.0f} s and was stopped."
        ) from error
    text = subprocess.CompletedProcess(
        list(command),
        done.returncode,
        done.stdout.decode(errors="replace"),
        done.stderr.decode(errors="replace"),
    )
    if check and text.returncode:
        raise LabError(
            f"`{shorten(command)}` failed ({text.returncode}): {last_line(text.stderr or text.stdout)}"
        )
    return text


def shorten(command: Sequence[str], width: int = 160) -> str:
    """``command`` as one would type it, cut to ``width`` characters."""
    line = " ".join(shlex.join(command).split())
    return line if len(line) <= width else line[: width - 1] + "…"


def last_line(text: str) -> str:
    """The last line of ``text`` that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"


def wait_until(condition: Callable[[], bool], patience: float) -> bool:
    """Wait until ``condition`` holds, asking often; returns whether it did within ``patience`` seconds."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
