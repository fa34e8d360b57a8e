"""community.windows.win_shortcut and win_unzip: mirror their .ps1 of community.windows 3.3.0."""

from __future__ import annotations

import io
import json
import zipfile

from .api import Call, Result, model

OPTIONS = ("src", "arguments", "directory", "hotkey", "icon", "description", "windowstyle", "run_as_admin")


@model("community.windows.win_shortcut", version="3.3.0")
def win_shortcut(call: Call) -> Result:
    """The .lnk file holds its options as JSON here."""
    params, files = call.params, call.state.files
    dest = params["dest"]
    entry = files.get(dest)
    result: Result = {"dest": dest, "state": params["state"]}
    if params["state"].lower() == "absent":
        if entry is not None and not call.check:
            files.delete(dest)
        return result | {"changed": entry is not None}
    if params["src"] is None and dest.lower().endswith(".lnk") is False:
        call.fail("simulator: win_shortcut has no model of this shortcut")
    current = json.loads(entry.content) if entry is not None else {}
    wanted = current | {option: params[option] for option in OPTIONS if params[option] is not None}
    if wanted.get("src"):
        wanted["src"] = call.expand(wanted["src"])
    if wanted != current and not call.check:
        call.write_file(dest, json.dumps(wanted).encode())
    return result | {"changed": wanted != current, "src": wanted.get("src")}


@model("community.windows.win_unzip", version="3.3.0")
def win_unzip(call: Call) -> Result:
    params, files = call.params, call.state.files
    if params["recurse"] or params["password"]:
        call.fail("simulator: win_unzip has no model of recurse and password")
    source, dest = params["src"], params["dest"].rstrip("\\")
    result: Result = {"src": source, "dest": params["dest"], "removed": False}
    if params["creates"] and files.exists(params["creates"]):
        return result | {
            "skipped": True,
            "msg": f"The file or directory '{params['creates']}' already exists.",
        }
    if not files.exists(source):
        call.fail(f"File '{source}' does not exist.", **result)
    if not files.exists(dest) and not call.check:
        files.make_directory(dest)
    if not call.check:
        with zipfile.ZipFile(io.BytesIO(files.read(source))) as archive:
            for info in archive.infolist():
                path = dest + "\\" + info.filename.replace("/", "\\")
                if info.is_dir():
                    files.make_directory(path)
                else:
                    files.make_directory(path.rpartition("\\")[0])
                    call.write_file(path, archive.read(info))
        if params["delete_archive"]:
            files.delete(source)
            result["removed"] = True
    return result | {"changed": True}  # always: it does not compare
