"""ansible.windows.win_tempfile: mirrors win_tempfile.ps1 of ansible.windows 3.8.0."""

from __future__ import annotations

import secrets

from .api import Call, Result, model


@model("ansible.windows.win_tempfile", version="3.8.0")
def win_tempfile(call: Call) -> Result:
    params = call.params
    folder = call.expand(params["path"] or "%TEMP%")
    path = f"{folder}\\{params['prefix']}{secrets.token_hex(6)}{params['suffix']}"
    if not call.check:
        if params["state"].lower() == "directory":
            call.state.files.make_directory(path)
        else:
            call.write_file(path, b"")
    return {"changed": True, "state": params["state"], "path": path}
