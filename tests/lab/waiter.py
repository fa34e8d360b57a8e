"""Prints the addresses that did not greet as SSH servers in time. Runs by itself, in a network namespace.

python waiter.py SECONDS SECONDS_OF_AN_ATTEMPT ADDRESS…
"""

from __future__ import annotations

import asyncio
import sys

_PORT = 22
_PAUSE = 0.1


async def greets(address: str, port: int = _PORT) -> bool:
    """Whether an SSH server greets at ``address``."""
    try:
        reader, writer = await asyncio.open_connection(address, port)
    except OSError:
        return False
    try:
        return (await reader.readline()).startswith(b"SSH-2.0-")
    except OSError:
        return False
    finally:
        writer.close()


async def await_greeting(address: str, attempt: float) -> None:
    """Ask until ``address`` greets; each time for ``attempt`` seconds at most."""
    while True:
        try:
            if await asyncio.wait_for(greets(address), attempt):
                return
        except TimeoutError:
            continue
        await asyncio.sleep(_PAUSE)


async def silent(addresses: list[str], patience: float, attempt: float = 1.0) -> list[str]:
    """Those of ``addresses`` that have not greeted within ``patience`` seconds."""
    tasks = {asyncio.create_task(await_greeting(address, attempt)): address for address in addresses}
    _, pending = await asyncio.wait(tasks, timeout=patience)
    for task in pending:
        task.cancel()
    return [tasks[task] for task in pending]


if __name__ == "__main__":
    print(*asyncio.run(silent(sys.argv[3:], float(sys.argv[1]), float(sys.argv[2]))))
