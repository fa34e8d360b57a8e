"""JSON from a managed machine: checked to be readable by every program (I-JSON, RFC 7493), else an error.

What a record holds goes on into tables, workbooks and other JSON files. There, a number out of range, a lone surrogate
or deep nesting would stop the hand-over of a whole market; here it makes one damaged record.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

DEEPEST = 64  # lists and mappings within one another; a record has less than ten
LARGEST = (
    2**63 - 1
)  # of a table's whole numbers; RFC 7493 asks for less than 2**53, counters of octets have more
_HALF = re.compile(r"[\ud800-\udfff]")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


def read_json(data: bytes | str) -> Any:
    """Parse JSON; half surrogate pairs, which no file and no terminal takes, are written out (``\\ud83d``).

    Raises ValueError, in a clause, when it is none, is nested too deep, or has a number that no table holds.
    """
    try:
        if _is_deep(data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data):
            raise ValueError(f"it is nested deeper than {DEEPEST} levels")
        found = json.loads(data, parse_int=_integer, parse_float=_number, parse_constant=_constant)
    except RecursionError as error:
        raise ValueError(f"it is nested deeper than {DEEPEST} levels") from error
    return _whole(found) if _may_have_halves(data) else found


def whole_characters(text: str, backslash: str = "\\") -> str:
    r"""The text with each half of a surrogate pair written out; ``backslash`` is how ``text`` writes one."""
    return _HALF.sub(lambda match: f"{backslash}u{ord(match[0]):04x}", text)


def _may_have_halves(data: bytes | str) -> bool:
    if isinstance(data, bytes):
        return b"\\ud" in data or b"\\uD" in data
    return "\\ud" in data or "\\uD" in data or not data.isascii()


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return whole_characters(value)
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {_whole(key): _whole(item) for key, item in value.items()}
    return value


def _is_deep(data: bytes) -> bool:
    """Count brackets, where the layout does not tell: State indents, so that depth shows as blanks."""
    brackets = data.count(b"{") + data.count(b"[")
    if brackets <= DEEPEST:
        return False
    if b"\n" + b" " * (2 * DEEPEST) in data:
        return True
    if data.count(b"\n") >= brackets - data.count(b"{}") - data.count(b"[]"):
        return False  # a line for each bracket that holds something
    depth = 0
    for bracket in re.findall(rb"[\[\]{}]", _STRING.sub(b"", data)):
        depth += 1 if bracket in b"[{" else -1
        if depth > DEEPEST:
            return True
    return False


def _integer(text: str) -> int:
    if len(text) > 20 or abs(int(text)) > LARGEST:
        raise ValueError("it has a number that no table holds")
    return int(text)


def _number(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError("it has a number that no table holds")
    return value


def _constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")
