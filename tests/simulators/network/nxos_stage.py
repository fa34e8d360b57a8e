"""Two-stage configuration of a simulated Nexus: what is staged runs after a commit, which a timer may take back.

Prompts and texts are those of a published transcript of a 10.2 device. Older releases have no such command.
Whether a commit in another session confirms is not said there: here it does.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.simulators.network.device import Timer
from tests.simulators.network.grammar import Match, Mistake
from tests.simulators.network.ios import IosShell
from tests.simulators.network.section import Section


class DualStage(IosShell):
    """Session that can stage."""

    target: tuple[Section, Section] | None = None
    """What is staged, running configuration and VLANs; None outside of the mode dual-stage."""

    def prompt(self) -> str:
        text = super().prompt()
        return text.replace("(config", "(config-dual-stage", 1) if self.target else text

    def has_feature(self, name: str) -> bool:
        """A feature counts once it runs: one that is only staged does not."""
        running = self.device.running if self.target is None else self.live
        return bool(running.get(f"feature {name}"))

    def do(self, line: str) -> str:
        if self.target is None:
            return super().do(line)
        device = self.device
        self.live, vlans = device.running, device.vlans
        device.running, device.vlans = self.target
        try:
            answer = super().do(line)
            self.target = device.running, device.vlans
        finally:
            device.running, device.vlans = self.live, vlans
        staged, (word, *rest) = self.target, line.split()
        if word == "commit" and self.label == "dual-stage":
            return self.commit(staged, rest)
        if word == "abort":
            self.up_to("exec")
        if self.mode == "exec":
            self.target = None
        return "" if word == "abort" else answer

    def commit(self, staged: tuple[Section, Section], words: Sequence[str]) -> str:
        """Make what is staged run; with a timer, or confirmed by a second commit. Texts are those of a 10.x device."""
        device = self.device
        pending = device.rollback
        if pending and not words:
            pending[0].cancel()
            device.rollback = None
            return ""
        if words:
            timer = Timer(int(words[1]) * device.minute / 60, device.roll_back)
            device.rollback = (timer, device.running.copy(), device.vlans.copy())
        device.running, device.vlans = staged[0].copy(), staged[1].copy()
        self.target = staged
        return (
            "Verification Succeeded.\n\nProceeding to apply configuration. This might take a while depending on "
            "amount of configuration in buffer.\nPlease avoid other configuration changes during this time.\n"
            "Configuration committed by user 'admin' using Commit ID : 1000000002\n"
        )


def dual_stage(shell: DualStage, match: Match) -> str:
    device = shell.device
    if int(device.version.partition(".")[0]) < 10:
        return shell.refusal(Mistake("invalid", len("configure ")), match.text)
    shell.target = device.running.copy(), device.vlans.copy()
    shell.enter("config", (shell.target[0],), "dual-stage")
    return "Enter configuration commands, one per line. End with CNTL/Z.\n"


def staged_only(shell: DualStage, match: Match) -> str | None:
    """A command of the mode dual-stage; see ``DualStage.do``."""
    return shell.refusal(Mistake("invalid", 0), match.text) if shell.target is None else None
