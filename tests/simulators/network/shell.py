"""Session with a simulated device: prompts, modes, questions, and the answer to each line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.simulators.network.device import Device, Received
from tests.simulators.network.grammar import Match, Mistake, Mode
from tests.simulators.network.section import Section


@dataclass
class Question:
    """What the device waits for: a text that it printed, and what an answer does. ``hidden`` answers are not echoed."""

    text: str
    answer: Callable[[str], str | None]
    hidden: bool = False
    key: bool = False
    """One key is enough."""


class Disconnect(Exception):
    """The device ends the session."""


class Silence(Exception):
    """The device does not answer; ``text`` comes without a prompt."""

    def __init__(self, text: bytes = b"") -> None:
        super().__init__()
        self.text = text


class Shell:
    """One login. Subclasses name their modes, their texts and their commands."""

    modes: dict[str, Mode]
    first_mode = "exec"
    more = " --More-- "

    def __init__(self, device: Device) -> None:
        self.device = device
        self.number = len({received.session for received in device.journal}) + len(device.sessions) + 1
        self.stack: list[tuple[str, tuple[Section, ...], str]] = []
        self.mode = self.first_mode
        self.sections: tuple[Section, ...] = ()
        self.label = ""
        self.question: Question | None = None
        self.collect: Callable[[str], str | None] | None = None
        self.page = 24
        self.closed = False

    # -- what a platform says ----

    def prompt(self) -> str:
        raise NotImplementedError

    def greeting(self) -> str:
        """What is printed after the login, before the first prompt."""
        return ""

    def refusal(self, mistake: Mistake, line: str) -> str:
        raise NotImplementedError

    def fallback_modes(self) -> list[str]:
        """The modes whose commands are tried after those of the current one."""
        return []

    def helps(self, typed: str) -> bool:
        """Whether a question mark after this text asks for help, and is not part of it."""
        return self.collect is None

    # -- a line ----

    def receive(self, line: str) -> str:
        """The answer to a line, without the prompt. Raises Disconnect or Silence."""
        device = self.device
        with device.lock:
            if self.question:
                question, self.question = self.question, None
                device.journal.append(
                    Received(self.number, question.text, "" if question.hidden else line, "question")
                )
                return question.answer(line) or ""
            device.journal.append(Received(self.number, self.prompt(), line, self.mode))
            faults = device.faults
            if faults.drop_after is not None and len(device.journal) >= faults.drop_after:
                faults.drop_after = None
                raise Disconnect
            if faults.matches(faults.drop_at, line):
                faults.drop_at = None
                raise Disconnect
            if faults.matches(faults.silent_at, line):
                raise Silence
            if faults.matches(faults.garble_at, line):
                raise Silence(b"\x00\xff\xfe\x80 @@@ \x1b[2J")
            if faults.matches(faults.strange_prompt_at, line):
                raise Silence(b"\r\nloader> ")
            if self.collect:
                return self.collect(line) or ""
            if not line.strip():
                return ""
            if faults.matches(faults.refuse, line):
                return self.refusal(Mistake("invalid", 0, line.split()[0]), line)
            return self.do(line)

    def do(self, line: str) -> str:
        """Find the command of a line and run it."""
        word, _, tail = line.strip().partition(" ")
        negated = self.mode != "exec" and word.lower() == "no" and bool(tail)
        text = tail.strip() if negated else line.strip()
        offset = line.index(text)
        mistakes = []
        for name in [self.mode, *self.fallback_modes()]:
            match = self.modes[name].match(text, negated)
            if isinstance(match, Match):
                if name != self.mode:
                    self.up_to(name)
                return self.run(match) or ""
            mistakes.append(match)
        mistake = max(mistakes, key=lambda m: (m.reason == "ambiguous", m.column, m.reason == "incomplete"))
        return self.refusal(Mistake(mistake.reason, mistake.column + offset, mistake.word), line)

    def run(self, match: Match) -> str | None:
        """Do what a command says: its own function, or a line of the configuration."""
        if match.command.run:
            return match.command.run(self, match)
        for section in self.sections:
            self.store(section, match)
        if match.command.opens and not match.negated:
            sections = tuple(section.open(match.text, match.command.rank) for section in self.sections)
            self.enter(match.command.opens, sections, match.text)
        return None

    @staticmethod
    def store(section: Section, match: Match) -> None:
        """Put a line into the configuration, or take it out."""
        command, key = match.command, " ".join(match.key)
        if command.on:
            if match.negated:
                section.put(key, f"no {key}", command.rank)
            else:
                section.drop(key)
        elif match.negated or match.text in command.default:
            section.drop(key)
        elif command.opens:
            section.open(match.text, command.rank)
        else:
            section.put(key, match.text, command.rank)

    # -- modes ----

    def enter(self, mode: str, sections: tuple[Section, ...], label: str = "") -> None:
        self.stack.append((self.mode, self.sections, self.label))
        self.mode, self.sections, self.label = mode, sections, label

    def leave(self) -> None:
        """One mode up."""
        self.mode, self.sections, self.label = self.stack.pop()

    def up_to(self, mode: str) -> None:
        while self.mode != mode and self.stack:
            self.leave()

    def ask(self, text: str, answer: Callable[[str], str | None], **options: Any) -> None:
        self.question = Question(text, answer, **options)
