"""Ports that other machines can reach, as ss (iproute2 6.15) prints them."""

from __future__ import annotations

from plugins.module_utils.asset.machine import Machine
from plugins.module_utils.asset.ports import ports

PRINTED = """\
udp   UNCONN 0      0               0.0.0.0:137        0.0.0.0:*    users:(("nmbd",pid=510,fd=16))
udp   UNCONN 0      0               0.0.0.0:41200      0.0.0.0:*    users:(("systemd-timesyn",pid=88,fd=7))
udp   UNCONN 0      0         127.0.0.53%lo:53         0.0.0.0:*    users:(("systemd-resolve",pid=90,fd=13))
tcp   LISTEN 0      128             0.0.0.0:22         0.0.0.0:*    users:(("sshd",pid=101,fd=6))
tcp   LISTEN 0      128                [::]:22            [::]:*    users:(("sshd",pid=101,fd=7))
tcp   LISTEN 0      4096              [::1]:631           [::]:*    users:(("cupsd",pid=97,fd=6))
tcp   LISTEN 0      1                     *:4444             *:*
"""


class Answer(Machine):
    """A machine on which ss prints something, or is not installed."""

    def __init__(self, printed: str | None) -> None:
        super().__init__("/nonexistent")
        self.printed = printed

    def run(self, *command: str, accept: range | None = None) -> str | None:
        return self.printed


def test_a_port_that_others_reach_is_there_once_with_its_program() -> None:
    assert ports(Answer(PRINTED)) == [
        {"protocol": "tcp", "port": 22, "process": "sshd"},
        {"protocol": "tcp", "port": 4444, "process": ""},
        {"protocol": "udp", "port": 137, "process": "nmbd"},
    ]


def test_without_ss_nothing_is_known_and_nothing_listening_is_known() -> None:
    assert ports(Answer(None)) is None
    assert ports(Answer("")) == []
