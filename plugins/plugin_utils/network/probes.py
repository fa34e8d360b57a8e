# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes of an isolation test: one process on each probe; all listen before one sends."""

from __future__ import annotations

import json
import select
import shlex
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

try:
    from reversibility.operations import isolation, isolation_probe
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None

PATIENCE = 30.0
"""Seconds for one answer of a probe."""
SETTLE = 0.5
"""Seconds in which the last packets arrive."""


class ProbeFailed(Exception):
    """A probe did not start or answer; the message has its name and its output."""


@dataclass
class RunningProbe:
    """One probe, and its process. ``command`` runs its arguments as root on the probe."""

    name: str
    command: Sequence[str]
    order: Mapping[str, Any] = field(repr=False)

    def __post_init__(self) -> None:
        program = Path(isolation_probe.__file__).read_text(encoding="utf-8")
        words = ["python3", "-I", "-c", program]
        if Path(self.command[0]).name == "ssh":  # its other end gives one text to a shell
            words = [shlex.join(words)]
        try:
            self.process = subprocess.Popen(
                [*self.command, *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        except OSError as error:
            raise ProbeFailed(f"The probe {self.name} cannot be started: {error}.") from error

    def say(self, line: str) -> None:
        """Send a line."""
        stream = self.process.stdin
        if stream is None:
            raise ProbeFailed(f"The probe {self.name} has no standard input.")
        try:
            stream.write(f"{line}\n")
            stream.flush()
        except OSError:
            pass  # what it said last is told by hear

    def hear(self, key: str) -> Any:
        """The value of ``key`` in the next line. Raises ProbeFailed."""
        stream = self.process.stdout
        if stream is None:
            raise ProbeFailed(f"The probe {self.name} has no standard output.")
        ready, _, _ = select.select([stream], [], [], PATIENCE)
        line = stream.readline() if ready else ""
        try:
            return json.loads(line)[key]
        except (ValueError, KeyError, TypeError):
            self.process.kill()
            said = (self.process.communicate()[1] or "").strip().rpartition("\n")[2]
            raise ProbeFailed(f"The probe {self.name} does not answer: {said or 'no word of it'}.") from None

    def end(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.communicate()


def try_all(
    network: Mapping[str, Any], probes: Sequence[Mapping[str, Any]], attempts: Sequence[isolation.Attempt]
) -> set[int]:
    """The numbers of the attempts that arrived. Raises ProbeFailed."""
    running: dict[str, RunningProbe] = {}
    try:
        for probe in probes:
            jobs = [asdict(one) for one in attempts if one.source == probe["name"]]
            place = isolation.Probe(probe["name"], probe["vlan"], probe["address"])
            order = {
                "interface": probe["interface"],
                "gateway": isolation.gateway(network, place),
                "jobs": jobs,
            }
            running[probe["name"]] = RunningProbe(probe["name"], probe["command"], order)
        for one in running.values():
            one.say(json.dumps(one.order))
        for one in running.values():
            one.hear("ready")
        for one in running.values():
            one.say("go")
        answered = {number for one in running.values() for number in one.hear("answered")}
        time.sleep(SETTLE)  # wait for late packets: no event marks the last one
        for one in running.values():
            one.say("stop")
        seen = {name: set(one.hear("seen")) for name, one in running.items()}
    finally:
        for one in running.values():
            one.end()
    return {
        one.number
        for one in attempts
        if one.number in (answered if one.kind == "tcp" else seen.get(one.target, set()))
    }
