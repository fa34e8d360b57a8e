"""Common functions of the drivers of command-line platforms."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from reversibility.market.model import Asset, Market
from reversibility.platforms.cisco_text import Line
from reversibility.platforms.differences import NBSP, differences
from reversibility.platforms.driver import Files, SwitchDriver, UnknownGrammar
from reversibility.platforms.model import Configuration
from reversibility.platforms.redaction import Grammar, clean
from reversibility.platforms.wanted import wanted_configuration

_FOREIGN = 0.4  # share of lines that the vocabulary does not have, above which a text is of another platform
_BANNER = re.compile(r"banner \S+ (\^C|\x03|\S)(.*)")


def text_of(files: Files, path: str) -> str:
    """A file as text; '' when it is not there."""
    return files.get(path, b"").decode("utf-8", "replace")


def redact(
    grammar: Grammar, classified: Callable[[str], Iterable[Line]], text: str, signs: tuple[str, ...]
) -> str | None:
    """The configuration without secrets; None when control characters are in it, or it is of another platform."""
    cleaned = clean(text)
    if cleaned is None:
        return None
    lines = [(line.kind, line.text) for line in classified(cleaned)]
    commands = [line for line in _outside_keys(lines) if line[:1] not in (" ", "\t", "", "!", ";")]
    foreign = sum(not grammar.known(line) for line in commands)
    if not any(line.startswith(signs) for line in commands) or foreign > len(commands) * _FOREIGN:
        return None
    return "\n".join(grammar.redact_lines(lines)).strip("\n") + "\n"


def _outside_keys(lines: Iterable[tuple[str, str]]) -> Iterator[str]:
    inside = False
    for kind, line in lines:
        inside = inside or line.lstrip().startswith("-----BEGIN ")
        if kind == "config" and not inside:
            yield line
        inside = inside and "-----END " not in line


def redact_table(grammar: Grammar, text: str) -> str | None:
    """The answer of a ``show`` command: only what announces a secret, or has the shape of one, is masked."""
    cleaned = clean(text)
    if cleaned is None:
        return None
    return (
        "\n".join(grammar.redact_lines(("text", line.rstrip()) for line in cleaned.split("\n"))).strip("\n")
        + "\n"
    )


def redact_commands(grammar: Grammar, commands: Sequence[str]) -> tuple[str, ...]:
    """Each command without secrets; those of a mode are read below the command that opens it."""
    shown, parent = [], ""
    for command in commands:
        first, *text = command.split("\n")
        parent = parent if first.startswith(" ") else first
        lines = [grammar.redact_line(first, parent), *grammar.redact_lines(("text", line) for line in text)]
        shown.append("\n".join(lines))
    return tuple(shown)


def joined_banners(lines: Iterable[str]) -> Iterator[str]:
    """The lines, those of a banner as one command with another delimiter than the one on display."""
    pending: list[str] | None = None
    mark = ""
    for line in lines:
        if pending is not None:
            text, found, _ = line.partition(mark)
            pending.append(text if found else line)
            if found:
                yield _banner(pending)
                pending = None
            continue
        match = _BANNER.fullmatch(line)
        if match is None:
            yield line
            continue
        mark, first = match[1], match[2]
        text, found, _ = first.partition(mark)
        if found:
            yield _banner([line[: match.start(1)].strip(), text])
        else:
            pending = [line[: match.start(1)].strip(), *([first] if first.strip("C ") else [])]
    if pending is not None:
        raise UnknownGrammar("a banner does not end")


def _banner(lines: list[str]) -> str:
    text = "\n".join(lines[1:]).strip("\n")
    mark = next((character for character in "#%~|$&*=+" if character not in text), None)
    if mark is None:
        raise UnknownGrammar("a banner holds every character that could delimit it")
    return f"{lines[0]} {mark}\n{text}\n{mark}"


def problems(driver: SwitchDriver, files: Files, running: str, *, last_line: str = "") -> list[str]:
    """Damage: a missing running configuration, a truncated one, or one of another platform."""
    text = text_of(files, running).strip()
    if not text:
        return [f"{running}: absente ou vide"]
    found = []
    lines = [line.strip() for line in text.splitlines()[-3:]]
    if last_line and last_line not in lines:
        found.append(f"{running}: tronquée (ne se termine pas par «{NBSP}{last_line}{NBSP}»)")
    try:
        driver.parse(files)
    except UnknownGrammar as error:
        found.append(f"{running}: illisible ({error})")
    return found


def compare(
    driver: SwitchDriver,
    market: Market,
    asset: Asset,
    files: Files,
    canonical: Callable[[Configuration], Configuration],
) -> str | None:
    """The differences from what is declared, in French; None when there is none."""
    absent = [path for path in driver.required_files(asset.kind) if not files.get(path, b"").strip()]
    if absent:
        return f"la configuration ne contient pas de quoi restaurer l’équipement{NBSP}: manque {', '.join(absent)}"
    wanted = wanted_configuration(market, asset, driver.port_name)
    if asset.kind == "switch" and not wanted.ports:
        return "aucun port n’est déclaré"
    try:
        found = list(differences(canonical(wanted), driver.parse(files)))
    except UnknownGrammar as error:
        return f"configuration illisible ({error})"
    if not found:
        return None
    rest = f" et {len(found) - 3} autre(s)" if len(found) > 3 else ""
    return f"{len(found)} différence(s)\u00a0: {'; '.join(found[:3])}{rest}"
