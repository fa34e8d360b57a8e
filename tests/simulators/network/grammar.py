"""Grammar of a command line: patterns, abbreviated keywords, and where a line goes wrong.

A pattern is words separated by blanks: keywords, ``<type>`` values, ``[ optional ]``, ``( one | other )``, and ``=``
where the value starts: two lines that are equal up to there replace each other.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

WORD = re.compile(r'"[^"]*"?|\S+')
Reader = Callable[[Sequence[str], int, str], "tuple[int, str] | None"]
"""Reads a value at a position of the words; gives the next position and the canonical text, None when it is none."""


@dataclass(frozen=True)
class Match:
    """A line that the grammar accepts: canonical words, those before the value as the key, and the command."""

    command: Command
    words: tuple[str, ...]
    key: tuple[str, ...]
    negated: bool = False

    @property
    def text(self) -> str:
        return " ".join(self.words)


@dataclass(frozen=True)
class Mistake:
    """A line that the grammar refuses: ``invalid``, ``incomplete`` or ``ambiguous``, and at which column."""

    reason: str
    column: int
    word: str = ""


@dataclass(frozen=True, eq=False)
class Command:
    """One pattern of a mode. ``run`` does its work; without it, the line is stored in the configuration.

    ``opens`` is the mode that the line enters. ``default`` are texts that the device does not show. ``on`` is a setting
    that is there until it is negated. ``rank`` is its place in the configuration.
    """

    pattern: str
    run: Callable[..., str | None] | None = None
    opens: str = ""
    default: tuple[str, ...] = ()
    on: bool = False
    rank: int = 0
    elements: tuple[Any, ...] = field(default=(), repr=False)


@dataclass
class _Trace:
    """How far the words went, over all patterns that were tried."""

    furthest: int = -1
    incomplete: bool = False
    keywords: dict[int, set[str]] = field(default_factory=dict)
    """Keywords that a word shortens, by position."""

    def stop(self, at: int, incomplete: bool = False) -> None:
        if at > self.furthest:
            self.furthest, self.incomplete = at, incomplete
        elif at == self.furthest:
            self.incomplete |= incomplete


class Mode:
    """Commands that are known at one prompt, in the order in which the configuration shows them."""

    def __init__(
        self, name: str, prompt: str, commands: Sequence[Command], types: dict[str, Reader] | None = None
    ):
        self.name = name
        self.prompt = prompt
        self.types = TYPES | (types or {})
        self.commands = [
            Command(c.pattern, c.run, c.opens, c.default, c.on, rank, _compile(c.pattern.split()))
            for rank, c in enumerate(commands)
        ]

    def match(self, line: str, negated: bool = False) -> Match | Mistake:
        """Find the command of a line. ``negated``: a line without its ``no``, which may stop where the value starts."""
        spans = [(found.start(), found.group()) for found in WORD.finditer(line)]
        words = [word for _, word in spans]
        trace = _Trace()
        found: list[tuple[tuple[int, int], Match]] = []
        for command in self.commands:
            elements = command.elements
            if negated:
                cut = elements.index("=") if "=" in elements else len(elements)
                elements = (*elements[:cut], "=", "*")
            for at, done, key in _walk(self.types, elements, 0, words, 0, (), None, trace, line):
                if at < len(words):
                    trace.stop(at)
                    continue
                exact = sum(1 for _, kind in done if kind == 2)
                keywords = sum(1 for _, kind in done if kind)
                text = tuple(word for word, _ in done)
                found.append(
                    (
                        (exact, keywords),
                        Match(command, text, text[: len(text) if key is None else key], negated),
                    )
                )
        if found:
            best = max(score for score, _ in found)
            chosen = [match for score, match in found if score == best]
            if (
                len({match.words for match in chosen}) > 1
                and len({match.command.pattern for match in chosen}) > 1
            ):
                return Mistake("ambiguous", 0, line.strip())
            return chosen[0]
        for at, keywords in sorted(trace.keywords.items()):
            if len(keywords) > 1 and words[at].lower() not in keywords:
                return Mistake("ambiguous", 0, line.strip())
        if trace.incomplete and trace.furthest >= len(words):
            return Mistake("incomplete", len(line))
        at = min(max(trace.furthest, 0), len(words) - 1) if words else 0
        return Mistake("invalid", spans[at][0] if spans else 0, words[at] if words else "")


def _compile(words: list[str]) -> tuple[Any, ...]:
    """Nested tuples of a pattern: text for a keyword, ``("opt", …)`` and ``("any", alternative, …)``."""
    elements, rest = _sequence(words)
    if rest:
        raise ValueError(f"unbalanced pattern: {words}")
    return elements


def _sequence(words: list[str]) -> tuple[tuple[Any, ...], list[str]]:
    out: list[Any] = []
    while words and words[0] not in ("]", ")", "|"):
        word, words = words[0], words[1:]
        if word == "[":
            inner, words = _sequence(words)
            out.append(("opt", inner))
            words = words[1:]
        elif word == "(":
            alternatives = []
            while True:
                inner, words = _sequence(words)
                alternatives.append(inner)
                mark, words = words[0], words[1:]
                if mark == ")":
                    break
            out.append(("any", *alternatives))
        else:
            out.append(word)
    return tuple(out), words


def _walk(
    types, elements, index, words, at, done, key, trace, line
) -> Iterator[tuple[int, tuple, int | None]]:
    """Try all ways to read ``words`` from ``at`` by ``elements`` from ``index``."""
    if index == len(elements):
        yield at, done, key
        return
    element = elements[index]

    def on(here: int, more: tuple = (), sign: int | None = key) -> Iterator[tuple[int, tuple, int | None]]:
        return _walk(types, elements, index + 1, words, here, (*done, *more), sign, trace, line)

    if element == "=":
        yield from on(at, (), len(done))
    elif element == "*":
        yield from on(len(words))
    elif isinstance(element, tuple):
        tail = elements[index + 1 :]
        for alternative in element[1:]:
            yield from _walk(types, (*alternative, *tail), 0, words, at, done, key, trace, line)
        if element[0] == "opt":
            yield from on(at)
    elif at >= len(words):
        trace.stop(at, incomplete=True)
    elif element.startswith("<"):
        read = (
            types[element[1:-1]](words, at, line) if element[1:-1] in types else _number(element, words[at])
        )
        if isinstance(read, str):
            read = (at + 1, read)
        if read is None:
            trace.stop(at)
        else:
            yield from on(read[0], ((read[1], 0),))
    elif element.lower().startswith(words[at].lower()):
        trace.keywords.setdefault(at, set()).add(element.lower())
        yield from on(at + 1, ((element, 2 if element.lower() == words[at].lower() else 1),))
    else:
        trace.stop(at)


def _number(element: str, word: str) -> str | None:
    low, _, high = element[1:-1].partition("-")
    return str(int(word)) if word.isdecimal() and int(low) <= int(word) <= int(high) else None


def one(test: Callable[[str], str | None]) -> Reader:
    """Reader of one word."""

    def read(words: Sequence[str], at: int, line: str) -> tuple[int, str] | None:
        text = test(words[at])
        return None if text is None else (at + 1, text)

    return read


def rest(words: Sequence[str], at: int, line: str) -> tuple[int, str]:
    """The rest of the line as it was typed."""
    spans = [found.start() for found in WORD.finditer(line)]
    return len(words), line[spans[at] :].rstrip()


def _address(word: str) -> str | None:
    try:
        return str(ipaddress.IPv4Address(word))
    except ValueError:
        return None


def _name(word: str) -> str | None:
    """An address or a host name."""
    return word if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.:-]*", word) else None


def numbers(text: str, low: int = 1, high: int = 4094) -> set[int] | None:
    """The numbers of a list such as ``1,10-12``; None when it is none or out of bounds."""
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            return None
        start, stop = int(first), int(last or first)
        if not low <= start <= stop <= high:
            return None
        found.update(range(start, stop + 1))
    return found


def ranges(found: set[int]) -> str:
    """The shortest list of numbers, such as ``1,10-12``."""
    parts: list[str] = []
    for number in sorted(found):
        if parts and int(parts[-1].rpartition("-")[2]) == number - 1:
            parts[-1] = parts[-1].partition("-")[0] + f"-{number}"
        else:
            parts.append(str(number))
    return ",".join(parts)


TYPES: dict[str, Reader] = {
    "word": one(lambda word: word),
    "line": rest,
    "ip": one(_address),
    "host": one(_name),
    "list": one(lambda word: word if numbers(word) is not None else None),
    "hex": one(lambda word: word if re.fullmatch(r"[0-9A-Fa-f]+", word) else None),
}
