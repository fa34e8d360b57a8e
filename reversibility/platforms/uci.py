"""Reader and writer of UCI, the configuration files of OpenWrt: strict where libuci is, round trips without loss.

What libuci accepts and silently changes is refused here: a ``#`` in the middle of an unquoted word, which
cuts it, and text
glued to ``;``, which is lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_NAME = re.compile(r"[A-Za-z0-9_]+")
_TYPE = re.compile(r"[\x21-\x7e]+")
_KEYWORDS = {"package": "package", "config": "config", "option": "option", "list": "list"}
_KEYWORDS |= {word[0]: word for word in _KEYWORDS}
_BLANKS = " \t"


class UciError(ValueError):
    """Text that libuci refuses, or would change silently; the message has the line."""


@dataclass(slots=True)
class Section:
    """A section: its type, its name ('' when it is anonymous), options in order; a list is a list of texts."""

    type: str
    name: str = ""
    options: dict[str, str | list[str]] = field(default_factory=dict)

    def text(self, option: str, default: str = "") -> str:
        """The value of an option; the items of a list with blanks between."""
        value = self.options.get(option, default)
        return value if isinstance(value, str) else " ".join(value)

    def on(self, option: str, default: bool = False) -> bool:
        """Whether an option is set to what OpenWrt takes for yes."""
        return self.text(option, "1" if default else "0") in ("1", "yes", "on", "true", "enabled")


def read(text: str) -> list[Section]:
    """Read a file. Raises UciError."""
    sections: list[Section] = []
    named: dict[str, Section] = {}
    for line, words in commands(text.replace("\r\n", "\n")):
        keyword = _KEYWORDS.get(words[0])
        arguments = words[1:]
        if keyword is None:
            raise UciError(f"line {line}: invalid command {words[0][:20]!r}")
        if keyword == "config":
            _count(line, arguments, 1, 2)
            section = _section(line, arguments, named)
            if section.name == "" or not any(known is section for known in sections):
                sections.append(section)
            current = section
        elif keyword == "package":
            _count(line, arguments, 1, 1)
        else:
            _count(line, arguments, 2, 2)
            if not sections:
                raise UciError(f"line {line}: {keyword} before the first section")
            _option(line, current, keyword, *arguments)
    return sections


def _count(line: int, arguments: list[str], least: int, most: int) -> None:
    if not least <= len(arguments) <= most:
        raise UciError(f"line {line}: {'insufficient' if len(arguments) < least else 'too many'} arguments")


def _section(line: int, arguments: list[str], named: dict[str, Section]) -> Section:
    kind, name = arguments[0], arguments[1] if len(arguments) > 1 else ""
    if not _TYPE.fullmatch(kind):
        raise UciError(f"line {line}: invalid character in the type of a section")
    if not name:
        return Section(kind)
    if not _NAME.fullmatch(name):
        raise UciError(f"line {line}: invalid character in the name of a section")
    known = named.setdefault(name, Section(kind, name))
    if known.type != kind:
        raise UciError(f"line {line}: the section {name} has the type {known.type} and {kind}")
    return known


def _option(line: int, section: Section, keyword: str, name: str, value: str) -> None:
    if not _NAME.fullmatch(name):
        raise UciError(f"line {line}: invalid character in the name of an option")
    known = section.options.get(name)
    if keyword == "list":
        before = known if isinstance(known, list) else [] if known is None else [known]
        section.options[name] = [*before, value]
    elif value:  # an empty option is none, and does not take another's value away
        section.options[name] = value


def commands(text: str) -> Iterator[tuple[int, list[str]]]:
    """The words of each command, with the line where it begins."""
    at, line = 0, 1
    words: list[str] = []
    start = 1
    while at < len(text):
        character = text[at]
        if character == "\0":
            raise UciError(f"line {line}: a null character")
        if character == "\n" or character == ";":
            if words:
                yield start, words
            words = []
            line += character == "\n"
            at += 1
        elif character in _BLANKS:
            at += 1
        elif character == "#":
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        else:
            if not words:
                start = line
            word, at, lines = _word(text, at, line)
            line += lines
            words.append(word)
    if words:
        yield start, words


def _word(text: str, at: int, line: int) -> tuple[str, int, int]:
    """A word made of pieces, quoted or not: its text, where it ends, and how many lines it has passed."""
    pieces: list[str] = []
    first, plain = at, False
    while at < len(text) and text[at] not in " \t\n":
        character = text[at]
        if character == "'":
            end = text.find("'", at + 1)
            if end < 0:
                raise UciError(f"line {line}: a quotation mark that does not end")
            pieces.append(text[at + 1 : end])
            at, plain = end + 1, False
        elif character == '"':
            piece, at = _double(text, at + 1, line)
            pieces.append(piece)
            plain = False
        elif character == ";":
            if plain:
                raise UciError(f"line {line}: what follows a “;” without a blank before it would be lost")
            break
        elif character == "#":
            raise UciError(f"line {line}: a “#” would cut the word; quote it")
        elif character == "\\":
            if text[at + 1 : at + 2] != "\n":
                pieces.append(text[at + 1 : at + 2])
            at, plain = at + 2, True
        else:
            match = _PLAIN.match(text, at)
            assert match is not None
            pieces.append(match[0])
            at, plain = match.end(), True
    word = "".join(pieces)
    if "\0" in word:
        raise UciError(f"line {line}: a null character")
    return word, at, text.count("\n", first, at)


_PLAIN = re.compile(r"[^ \t\n'\";#\\]+")
_DOUBLE = re.compile(r'[^"\\]+')


def _double(text: str, at: int, line: int) -> tuple[str, int]:
    pieces: list[str] = []
    while at < len(text):
        if text[at] == '"':
            return "".join(pieces), at + 1
        if text[at] == "\\":
            if text[at + 1 : at + 2] != "\n":
                pieces.append(text[at + 1 : at + 2])
            at += 2
            continue
        match = _DOUBLE.match(text, at)
        assert match is not None
        pieces.append(match[0])
        at = match.end()
    raise UciError(f"line {line}: a quotation mark that does not end")


def quote(value: str) -> str:
    """A value as one word: in single quotes, which have no escapes. Raises UciError for a control character."""
    if re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", value) or "\r\n" in value:
        raise UciError("a control character cannot be written")
    return "'" + value.replace("'", "'\\''") + "'"


def write(sections: list[Section]) -> str:
    """The file that reads back as these sections. Raises UciError."""
    lines: list[str] = []
    for section in sections:
        if not _TYPE.fullmatch(section.type) or (section.name and not _NAME.fullmatch(section.name)):
            raise UciError(
                f"the section {section.type} {section.name} has an invalid character in its type or name"
            )
        if any(mark in section.type for mark in "'\"#;\\"):
            raise UciError(f"the type {section.type} cannot be written without quotes")
        lines += [
            "",
            f"config {section.type} {quote(section.name)}" if section.name else f"config {section.type}",
        ]
        for name, value in section.options.items():
            if not _NAME.fullmatch(name):
                raise UciError(f"the option {name} has an invalid character in its name")
            if isinstance(value, str):
                lines.append(f"\toption {name} {quote(value)}")
            else:
                lines += [f"\tlist {name} {quote(item)}" for item in value]
    return "\n".join([*lines, ""])
