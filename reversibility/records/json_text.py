"""JSON as a managed machine may have written it: readable, or an error that callers expect."""

from __future__ import annotations

import json
from typing import Any


def read_json(data: bytes | str) -> Any:
    """Parse JSON; half surrogate pairs, which no file and no terminal takes, are written out (``\\ud83d``).

    Raises ValueError when it is none, also when it is nested deeper than can be read.
    """
    try:
        found = json.loads(data)
        return _whole(found) if _may_have_halves(data) else found
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error


def _may_have_halves(data: bytes | str) -> bool:
    if isinstance(data, bytes):
        return b"\\ud" in data or b"\\uD" in data
    return "\\ud" in data or "\\uD" in data or not data.isascii()


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {_whole(key): _whole(item) for key, item in value.items()}
    return value
