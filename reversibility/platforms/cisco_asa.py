"""Cisco ASA, read only: ``more system:running-config``, since ``show running-config`` stars shared keys out."""

from __future__ import annotations

from reversibility.platforms.cisco_grammar import GRAMMAR
from reversibility.platforms.cisco_parse import read_accounts, read_routes
from reversibility.platforms.cisco_text import Line, volatile
from reversibility.platforms.cli_driver import redact
from reversibility.platforms.config_tree import read_tree
from reversibility.platforms.model import Configuration, Port
from reversibility.platforms.reader import Reader

_SIGNS = ("ASA Version", "hostname ", "interface ", "object network ", "access-list ", "nameif ", "names")


MARKS = (
    r": Saved$", r"ASA Version \d", r" nameif \S+", r" security-level \d+", r"access-group \S+ in interface ",
    r": end$", r"object network \S+",
)  # fmt: skip


class CiscoAsa(Reader):
    """Driver of Cisco ASA. Banners are one line each, without delimiters."""

    platform = "cisco_asa"
    marks = MARKS
    command = "more system:running-config"

    def recognizes(self, text: str) -> bool:
        """Whether the text is a configuration of an ASA: it names interfaces, or says its version."""
        return any(
            line.startswith(("ASA Version", " nameif ", "enable password ")) for line in text.split("\n")
        )

    def redact_text(self, text: str) -> str | None:
        """The configuration without secrets; None when its lines are another platform's."""
        return redact(GRAMMAR, _classified, text, _SIGNS)

    def read(self, text: str) -> Configuration:
        """Name, accounts, routed ports and static routes."""
        tree = read_tree((line.number, line.text) for line in _classified(text))
        ports = [
            Port(
                node.text[len("interface ") :],
                mode="routed",
                description=node.first("description") or node.first("nameif") or "",
                enabled=not node.has("shutdown"),
            )
            for node in tree.children
            if node.text.startswith("interface ")
        ]
        return Configuration(
            hostname=tree.first("hostname") or "",
            ports=tuple(ports),
            accounts=tuple(read_accounts(tree)),
            routes=tuple(read_routes(tree)),
        )


def _classified(text: str) -> list[Line]:
    lines = enumerate(text.split("\n"), start=1)
    return [
        Line(number, "text" if line.startswith("banner ") else "config", line.rstrip())
        for number, line in lines
        if not volatile(line)
    ]


DRIVER = CiscoAsa()
