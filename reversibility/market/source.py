"""YAML with positions: the values of a file, and the line of every key and item in it.

Built on libyaml's events, one pass, so that 25,000 assets stay a matter of seconds and of little memory: a node
tree with two marks a scalar would need ten times as much.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import SafeConstructor
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)
from yaml.resolver import Resolver

from reversibility.market.findings import Finding
from reversibility.market.secret_literals import ENCRYPTED, is_secret_name

try:
    from yaml import CSafeLoader as Loader
except ImportError:  # PyYAML without libyaml: the same result, ten times slower
    from yaml import SafeLoader as Loader  # type: ignore[assignment]

TYPE = "tag:yaml.org,2002:"
MERGE = TYPE + "merge"
# Ansible's own tags; their text is kept as it stands: nothing here looks inside.
OPAQUE_TAGS = frozenset({"!vault", "!unsafe", "!vault-encrypted"})
Steps = Sequence[str | int]


class Unreadable(str):
    """Placeholder for an invalid value (30 February), which was already reported and which rules ignore."""


class Document:
    """One file: its ``value`` (None when it could not be read), and where everything stands in it."""

    def __init__(self, path: Path) -> None:
        self.file = str(path)
        self.name = path.name
        self.value: Any = None
        self.findings: list[Finding] = []
        self.readable = False
        # id(container) -> the line of all its entries, or a line for each key or index.
        self._lines: dict[int, int | dict[Any, int]] = {}
        self._last_line = 1
        # What was there and did not fit: no reason to say that it lacks.
        self.refused: set[tuple[Any, ...]] = set()

    @classmethod
    def read(cls, path: Path) -> Document:
        """Read ``path``; whatever keeps it from being read becomes a finding, never an exception."""
        document = cls(path)
        try:
            content = path.read_bytes()
            # An error at the end of a file is on its last line: editors show no line after it.
            document._last_line = max(1, len(content.rstrip().splitlines()))
            text = content.decode("utf-8")
        except FileNotFoundError:
            document.add(1, path.name, f"{path.name} is missing", "this file beside hosts.yml")
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            document.add(line, path.name, "the text is not UTF-8", "a file saved as UTF-8")
        except OSError as error:
            document.add(1, path.name, f"cannot be read: {error.strerror or error}", "a readable file")
        else:
            if not text.startswith(ENCRYPTED):  # a file encrypted by ansible-vault: not checked
                _Builder(document).build(text)
        return document

    def add(self, line: int, where: str, problem: str, expected: str) -> None:
        """Note a finding of this file."""
        self.findings.append(Finding(self.file, min(line, self._last_line), where, problem, expected))

    def line(self, path: Steps) -> int:
        """The line of the key or item at ``path``; of its nearest parent when it is not there itself."""
        value, line = self.value, 1
        for step in path:
            here = self._lines.get(id(value))
            if isinstance(here, int):
                line = here
            elif here is not None and step in here:
                line = here[step]
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                break
        return min(line, self._last_line)

    def finding(self, path: Steps, problem: str, expected: str) -> Finding:
        """A finding at ``path``."""
        return Finding(self.file, self.line(path), dotted(path), problem, expected)

    def at(self, path: Steps) -> Any:
        """The value at ``path``; None when it is not there."""
        value = self.value
        for step in path:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def lines_of(self, container: Any) -> int | dict[Any, int]:
        """The lines of the entries of one mapping or list of this file."""
        return self._lines.get(id(container), 1)


def dotted(path: Steps) -> str:
    """``("vlans", "pupils", "id")`` as ``vlans.pupils.id``; list items by their number from 1.

    A path inside a host of hosts.yml begins with its tag: the groups above it say nothing more.
    """
    if len(path) > 6 and path[0] == "all" and path[5] == "hosts":
        path = path[6:]
    words = ""
    for step in path:
        words += f"[{step + 1}]" if isinstance(step, int) else f".{step}" if words else str(step)
    return words


def _line(event: Event) -> int:
    return event.start_mark.line + 1 if event.start_mark is not None else 1


class _Refused(Exception):
    """Well-formed YAML that a market may not use; carries line and message."""


class _Builder:
    """Turns the events of one file into plain values."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.anchors: dict[str, Any] = {}
        self.plain: dict[str, Any] = {}  # plain scalar -> value: the same words come thousands of times
        self.secret = False  # inside the value of a variable that holds a secret: no message shows any of it
        self.resolver = Resolver()
        self.constructor = SafeConstructor()

    def build(self, text: str) -> None:
        document = self.document
        try:
            events = yaml.parse(text, Loader=Loader)
            document.value = self._stream(iter(events))
            document.readable = True
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            what = " ".join(str(part) for part in (error.context, error.problem) if part)
            row = text.splitlines()[mark.line : mark.line + 1] if mark else []
            hint = "spaces in place of the tab" if "\t" in "".join(row) else "valid YAML"
            document.add(mark.line + 1 if mark else 1, document.name, f"not YAML: {what}", hint)
        except yaml.YAMLError as error:
            position = getattr(error, "position", 0)
            reason = getattr(error, "reason", None) or str(error).splitlines()[0]
            line = text.count("\n", 0, position if isinstance(position, int) else 0) + 1
            document.add(line, document.name, f"not YAML: {reason}", "printable text")
        except _Refused as refused:
            line, problem = refused.args
            document.add(line, document.name, problem, "plain keys and values")
        except RecursionError:
            document.add(1, document.name, "nested too deeply to be read", "a few levels")

    def _stream(self, events: Iterator[Event]) -> Any:
        value: Any = None
        documents = 0
        for event in events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _Refused(_line(event), "a second YAML document begins here")
            elif not isinstance(event, StreamStartEvent | StreamEndEvent | DocumentEndEvent):
                value = self._value(event, events)
        return value

    def _value(self, event: Event, events: Iterator[Event]) -> Any:
        if type(event) is ScalarEvent:
            value = self._scalar(event)
            if event.anchor is not None:
                self.anchors[event.anchor] = value
            return value
        if isinstance(event, MappingStartEvent):
            return self._mapping(event, events)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(event, events)
        anchor = event.anchor if isinstance(event, AliasEvent) else None  # nothing else is left
        if anchor not in self.anchors:
            raise _Refused(_line(event), f"found undefined alias{'' if self.secret else f' *{anchor}'}")
        return self.anchors[anchor]

    def _sequence(self, start: SequenceStartEvent, events: Iterator[Event]) -> list[Any]:
        value: list[Any] = []
        lines: dict[Any, int] = {}
        for event in events:
            if type(event) is SequenceEndEvent:
                break
            lines[len(value)] = _line(event)
            value.append(self._value(event, events))
        self._keep(start, value, lines)
        return value

    def _mapping(self, start: MappingStartEvent, events: Iterator[Event]) -> dict[Any, Any]:
        value: dict[Any, Any] = {}
        lines: dict[Any, int] = {}
        merged: list[dict[Any, Any]] = []
        for event in events:
            if type(event) is MappingEndEvent:
                break
            line = _line(event)
            key = self._value(event, events)
            if type(event) is ScalarEvent and event.value == "<<" and event.implicit[0]:
                content = self._value(next(events), events)
                merged += [
                    part
                    for part in (content if isinstance(content, list) else [content])
                    if isinstance(part, dict)
                ]
                continue
            if isinstance(key, dict | list):
                raise _Refused(_line(event), "found a list or a mapping as a key")
            above, self.secret = self.secret, self.secret or is_secret_name(key)
            content = self._value(next(events), events)
            self.secret = above
            if key in value:
                first = lines[key]
                self.document.add(
                    line, str(key), f'the key "{key}" is there already, on line {first}', "each key once"
                )
            else:
                value[key] = content
                lines[key] = line
        for mapping in merged:  # YAML's merge: what is there already wins
            for key, content in mapping.items():
                value.setdefault(key, content)
                lines.setdefault(key, _line(start))
        self._keep(start, value, lines)
        return value

    def _keep(self, start: MappingStartEvent | SequenceStartEvent, value: Any, lines: dict[Any, int]) -> None:
        if start.anchor is not None:
            self.anchors[start.anchor] = value
        different = set(lines.values())
        # One number will do for what stands on one line: most assets do.
        self.document._lines[id(value)] = lines if len(different) > 1 else next(iter(different), _line(start))

    def _scalar(self, event: ScalarEvent) -> Any:
        text = event.value
        if event.tag is None and event.implicit[0]:
            try:
                return self.plain[text]
            except KeyError:
                pass
            tag: str = self.resolver.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
            value = self.plain[text] = text if tag == TYPE + "str" else self._construct(tag, event)
            return value
        if event.tag is None or event.tag == "!":
            return text
        if event.tag in OPAQUE_TAGS:
            return text
        return self._construct(event.tag, event)

    def _construct(self, tag: str, event: ScalarEvent) -> Any:
        if tag in (MERGE, TYPE + "value"):
            return event.value
        build = SafeConstructor.yaml_constructors.get(tag)
        if build is None or not tag.startswith(TYPE):
            raise _Refused(
                _line(event), f"found {'an unknown tag' if self.secret else f'the unknown tag {tag}'}"
            )
        try:
            return build(self.constructor, yaml.ScalarNode(tag, event.value))
        except (ValueError, OverflowError, AttributeError, TypeError, IndexError, KeyError) as error:
            kind = "date" if tag == TYPE + "timestamp" else tag.removeprefix(TYPE)
            problem = f"this is no {kind}" if self.secret else f'"{event.value}" is no {kind}: {error}'
            where = self.document.name if self.secret else event.value
            self.document.add(_line(event), where, problem, f"a real {kind}, or a text in quotes")
            return Unreadable(event.value)
