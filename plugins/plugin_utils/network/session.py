# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Session with a network device: exact prompts, checked answers, no truncated output.

A prompt is a whole last line that is exactly the device's own, repeated after an empty line: text of a banner or of a
description that looks like one is not enough.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.cartable.fleet.plugins.plugin_utils.network.errors import (
    CommandRefused,
    DeviceError,
    LoginRefused,
    NoPrompt,
    SessionLost,
    Truncated,
    UnexpectedQuestion,
)
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.terminal_text import clean, squeezed
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.transport import Channel, Target

try:
    from reversibility.platforms.dialogue import SHUTDOWN, SYSLOG, Dialogue
    from reversibility.platforms.secret_names import fill
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None

PASSWORD = re.compile(r"(?:^|\n)[Pp]assword: ?$")
USER = re.compile(r"(?:^|\n)(?:Login Name|Username|User Name): ?$")


@dataclass(frozen=True)
class Limits:
    """Seconds for one answer and for the whole session, silence after which something is missing, characters of an answer."""

    answer: float = 30.0
    session: float = 300.0
    silence: float = 0.25
    size: int = 8_000_000


class Session:
    """One login in privileged mode. Raises DeviceError."""

    def __init__(self, target: Target, dialogue: Dialogue, limits: Limits | None = None) -> None:
        self.target, self.dialogue, self.limits = target, dialogue, limits or Limits()
        self._end = time.monotonic() + self.limits.session
        self._raw = ""
        self.hostname = ""
        self.mode = ""
        self._pattern = re.compile(dialogue.prompt)
        self._channel = Channel(target)
        try:
            self._log_in()
        except BaseException:
            self._channel.close()
            raise

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Log out if possible, and close."""
        try:
            if self.mode == "":
                self._channel.send(self.dialogue.bye + "\n")
        except DeviceError:
            pass
        self._channel.close()

    # -- reading ----

    @property
    def _text(self) -> str:
        return clean(self._raw)

    def _tail(self) -> str:
        """The end of what has arrived: enough for prompts and questions."""
        return clean(self._raw[-4000:])

    def _last(self) -> str:
        return self._tail().rpartition("\n")[2].strip()

    def _until(
        self, done: Callable[[], bool], what: str, on_silence: Callable[[], bool] | None = None
    ) -> None:
        """Read until ``done``; ``on_silence`` may do something about a silence, and says whether it did."""
        end = min(time.monotonic() + self.limits.answer, self._end)
        while not done():
            left = end - time.monotonic()
            if left <= 0:
                raise NoPrompt(
                    f"{self.target.name} {what} within {self.limits.answer:g} s; last line: {self._shown(self._last())}"
                )
            part = self._channel.receive(min(left, self.limits.silence))
            if part is None:
                if on_silence is not None and on_silence():
                    end = min(time.monotonic() + self.limits.answer, self._end)
                continue
            self._raw += part
            if len(self._raw) > self.limits.size:
                raise NoPrompt(f"{self.target.name} answers with more than {self.limits.size} characters.")

    @staticmethod
    def _shown(line: str) -> str:
        return repr("".join(character for character in line if character.isprintable())[:60])

    # -- prompts ----

    def _prompt(self) -> re.Match[str] | None:
        """The prompt, when the last line is one of this device."""
        found = self._pattern.fullmatch(self._last())
        if found is None or not self.hostname:
            return found
        mode = (found["mode"] or "").strip("()")
        names = {self.hostname, self.hostname[: self.dialogue.name_length]} if mode else {self.hostname}
        return found if found["name"] in names else None

    def _repeated(self) -> bool:
        """Whether the last two lines are the same prompt: an empty line was answered by it."""
        lines = [line for line in SYSLOG.sub("", self._tail()).split("\n")[-8:] if line.strip()]
        return len(lines) > 1 and lines[-1].strip() == lines[-2].strip() and self._prompt() is not None

    def _note_prompt(self) -> None:
        found = self._prompt()
        if found is not None:
            self.mode = (found["mode"] or "").strip("()")

    def _enter(self) -> None:
        """Send an empty line and wait for the prompt, so that earlier output is complete."""
        self._channel.send("\n")
        self._until(self._repeated, "does not repeat its prompt", self._wake)

    def _wake(self) -> bool:
        """After a log line that was printed over the prompt: ask for the prompt again."""
        lines = [line for line in self._tail().split("\n") if line.strip()]
        if lines and (SYSLOG.match(lines[-1]) or SHUTDOWN.match(lines[-1])):
            self._raw += "\n"
            self._channel.send("\n")
        return False

    def _log_in(self) -> None:
        key = re.compile(self.dialogue.any_key) if self.dialogue.any_key else None
        pressed = False

        def first() -> bool:
            nonlocal pressed
            if key is not None and not pressed and key.search(self._tail()):
                pressed = True
                self._raw = ""
                self._channel.send(" ")
            return self._prompt() is not None

        try:
            self._until(first, "shows no prompt of its platform")
            self._enter()
        except SessionLost as error:
            raise SessionLost(f"{self.target.name} closed the session before its first prompt.") from error
        found = self._prompt()
        if found is None:
            raise NoPrompt(f"{self.target.name} shows no prompt of its platform.")
        self.hostname = found["name"]
        if found["end"] == ">":
            self._enable()
        self._note_prompt()
        for command in self.dialogue.prepare:
            self.run(command)

    def _enable(self) -> None:
        self._raw = ""
        self._channel.send(self.dialogue.enable + "\n")
        sent = 0

        def privileged() -> bool:
            nonlocal sent
            tail = self._tail()
            if USER.search(tail):
                self._raw = ""
                self._channel.send(self.target.username + "\n")
            elif PASSWORD.search(tail):
                if sent or not self.target.enable:
                    raise LoginRefused(
                        f"{self.target.name} refuses the password of its privileged mode ({self.dialogue.enable})."
                    )
                sent += 1
                self._raw = ""
                self._channel.send(self.target.enable + "\n")
            found = self._prompt()
            if found is not None and found["end"] == ">" and (sent or self.dialogue.error_in(tail)):
                raise LoginRefused(
                    f"{self.target.name} gives {self.target.username} no privileged mode ({self.dialogue.enable})."
                )
            return found is not None and found["end"] == "#"

        self._until(privileged, "gives no privileged mode")

    # -- commands ----

    def run(self, command: str, *, whole: bool = False, shown: str = "", renamed: str = "") -> str:
        """The answer to a command, without its echo and the prompt. ``whole`` is for answers that may hold anything.

        Questions are answered where a safe answer is known. ``renamed`` is the name that the command gives the device.
        """
        shown = shown or command
        self._drain()
        self._raw = ""
        typed = (
            command.replace("?", self.dialogue.literal_next + "?") if self.dialogue.literal_next else command
        )
        self._channel.send(typed + "\n")
        echo = squeezed(command)
        answered: list[str] = []
        before = self.hostname

        def over() -> bool:
            if echo not in squeezed(self._raw[: 4 * len(command) + 4000]) and not answered:
                return False
            if self._prompt() is not None:
                return True
            if renamed and self._pattern.fullmatch(self._last()):
                self.hostname = renamed
                if self._prompt() is not None:
                    return True
                self.hostname = before
            return False

        self._until(
            over,
            f"does not come back after '{shown}'",
            lambda: self._answer_question(command, shown, answered),
        )
        if whole:
            self._enter()
        self._note_prompt()
        return self._body(command, bool(whole))

    def _drain(self) -> None:
        """Discard pending output, such as log lines."""
        while self._channel.receive(0.0) is not None:
            pass

    def _body(self, command: str, repeated: bool) -> str:
        text = SHUTDOWN.sub("", SYSLOG.sub("", self._text))
        lines = text.split("\n")
        echo = squeezed(command)
        for at, line in enumerate(lines):
            if echo in squeezed(line):
                lines = lines[at + 1 :]
                break
        lines = lines[: -2 if repeated else -1]
        return "\n".join(line.rstrip() for line in lines)

    def _answer_question(self, command: str, shown: str, answered: list[str]) -> bool:
        tail = self._tail()
        for question in self.dialogue.questions:
            if not re.search(f"(?:{question.text})$", tail) or (
                question.after and not re.match(question.after, command)
            ):
                continue
            if question.answer is None or len(answered) > 5:
                text = self._shown(tail.rpartition("\n")[2])
                raise UnexpectedQuestion(
                    f"{self.target.name} asks {text} after '{shown}', and nobody may answer that for you."
                )
            answered.append(question.text)
            self._raw += "\n"
            self._channel.send(question.answer + "\n")
            return True
        return self._wake()

    def show(self, command: str) -> str:
        """A whole answer. Raises Truncated when it does not end as it must, CommandRefused when there is none."""
        answer = self.run(command, whole=True)
        error = self.dialogue.error_in("\n".join(answer.strip().split("\n")[:3]))
        if error is not None:
            raise CommandRefused(f"{self.target.name} refuses '{command}': {error}")
        last = (self.dialogue.ends or {}).get(command)
        if (
            last is not None
            and (answer.rstrip().rpartition("\n")[2].strip() != last)
            and not self._absent(answer)
        ):
            raise Truncated(
                f"{self.target.name} cuts the answer to '{command}' short: it does not end with '{last}'."
            )
        return answer

    @staticmethod
    def _absent(answer: str) -> bool:
        """An answer of one line: there is no startup configuration."""
        return answer.strip().count("\n") == 0 and "not present" in answer

    def configure(
        self,
        commands: Sequence[str],
        secrets: Mapping[str, str] | None = None,
        shown: Callable[[str], str] = str,
        entered: bool = False,
        stay: bool = False,
    ) -> None:
        """Send configuring commands, each in its mode, and leave. Raises CommandRefused at the first that is refused.

        ``stay``: the mode that was entered first is not left.
        """
        if not entered:
            self._checked(self.dialogue.configure, self.dialogue.configure, {})
        base, levels = self.mode, [(-1, self.mode)]
        for command in commands:
            depth = len(command) - len(command.lstrip(" "))
            while levels[-1][0] >= depth:
                self._checked("exit", "exit", {})
                levels.pop()
            before = self.mode
            self._checked(command.lstrip(" "), shown(command).strip().split("\n")[0], secrets or {})
            if self.mode != before and self.mode != base:
                levels.append((depth, before))
        if not stay:
            self.leave()
            return
        for _ in levels[1:]:
            self._checked("exit", "exit", {})

    def leave(self) -> None:
        """Leave the configuration mode."""
        if self.mode:
            self.run(self.dialogue.leave)
            if self.mode:
                raise NoPrompt(f"{self.target.name} does not leave its configuration mode.")

    def _checked(self, command: str, shown: str, secrets: Mapping[str, str]) -> None:
        try:
            text = fill(command, secrets)
        except KeyError as error:
            raise CommandRefused(
                f"'{shown}' needs the secret {error}, which is not at hand; it was not sent."
            ) from None
        first, *more = text.split("\n")
        if any(ord(character) < 32 for character in text.replace("\n", "")):
            raise CommandRefused(
                f"'{shown}' holds a control character and was not sent to {self.target.name}."
            )
        if max(len(line) for line in text.split("\n")) > self.dialogue.line_length:
            raise CommandRefused(
                f"'{shown[:60]}…' is longer than the {self.dialogue.line_length} characters of a line."
            )
        if more:
            answer = self._send_lines(first, more, shown)
        else:
            words = first.split()
            renamed = words[1].strip('"') if words[:1] == ["hostname"] and len(words) == 2 else ""
            answer = self.run(first, shown=shown, renamed=renamed)
        error = self.dialogue.error_in(answer)
        if error is not None:
            for value in secrets.values():
                error = error.replace(value, "<secret>")
            raise CommandRefused(f"{self.target.name} refuses '{shown}': {error}")

    def _send_lines(self, first: str, more: Sequence[str], shown: str) -> str:
        """Send a command of several lines, such as a banner, whose lines may look like prompts."""
        self._raw = ""
        for line in (first, *more[:-1]):
            start = len(self._raw)
            self._channel.send(line + "\n")
            self._until(
                lambda start=start, line=line: squeezed(line) in squeezed(self._raw[start:]),
                f"does not take '{shown}'",
            )
        start = len(self._raw)
        self._channel.send(more[-1] + "\n")
        self._until(
            lambda: squeezed(more[-1]) in squeezed(self._raw[start:]) and self._prompt() is not None,
            f"does not come back after '{shown}'",
        )
        self._note_prompt()
        lines = clean(self._raw[start:]).split("\n")
        echo = next((at for at, line in enumerate(lines) if squeezed(more[-1]) in squeezed(line)), -1)
        return "\n".join(lines[echo + 1 :])

    def save(self) -> None:
        """Save the running configuration as the startup one. Raises CommandRefused if the device does not confirm."""
        answer = self.run(self.dialogue.save)
        if not re.search(self.dialogue.saved, answer, re.MULTILINE):
            reason = self.dialogue.error_in(answer) or answer.strip().rpartition("\n")[2]
            raise CommandRefused(
                f"{self.target.name} did not save its configuration: {reason or 'no answer'}"
            )
