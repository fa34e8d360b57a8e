# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ports that other machines can reach, and the program behind each."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Optional, Set, Tuple

from .machine import Machine, number

LISTENING = ("ss", "-H", "-l", "-n", "-t", "-u", "-p")
PROGRAM = re.compile(r'\(\("([^"]+)"')
RANGE = "/proc/sys/net/ipv4/ip_local_port_range"


def ports(machine: Machine) -> Optional[List[Dict[str, Any]]]:
    """List them as protocol, port, process; None when ss (iproute2) does not answer.

    What listens on the machine itself alone is left out, and so are UDP ports that the system hands out at random: a
    resolver or a time client has another one each time.
    """
    said = machine.run(*LISTENING)
    if said is None:
        return None
    bounds = [number(word) for word in machine.word(RANGE).split()]
    lowest = (bounds[0] if bounds else None) or 32768
    found: Set[Tuple[str, int, str]] = set()
    for line in said.splitlines():
        words = line.split()
        if len(words) < 5:
            continue
        address, _, port = words[4].rpartition(":")
        value = number(port)
        if value is None or address.strip("[]").startswith(("127.", "::1", "::ffff:127.")):
            continue
        if words[0] == "udp" and value >= lowest:
            continue
        program = PROGRAM.search(line)
        found.add((words[0], value, program.group(1) if program else ""))
    return [{"protocol": protocol, "port": port, "process": name} for protocol, port, name in sorted(found)]
