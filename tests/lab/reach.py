"""Says which TCP ports can be reached from where it runs. Runs by itself, in a network namespace.

    python reach.py [--from ADDRESS] ADDRESS:PORT…

Prints one word for each: ``open``, ``refused`` (the host answered: nothing on the way stopped it) or ``filtered``.
"""

from __future__ import annotations

import asyncio
import sys

_PATIENCE = 1.5


async def reach(target: str, source: str | None) -> str:
    """Try to connect to ``target`` (``ADDRESS:PORT``)."""
    address, _, port = target.rpartition(":")
    local = (source, 0) if source else None
    try:
        attempt = asyncio.open_connection(address, int(port), local_addr=local)
        _, writer = await asyncio.wait_for(attempt, _PATIENCE)
    except ConnectionRefusedError:
        return "refused"
    except (TimeoutError, OSError):
        return "filtered"
    writer.close()
    return "open"


async def main(arguments: list[str]) -> list[str]:
    """Try every target at once; the answers in their order."""
    source = None
    if arguments[:1] == ["--from"]:
        source, arguments = arguments[1], arguments[2:]
    return await asyncio.gather(*(reach(target, source) for target in arguments))


if __name__ == "__main__":
    print(*asyncio.run(main(sys.argv[1:])))
