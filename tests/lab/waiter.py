"""Prints the addresses that did not greet as SSH servers in time. Runs by itself, in a network namespace.

python waiter.py SECONDS ADDRESS…
"""

from __future__ import annotations

import asyncio
import sys

_PORT = 22
_ATTEMPT = 1.0
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


async def await_greeting(address: str) -> None:
    """Ask until ``address`` greets."""
    while True:
        try:
            if await asyncio.wait_for(greets(address), _ATTEMPT):
                return
        except TimeoutError:
            continue
        await asyncio.sleep(_PAUSE)


async def silent(addresses: list[str], patience: float) -> list[str]:
    """Those of ``addresses`` that have not greeted within ``patience`` seconds."""
    tasks = {asyncio.create_task(await_greeting(address)): address for address in addresses}
    _, pending = await asyncio.wait(tasks, timeout=patience)
    for task in pending:
        task.cancel()
    return [tasks[task] for task in pending]


if __name__ == "__main__":
    print(*asyncio.run(silent(sys.argv[2:], float(sys.argv[1]))))
