"""ansible.windows.win_file: mirrors win_file.ps1 of ansible.windows 3.8.0."""

from __future__ import annotations

from .api import Call, Result, model


@model("ansible.windows.win_file", version="3.8.0")
def win_file(call: Call) -> Result:
    path, files = call.params["path"], call.state.files
    state = (call.params["state"] or "").lower()
    name = call.params.get("_original_basename")
    if name and files.is_directory(path):
        path = f"{path}\\{name}"
    entry = files.get(path)
    if call.params.get("_diff_peek") is not None:
        binary = entry is not None and b"\0" in entry.content[:8192]
        return {
            "path": path,
            "change": False,
            "appears_binary": binary,
            "state": "file" if entry else "absent",
        }
    if state == "touch":
        if not call.check:
            files.write(path, entry.content if entry else b"")
        return {"changed": True}
    if entry is not None:
        if state == "absent":
            if not call.check:
                files.delete(path)
            return {"changed": True}
        if state == "directory" and not entry.directory:
            call.fail(f"path {path} is not a directory")
        if state == "file" and entry.directory:
            call.fail(f"path {path} is not a file")
        return {}
    if not state:
        state = "directory" if path.endswith(("\\", "/")) else "file"
    if state == "directory":
        if not call.check:
            files.make_directory(path)
        return {"changed": True}
    if state == "file":
        call.fail(f"path {path} will not be created")
    return {}
