"""ansible.windows.win_command, win_shell and win_powershell: mirror their .ps1 of ansible.windows 3.8.0."""

from __future__ import annotations

import re
import subprocess
from typing import Any

from ..execution import raw
from .api import Call, Output, Result, find_script, model

SHOULD_PROCESS = re.compile(
    r"(?is)^\s*(?:#[^\n]*\n|<#.*?#>|\s)*(?:#requires[^\n]*\n\s*)*\[CmdletBinding\(([^)]*)\)\]\s*param\s*\("
)


def _guarded(call: Call) -> Result | None:
    """`creates` and `removes`."""
    creates, removes = call.params.get("creates"), call.params.get("removes")
    if creates and call.state.files.exists(creates):
        return {"msg": f"skipped, since {creates} exists"}
    if removes and not call.state.files.exists(removes):
        return {"msg": f"skipped, since {removes} does not exist"}
    return None


def _finished(call: Call, line: str, output: Output | None) -> Result:
    call.pc.journal.add("command", line=line, code=output.code if output else None, module=call.module)
    if output is None:
        call.pc.journal.add("unknown", command=line)
        return dict(call.fail(f"simulator: no model of {line!r}", cmd=line, rc=1))
    result: Result = {
        "cmd": line,
        "rc": output.code,
        "stdout": output.stdout,
        "stderr": output.stderr,
        "changed": True,
    }
    if output.objects is not None:
        result["stdout"] += "\r\n".join(str(item) for item in output.objects)
    if output.code:
        call.fail("non-zero return code", **result)
    return result


@model("ansible.windows.win_command", version="3.8.0")
def win_command(call: Call) -> Result:
    params = call.params
    line = (
        params["cmd"]
        or (params["_raw_params"] or "").strip()
        or subprocess.list2cmdline(params["argv"] or [])
    )
    skipped = _guarded(call)
    if skipped is not None:
        return skipped | {"cmd": line, "rc": 0, "skipped": True}
    return _finished(call, line, raw.program_output(call, line))


@model("ansible.windows.win_shell", version="3.8.0")
def win_shell(call: Call) -> Result:
    line = call.params["cmd"].strip()
    skipped = _guarded(call)
    if skipped is not None:
        return skipped | {"cmd": line, "rc": 0, "skipped": True}
    return _finished(call, line, raw.script_output(call, line))


def supports_should_process(script: str) -> bool:
    """Whether the script's own param block has SupportsShouldProcess: else check mode does not run it."""
    found = SHOULD_PROCESS.match(script)
    return bool(found and re.search(r"(?i)\bSupportsShouldProcess\b(?!\s*=\s*\$false)", found[1]))


@model("ansible.windows.win_powershell", version="3.8.0")
def win_powershell(call: Call) -> Result:
    params = call.params
    call.unmodelled("executable", "path", "arguments")
    result: Result = {
        "result": {}, "host_out": "", "host_err": "", "output": [], "error": [], "warning": [], "verbose": [],
        "debug": [], "information": [],
    }  # fmt: skip
    skipped = _guarded(call)
    if skipped is not None:
        return result | skipped
    script = params["script"]
    if call.check and not supports_should_process(script):
        return result | {"changed": True, "msg": "skipped, running in check mode"}
    found = find_script(script)
    if found is None:
        call.pc.journal.add("unknown", script=script)
        return dict(call.fail("simulator: no model of this script", **result))
    if call.check and not found[1]:
        return dict(
            call.fail("simulator: this script runs in check mode, and its model does not honour it", **result)
        )
    output = found[0](call, script)
    result |= {"changed": output.changed, "output": _objects(output), "result": output.result}
    if output.stderr:
        result["error"] = [{"output": output.stderr, "exception": {"message": output.stderr}}]
    if output.code or (output.stderr and params["error_action"].lower() == "stop"):
        result["failed"] = True
    return result


def _objects(output: Output) -> list[Any]:
    return (
        output.objects
        if output.objects is not None
        else [line for line in output.stdout.splitlines() if line]
    )
