"""ansible.windows.win_get_url: mirrors win_get_url.ps1 of ansible.windows 3.8.0."""

from __future__ import annotations

import hashlib
import urllib.parse

from .api import Call, Result, model
from .web import DownloadError, download


@model("ansible.windows.win_get_url", version="3.8.0")
def win_get_url(call: Call) -> Result:
    params, files = call.params, call.state.files
    call.unmodelled("checksum_url")
    url, dest, algorithm = params["url"], params["dest"], params["checksum_algorithm"].lower()
    if files.is_directory(dest):
        parts = urllib.parse.urlsplit(url)
        dest = f"{dest.rstrip(chr(92))}\\{parts.path.rpartition('/')[2] or parts.hostname}"
    elif dest.endswith(("\\", "/")):
        call.fail(
            f"The destination path '{dest}' does not exist, or is not visible to the current user. Ensure download "
            "destination folder exists (perhaps using win_file state=directory) before win_get_url runs."
        )
    result: Result = {"url": url, "dest": dest, "elapsed": 0}
    wanted = (params["checksum"] or "").strip().lower()
    current = hashlib.new(algorithm, files.read(dest)).hexdigest() if files.exists(dest) else None
    force = params["force"] or bool(wanted and current and current != wanted)
    if current and wanted and current == wanted and not force:
        return result | {"checksum_dest": current, "size": len(files.read(dest))}
    if force or current is None:
        result |= _download(call, url, dest, wanted, current, algorithm)
    if "checksum_dest" not in result and files.exists(dest):
        content = files.read(dest)
        result |= {"checksum_dest": hashlib.new(algorithm, content).hexdigest(), "size": len(content)}
    return result


def _download(call: Call, url: str, dest: str, wanted: str, current: str | None, algorithm: str) -> Result:
    parent = dest.rpartition("\\")[0]
    if not call.state.files.is_directory(parent if "\\" in parent else parent + "\\"):
        call.fail(
            f"The path '{parent}' does not exist for destination '{dest}', or is not visible to the current user. Ensure "
            "download destination folder exists (perhaps using win_file state=directory) before win_get_url runs."
        )
    try:
        content = download(call, url)
    except DownloadError as error:
        call.fail(f"Error downloading '{url}' to '{dest}': {error}", elapsed=0, url=url, dest=dest)
    digest = hashlib.new(algorithm, content).hexdigest()
    if wanted and wanted != digest:
        call.fail(
            f"The checksum for {url} did not match '{wanted}', it was '{digest}'",
            checksum_src=digest,
            url=url,
        )
    if current == digest:
        return {"checksum_src": digest, "checksum_dest": digest, "size": len(content), "status_code": 200}
    if not call.check:
        call.write_file(dest, content)
    return {"changed": True, "checksum_src": digest, "status_code": 200, "msg": "OK"}
