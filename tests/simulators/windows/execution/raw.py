"""Scripts and programs outside modules: raw, script, and what Ansible's action plugins send."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING

from ..models.api import PROGRAMS, Call, ModuleFailure, Output, find_script, normalized
from . import command_line

if TYPE_CHECKING:
    from ..pc import PC


def script_output(call: Call, script: str) -> Output | None:
    """What a script leaves; None without a model. A script that is one program with arguments is that program."""
    found = find_script(script)
    if found is not None:
        return found[0](call, script)
    return program_output(call, normalized(script))


def program_output(call: Call, line: str) -> Output | None:
    """What a program leaves; None without a model."""
    if "\n" in line or re.search(r"[|;&<>$]", re.sub(r'"[^"]*"|\'[^\']*\'', "", line)):
        return None
    try:
        words = [word.strip("\"'") for word in shlex.split(line, posix=False)]
    except ValueError:
        return None
    name = re.sub(r"(?i)^.*\\|\.exe$", "", words[0]) if words else ""
    function = PROGRAMS.get(name.lower())
    return function(call, words[1:]) if function else None


def run_script(call: Call, script: str) -> tuple[int, bytes, bytes]:
    """Run a script as PowerShell does from a command line."""
    with call.pc.lock:
        try:
            output = script_output(call, script)
        except ModuleFailure as error:
            output = Output(stderr=str(error), code=1)
        call.pc.save()
    call.pc.journal.add("script", text=script, code=output.code if output else None, become=call.become)
    if output is None:
        call.pc.journal.add("unknown", script=script)
        return 1, b"", b"simulator: this script has no model\r\n"
    stdout = output.stdout
    if output.objects is not None:
        stdout += (
            "\r\n".join(item if isinstance(item, str) else json.dumps(item) for item in output.objects)
            + "\r\n"
        )
    return output.code, stdout.encode(), output.stderr.encode()


def run_line(pc: PC, line: command_line.CommandLine, call: Call) -> tuple[int, bytes, bytes]:
    """A command line that is no exec manifest."""
    if line.script is not None:
        nested = command_line.parse(line.script)
        return run_script(call, nested.script if nested.script is not None else line.script)
    output = program_output(call, line.line)
    pc.journal.add("command", line=line.line, code=output.code if output else None)
    if output is None:
        pc.journal.add("unknown", command=line.line)
        return 1, b"", b"simulator: this command has no model\r\n"
    # A native program answers in the OEM code page, whatever the shell's code page is.
    return output.code, output.stdout.encode("cp850", "replace"), output.stderr.encode("cp850", "replace")
