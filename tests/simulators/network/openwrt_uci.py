"""The command ``uci`` of a simulated OpenWrt device: strict where libuci is, and as silent where it is not."""

from __future__ import annotations

import copy
import json
import re
import sys
from pathlib import Path

from reversibility.platforms import uci

CONFIG = Path("/etc/config")
SAVE = Path("/tmp/.uci")
_WHERE = re.compile(
    r"([A-Za-z0-9_-]+)\.(@[\x21-\x5a\x5c\x5e-\x7e]+\[-?\d+\]|[A-Za-z0-9_]+)(?:\.([A-Za-z0-9_]+))?"
)


class Refused(Exception):
    """What uci says on standard error."""


def load(config: str, save: Path) -> list[uci.Section]:
    """The sections of a file with the changes that were not committed."""
    try:
        sections = uci.read((CONFIG / config).read_text())
    except FileNotFoundError:
        raise Refused("Entry not found") from None
    except uci.UciError as error:
        raise Refused(f"Parse error ({error})") from None
    for change in staged(config, save):
        apply(sections, *change)
    return sections


def staged(config: str, save: Path) -> list[list[str]]:
    """The changes of a file that were not committed."""
    path = save / config
    return json.loads(path.read_text()) if path.exists() else []


def commit(config: str, save: Path) -> None:
    """Write a file with its changes, by a new file in its place."""
    sections = load(config, save)
    new = CONFIG / f".{config}.uci-new"
    new.write_text(uci.write(sections).lstrip("\n") + "\n")
    new.replace(CONFIG / config)
    (save / config).unlink(missing_ok=True)


def apply(sections: list[uci.Section], verb: str, name: str, option: str, value: str) -> None:
    """Apply one change to the sections. Raises Refused."""
    section = _section(sections, name)
    if verb == "set" and not option:
        if not re.fullmatch(r"[\x21-\x7e]+", value):
            raise Refused("Invalid argument")
        if section is None:
            sections.append(uci.Section(value, name))
        else:
            section.type = value
        return
    if section is None:
        raise Refused("Entry not found" if verb == "delete" else "Invalid argument")
    if verb == "delete":
        if option and option not in section.options:
            raise Refused("Entry not found")
        if option:
            del section.options[option]
        else:
            sections[:] = [one for one in sections if one is not section]
    elif re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", value):
        raise Refused("Invalid argument")
    elif verb == "set":
        section.options.pop(option, None) if not value else section.options.__setitem__(option, value)
    else:
        known = section.options.get(option, [])
        section.options[option] = [*([known] if isinstance(known, str) else known), value]


def _section(sections: list[uci.Section], name: str) -> uci.Section | None:
    match = re.fullmatch(r"@(.+)\[(-?\d+)\]", name)
    if match is None:
        return next((one for one in sections if one.name == name), None)
    of_type = [one for one in sections if one.type == match[1]]
    try:
        return of_type[int(match[2])]
    except IndexError:
        raise Refused("Entry not found") from None


def run(words: list[str], save: Path) -> None:
    """One command. Raises Refused."""
    verb, *arguments = words
    if verb == "commit" and len(arguments) == 1:
        commit(arguments[0], save)
        return
    if verb not in ("set", "delete", "add_list") or len(arguments) != 1:
        raise SyntaxError
    where, equals, value = arguments[0].partition("=")
    match = _WHERE.fullmatch(where)
    if match is None or (verb != "delete" and not equals):
        raise Refused("Invalid argument")
    config, name, option = match[1], match[2], match[3] or ""
    if verb == "set" and not option and not value:
        raise Refused("Invalid argument")
    sections = load(config, save)
    apply(copy.deepcopy(sections), verb, name, option, value)
    save.mkdir(mode=0o700, exist_ok=True)
    (save / config).write_text(json.dumps([*staged(config, save), [verb, name, option, value]]))


def main() -> int:
    """``uci [-q] [-t DIR] COMMAND``: ``batch`` reads commands, goes on after a bad one, and exits 0."""
    words, save, quiet = sys.argv[1:], SAVE, False
    while words and words[0].startswith("-"):
        if words[0] == "-t":
            save, words = Path(words[1]), words[2:]
        elif words[0] == "-q":
            quiet, words = True, words[1:]
        else:
            print("Usage: uci [<options>] <command> [<arguments>]", file=sys.stderr)
            return 255
    if words == ["batch"]:
        for _line, command in uci.commands(sys.stdin.read()):
            try:
                run(command, save)
            except Refused as error:
                print(f"uci: {error}", file=sys.stderr)
            except SyntaxError:
                print(f"Unknown command: {command[0]}", file=sys.stderr)
        return 0
    try:
        run(words, save)
    except (Refused, SyntaxError, ValueError) as error:
        if not quiet:
            print(f"uci: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
