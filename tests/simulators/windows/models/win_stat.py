"""ansible.windows.win_stat and slurp: mirror their .ps1 of ansible.windows 3.8.0."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from .api import Call, Result, model


@model("ansible.windows.win_stat", version="3.8.0")
def win_stat(call: Call) -> Result:
    params, files = call.params, call.state.files
    entry = files.get(params["path"])
    if entry is None:
        return {"stat": {"exists": False}}
    attributes = entry.attributes or (["Directory"] if entry.directory else ["Archive"])
    stat: dict[str, Any] = {
        "exists": True,
        "attributes": ", ".join(attributes),
        "isarchive": "Archive" in attributes,
        "isdir": entry.directory,
        "ishidden": "Hidden" in attributes,
        "isjunction": False,
        "islnk": False,
        "isreadonly": "ReadOnly" in attributes,
        "isreg": not entry.directory,
        "isshared": False,
        "nlink": 1,
        "hlnk_targets": [],
        "creationtime": entry.modified,
        "lastaccesstime": entry.modified,
        "lastwritetime": entry.modified,
        "path": entry.path,
        "filename": entry.path.rpartition("\\")[2],
        "owner": call.state.accounts.name_of(entry.owner, call.state.system.name),
    }
    if entry.directory:
        share = next((s for s in call.state.shares if s.path.lower() == entry.path.lower()), None)
        if share is not None:
            stat |= {"isshared": True, "sharename": share.name}
        if params["get_size"]:
            stat["size"] = sum(len(below.content) for below in files.below(entry.path))
        return {"stat": stat}
    name = stat["filename"]
    stat["extension"] = name[name.rindex(".") :] if "." in name else ""
    if params["get_checksum"]:
        stat["checksum"] = hashlib.new(params["checksum_algorithm"].lower(), entry.content).hexdigest()
    if params["get_size"]:
        stat["size"] = len(entry.content)
    return {"stat": stat}


@model("ansible.windows.slurp", version="3.8.0")
def slurp(call: Call) -> Result:
    path = call.params["src"]
    entry = call.state.files.get(path)
    if entry is None:
        return dict(call.fail(f"Path {path} is not found"))
    if entry.directory:
        call.fail(f"Path {path} is a directory")
    return {"content": base64.b64encode(entry.content).decode(), "encoding": "base64"}
