"""ansible.windows.win_find: mirrors win_find.ps1 of ansible.windows 3.8.0 (without age, size, hidden files and links)."""

from __future__ import annotations

import fnmatch
import hashlib
import re
from typing import Any

from ..state.files import Entry
from .api import Call, Result, model


@model("ansible.windows.win_find", version="3.8.0")
def win_find(call: Call) -> Result:
    params, files = call.params, call.state.files
    call.unmodelled("age", "size", "hidden", "follow", "depth")
    found: list[dict[str, Any]] = []
    examined = 0
    for path in params["paths"]:
        path = call.expand(path)
        if not files.is_directory(path):
            if files.exists(path):
                call.fail(f"Argument path '{path}' is a file not a directory")
            call.warn(f"Argument path '{path}' does not exist, skipping")
            continue
        entries = files.below(path) if params["recurse"] else files.children(path)
        examined += len(entries)
        found += [_shown(call, entry) for entry in entries if _matches(call, entry)]
    return {"examined": examined, "matched": len(found), "files": found}


def _matches(call: Call, entry: Entry) -> bool:
    kind = call.params["file_type"].lower()
    if kind != "any" and entry.directory != (kind == "directory"):
        return False
    name, patterns = entry.path.rpartition("\\")[2], call.params["patterns"]
    if not patterns:
        return True
    if call.params["use_regex"]:
        return any(re.search(pattern, name, re.I) for pattern in patterns)
    return any(fnmatch.fnmatch(name.lower(), pattern.lower()) for pattern in patterns)


def _shown(call: Call, entry: Entry) -> dict[str, Any]:
    name = entry.path.rpartition("\\")[2]
    shown = {
        "path": entry.path, "filename": name, "isdir": entry.directory, "isreg": not entry.directory, "exists": True,
        "islnk": False, "owner": call.state.accounts.name_of(entry.owner, call.state.system.name),
    }  # fmt: skip
    if not entry.directory:
        shown |= {
            "size": len(entry.content),
            "extension": "." + name.rpartition(".")[2] if "." in name else "",
        }
        if call.params["get_checksum"]:
            shown["checksum"] = hashlib.new(
                call.params["checksum_algorithm"].lower(), entry.content
            ).hexdigest()
    return shown
