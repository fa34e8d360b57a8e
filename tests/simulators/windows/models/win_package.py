"""ansible.windows.win_package: mirrors win_package.ps1 of ansible.windows 3.8.0 (providers msi and registry)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from ..state import software
from ..state.software import Installer
from ..state.system import Service
from .api import Call, Result, model
from .pending_reboot import require
from .web import DownloadError, download


@dataclass(frozen=True)
class Status:
    """Whether the package is there, and under which key."""

    installed: bool
    key: str


@model("ansible.windows.win_package", version="3.8.0")
def win_package(call: Call) -> Result:
    params = call.params
    call.unmodelled("verify_signature", "wait_for_children")
    present, path, product = params["state"].lower() == "present", params["path"], params["product_id"]
    is_url = bool(path) and path.lower().startswith("http")
    content: bytes | None = None
    status: Status | None = None
    if is_url and product and present:
        status = _status(call, None)
    if is_url and (not product or not (status and status.installed)):
        content = _downloaded(call, path)  # at each run, without a product_id
    elif path and not is_url:
        content = _file(call, path)
    if status is None or not status.installed:
        status = _status(call, Installer.read(content) if content is not None else None)
    changed = present != status.installed
    result: Result = {"rc": 0, "reboot_required": False, "changed": changed}
    if changed and not call.check:
        result |= _install(call, content) if present else _remove(call, status.key, path)
    if not present and product is None and is_url:
        call.fail(
            "Unable to find Product ID from the URL path. Please specify product_id when using state=absent",
            **result,
        )
    return result


def _downloaded(call: Call, url: str) -> bytes:
    try:
        return download(call, url)
    except DownloadError as error:
        return bytes(call.fail(f"Failed to download {url}: {error}"))


def _file(call: Call, path: str) -> bytes | None:
    # A UNC path is a second hop: NTLM gives no credentials for it. Become does.
    reachable = call.become if path.startswith("\\\\") else True
    if path.startswith("\\\\") and reachable and path in call.pc.web:
        return call.pc.web[path]
    entry = call.state.files.get(path) if not path.startswith("\\\\") else None
    if entry is None and not call.check:
        call.fail(f"the file at the path '{path}' cannot be reached")
    return entry.content if entry is not None else None


def _status(call: Call, installer: Installer | None) -> Status:
    """Creates options first, then the product in both registry views (and the user's)."""
    params, state = call.params, call.state
    key = params["product_id"] or (installer.key if installer else "")
    if params["creates_path"] is not None:
        there = state.files.exists(params["creates_path"])
        if there and params["creates_version"] is not None:
            versions = state.extra.get("file_versions", {})
            there = versions.get(params["creates_path"].lower()) == params["creates_version"]
        return Status(there, key)
    if params["creates_service"] is not None:
        return Status(params["creates_service"].lower() in state.services, key)
    if not key:
        call.fail(
            "Unhandled exception while executing module: Failed to find the product id: set product_id or a creates_* option"
        )
    return Status(any(entry.key.lower() == key.lower() for entry in software.installed(state)), key)


def _install(call: Call, content: bytes | None) -> Result:
    params = call.params
    if content is None:
        return dict(call.fail(f"the file at the path '{params['path']}' cannot be reached"))
    digest = hashlib.new(params["checksum_algorithm"].lower(), content).hexdigest()
    wanted = (params["checksum"] or "").lower()
    if wanted and wanted != digest:
        call.fail(
            f"The checksum for {params['path']} did not match '{wanted}', it was '{digest.upper()}'",
            checksum=digest.upper(),
        )
    installer = Installer.read(content)
    if installer is None:
        return _finished(call, 1620, {"checksum": digest.upper()})
    arguments = (
        params["arguments"] if isinstance(params["arguments"], str) else " ".join(params["arguments"] or [])
    )
    if installer.kind == "exe" and installer.silent.lower() not in arguments.lower():
        call.fail(f"simulator: the installer waits for a user: it needs {installer.silent}")
    apply_installer(call, installer)
    return _finished(call, installer.code, {"checksum": digest.upper()})


def apply_installer(call: Call, installer: Installer) -> None:
    """What the installer leaves."""
    state = call.state
    software.install(
        state,
        installer.key,
        installer.name,
        installer.version,
        publisher=installer.publisher,
        view=installer.view,
    )
    if installer.path:
        state.files.make_directory(installer.path.rpartition("\\")[0])
        call.write_file(installer.path, installer.version.encode())
        state.extra.setdefault("file_versions", {})[installer.path.lower()] = installer.version
    if installer.service:
        state.services[installer.service.lower()] = Service(
            installer.service, installer.service, "started", "auto"
        )


def _remove(call: Call, key: str, path: Any) -> Result:
    software.remove(call.state, key)
    return _finished(call, 0, {})


def _finished(call: Call, code: int, result: Result) -> Result:
    result = {"rc": code, "reboot_required": code in (3010, 1641), "changed": True} | result
    if code not in call.params["expected_return_code"]:
        text = "This installation package could not be opened." if code == 1620 else ""
        call.fail(
            "unexpected rc from install: see rc, stdout, and stderr for more details",
            stdout="",
            stderr=text,
            **result,
        )
    if result["reboot_required"]:
        require(call.state)
    return result
