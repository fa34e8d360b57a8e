"""ansible.windows.win_ping: mirrors win_ping.ps1 of ansible.windows 3.8.0."""

from __future__ import annotations

from .api import Call, Result, model


@model("ansible.windows.win_ping", version="3.8.0")
def win_ping(call: Call) -> Result:
    data = call.params["data"]
    if data == "crash":
        call.fail("Unhandled exception while executing module: boom")
    return {"ping": data}
