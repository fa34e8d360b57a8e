"""ansible.windows.win_copy: mirrors win_copy.ps1 of ansible.windows 3.8.0 (all four modes of its action plugin)."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile

from .api import Call, Result, model


def _sha1(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()


def _join(folder: str, name: str) -> str:
    return f"{folder.rstrip(chr(92) + '/')}\\{name.replace('/', chr(92)).lstrip(chr(92))}"


@model("ansible.windows.win_copy", version="3.8.0")
def win_copy(call: Call) -> Result:
    mode = (call.params["_copy_mode"] or "single").lower()
    return {"query": _query, "explode": _explode, "remote": _remote, "single": _single}[mode](call)


def _query(call: Call) -> Result:
    """Which files and folders must be sent."""
    files, dest = call.state.files, call.params["dest"]
    changed_files, changed_directories = [], []
    for item in call.params["files"] or []:
        path = _join(dest, item["dest"])
        if files.is_directory(path):
            path = _join(path, item["src"].replace("/", "\\").rpartition("\\")[2])
        entry = files.get(path)
        if entry is not None and entry.directory:
            call.fail(f"cannot copy file to dest '{path}': object at path is already a directory")
        if entry is None or (call.params["force"] is not False and _sha1(entry.content) != item["checksum"]):
            changed_files.append(item)
    for item in call.params["directories"] or []:
        path = _join(dest, item["dest"])
        entry = files.get(path)
        if entry is not None and not entry.directory:
            call.fail(f"cannot copy folder to dest '{path}': object at path is already a file")
        if entry is None:
            changed_directories.append(item)
    return {"files": changed_files, "directories": changed_directories, "symlinks": []}


def _explode(call: Call) -> Result:
    source, dest, files = call.params["src"], call.params["dest"], call.state.files
    if not files.exists(source):
        call.fail(f"Cannot expand src zip file: '{source}' as it does not exist")
    with zipfile.ZipFile(io.BytesIO(files.read(source))) as archive:
        for info in archive.infolist():
            # Names are base64, so that every character survives; one more character marks a folder.
            folder = len(info.filename) % 4 == 1
            name = base64.b64decode(info.filename[:-1] if folder else info.filename).decode()
            path = _join(dest, name)
            if call.check:
                continue
            if folder:
                files.make_directory(path)
            else:
                files.make_directory(path.rpartition("\\")[0])
                call.write_file(path, archive.read(info))
    return {"changed": True}


def _destination(call: Call, basename: str) -> str:
    """Where one file goes; its folder is made when the destination was named as a folder."""
    files, dest = call.state.files, call.params["dest"]
    target = (
        _join(dest, basename)
        if dest.endswith(("/", "\\")) or files.is_directory(dest)
        else dest.replace("/", "\\")
    )
    parent = target.rpartition("\\")[0]
    parent = parent if "\\" in parent else parent + "\\"
    entry = files.get(parent)
    if entry is not None and not entry.directory:
        call.fail(f"object at destination parent dir '{parent}' is currently a file")
    if entry is None:
        if target == dest.replace("/", "\\"):
            call.fail(f"Destination directory '{parent}' does not exist")
        if not call.check:
            files.make_directory(parent)
    return target


def _single(call: Call) -> Result:
    source, files = call.params["src"], call.state.files
    if not files.exists(source) or files.is_directory(source):
        call.fail(f"Cannot copy src file: '{source}' as it does not exist")
    target = _destination(call, call.params["_original_basename"])
    result: Result = {"changed": True}
    if call.params["backup"] and files.exists(target):
        result["backup_file"] = f"{target}.4711.20261130-100000.bak"
        call.write_file(result["backup_file"], files.read(target))
    call.write_file(target, files.read(source))
    return result


def _remote(call: Call) -> Result:
    source, dest, files = call.params["src"], call.params["dest"], call.state.files
    entry = files.get(source)
    if entry is None:
        return dict(
            call.fail(f"Cannot copy src file: '{source}' as it does not exist", src=source, dest=dest)
        )
    if not entry.directory:
        target = _destination(call, entry.path.rpartition("\\")[2])
        changed = _copy(call, entry.content, target)
        size = len(entry.content) if not call.check or files.exists(target) else None
        return {"changed": changed, "src": source, "dest": target, "operation": "file_copy", "size": size,
                "checksum": _sha1(entry.content), "original_basename": entry.path.rpartition("\\")[2]}  # fmt: skip
    target = dest if source.endswith(("/", "\\")) else _join(dest, entry.path.rpartition("\\")[2])
    changed = False
    for below in [entry, *files.below(entry.path)]:
        path = _join(target, below.path[len(entry.path) :]).rstrip("\\")
        if below.directory:
            if not files.exists(path):
                changed = True
                if not call.check:
                    files.make_directory(path)
        else:
            changed = _copy(call, below.content, path) or changed
    return {"changed": changed, "src": source, "dest": target, "operation": "folder_copy"}


def _copy(call: Call, content: bytes, target: str) -> bool:
    entry = call.state.files.get(target)
    if entry is not None and (call.params["force"] is False or entry.content == content):
        return False
    if not call.check:
        call.write_file(target, content)
    return True
