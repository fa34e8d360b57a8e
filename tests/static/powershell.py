"""Linter for PowerShell scripts that run under Windows PowerShell 5.1, without PowerShell.

A script is parsed with tree-sitter; each command, its parameters and their combination are looked up in what a
Windows 10 has (``data/``). What a .NET method or type does is not checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import tree_sitter_pwsh
from tree_sitter import Language, Node, Parser

DATA = Path(__file__).parent / "data" / "powershell_5.1_commands.tsv"
COMMON = frozenset(
    [
        "verbose",
        "debug",
        "erroraction",
        "warningaction",
        "informationaction",
        "errorvariable",
        "warningvariable",
        "informationvariable",
        "outvariable",
        "outbuffer",
        "pipelinevariable",
        "whatif",
        "confirm",
    ]
)
# Parameters that a provider adds at run time: the profile has those of the cmdlet itself only.
OF_PROVIDERS = {
    "get-childitem": {"file", "directory", "hidden", "system", "attributes", "readonly"},
    "get-content": {"encoding", "raw", "wait", "tail"},
    "set-content": {"encoding", "nonewline"},
    "new-itemproperty": {"propertytype", "type"},
    "set-itemproperty": {"type"},
    "new-item": {"type"},
}
# Programs that Windows has had in System32 since Windows 10; called with their extension, so that no alias or function
# of the same name answers.
PROGRAMS = frozenset(
    [
        "auditpol.exe",
        "manage-bde.exe",
        "net.exe",
        "pnputil.exe",
        "netsh.exe",
        "powercfg.exe",
        "powershell.exe",
        "reg.exe",
        "schtasks.exe",
        "secedit.exe",
        "icacls.exe",
        "shutdown.exe",
        "sc.exe",
        "w32tm.exe",
        "winrm.cmd",
    ]
)
# PowerShell 7 has these, 5.1 calls them syntax errors.
NEWER_SYNTAX = {
    "pipeline_chain_tail": "&& and || are PowerShell 7's",
    "null_coalesce_expression": "?? is PowerShell 7's",
    "ternary_expression": "the ternary operator is PowerShell 7's",
}
_PARSER = Parser(Language(tree_sitter_pwsh.language()))


@dataclass(frozen=True)
class Finding:
    """One mistake: line (from 1) and what is wrong."""

    line: int
    message: str


@cache
def commands() -> dict[str, tuple[frozenset[str], ...]]:
    """The parameter sets of each command, all in lower case."""
    found: dict[str, tuple[frozenset[str], ...]] = {}
    for line in DATA.read_text(encoding="utf-8").splitlines():
        name, _, sets = line.split("\t")
        found[name.lower()] = tuple(frozenset(words.lower().split()) for words in sets.split(" | "))
    return found


def check_script(text: str) -> list[Finding]:
    """Parse a script and look up all its commands."""
    root = _PARSER.parse(text.encode()).root_node
    if root.has_error:
        bad = next((node for node in _walk(root) if node.type == "ERROR" or node.is_missing), root)
        return [Finding(bad.start_point[0] + 1, "syntax error")]
    own = {
        _text(name).lower().rpartition(":")[2]
        for node in _walk(root)
        if node.type == "function_statement"
        for name in node.children
        if name.type == "function_name"
    }
    findings = []
    for node in _walk(root):
        if node.type in NEWER_SYNTAX:
            findings.append(Finding(node.start_point[0] + 1, NEWER_SYNTAX[node.type]))
        elif node.type == "command":
            findings += [Finding(node.start_point[0] + 1, message) for message in _check_command(node, own)]
    return findings


def _check_command(node: Node, own: set[str]) -> Iterator[str]:
    name_node = node.child_by_field_name("command_name")
    if name_node is None or name_node.type != "command_name":
        return  # & $program: what runs is not known before run time
    name = _text(name_node)
    lower = name.lower()
    if lower in own or lower in PROGRAMS:
        return
    sets = commands().get(lower)
    if sets is None:
        yield f"unknown command {name}"
        return
    known = frozenset().union(*sets) | OF_PROVIDERS.get(lower, set()) | COMMON
    given = []
    for parameter in _parameters(node):
        short = parameter.lstrip("-").rstrip(":").lower()
        matches = {short} if short in known else {full for full in known if full.startswith(short)}
        if len(matches) != 1:
            yield f"{'ambiguous' if matches else 'unknown'} parameter {parameter} of {name}"
        else:
            given += matches
    doubled = {parameter for parameter in given if given.count(parameter) > 1}
    if doubled:
        yield f"parameter -{min(doubled)} of {name} is given twice"
    free = COMMON | OF_PROVIDERS.get(lower, set())
    if not any(set(given) <= words | free for words in sets):
        yield f"no parameter set of {name} has {', '.join('-' + word for word in given)} together"


def _parameters(node: Node) -> list[str]:
    elements = node.child_by_field_name("command_elements")
    return [
        _text(child) for child in (elements.children if elements else ()) if child.type == "command_parameter"
    ]


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _walk(child)


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def script_length(text: str) -> int:
    """Number of lines of code: without empty lines and comments."""
    return sum(1 for line in text.splitlines() if line.strip() and not re.match(r"\s*#", line))
