"""Lists of numbers as switches write them: ``1,10-12``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

ALL_VLANS = frozenset(range(1, 4095))


def parse_numbers(text: str) -> frozenset[int]:
    """The numbers of ``1,10-12``, blanks allowed. Raises ValueError."""
    found: set[int] = set()
    for part in text.replace(" ", "").split(","):
        if part:
            first, _, last = part.partition("-")
            start, end = int(first), int(last or first)
            if not 0 <= start <= end <= 4095:
                raise ValueError(f"{part} is no VLAN or range of VLANs")
            found.update(range(start, end + 1))
    return frozenset(found)


def ranges(numbers: Iterable[int], shortest: int = 2) -> list[str]:
    """The numbers in order, ``shortest`` or more neighbours as one range."""
    found: list[str] = []
    ordered = sorted(set(numbers))
    at = 0
    while at < len(ordered):
        end = at
        while end + 1 < len(ordered) and ordered[end + 1] == ordered[end] + 1:
            end += 1
        if end - at + 1 >= shortest:
            found.append(f"{ordered[at]}-{ordered[end]}")
        else:
            found.extend(str(number) for number in ordered[at : end + 1])
        at = end + 1
    return found


def format_numbers(numbers: Iterable[int]) -> str:
    """The numbers as ``1,10-12``."""
    return ",".join(ranges(numbers))


def chunks(numbers: Iterable[int], width: int = 180) -> Iterator[str]:
    """The list in pieces that a command line takes."""
    piece = ""
    for part in ranges(numbers):
        if piece and len(piece) + 1 + len(part) > width:
            yield piece
            piece = part
        else:
            piece = f"{piece},{part}" if piece else part
    if piece:
        yield piece
