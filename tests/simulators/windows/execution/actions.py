"""Actions of an exec manifest, in order: become, async, coverage, then a module, a script or a file transfer."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import threading
from typing import TYPE_CHECKING, Any

from ..models.api import Call
from ..state.accounts import User
from ..state.files import DiskFullError, expand
from ..state.names import message
from . import module_run, raw
from .exec_manifest import Action, ExecManifest

if TYPE_CHECKING:
    from ..pc import PC

Output = tuple[int, bytes, bytes]
SERVICE_ACCOUNTS = {"system", "networkservice", "network service", "localservice", "local service"}


def failure(text: str) -> Output:
    return (
        1,
        json.dumps(
            {"failed": True, "msg": f"failure during exec_wrapper: {text}", "exception": text}
        ).encode(),
        b"",
    )


class Execution:
    """One run of a manifest on a PC."""

    def __init__(self, pc: PC, manifest: ExecManifest, user: User) -> None:
        self.pc, self.manifest = pc, manifest
        self.user: User | None = user
        self.become = ""
        self.job = ""

    def run(self) -> Output:
        refused = self._wrapper()
        if refused is not None:
            return refused
        for action in self.manifest.actions:
            handler = {
                "become_wrapper.ps1": self._become,
                "async_wrapper.ps1": self._async,
                "async_watchdog.ps1": self._nothing,
                "module_wrapper.ps1": self._module,
                "winrm_put_file.ps1": self._put,
                "winrm_fetch_file.ps1": self._fetch,
                "powershell_mkdtemp.ps1": self._mkdtemp,
                "powershell_expand_user.ps1": self._expand_user,
            }.get(action.name)
            if handler is None:
                return failure(f"simulator: action {action.name} has no model")
            output = handler(action)
            if output is not None:
                return output
        return failure("the manifest had nothing to run")

    def _wrapper(self) -> Output | None:
        params, system = self.manifest.wrapper_params, self.pc.state.system
        if params.get("PwshPath") not in (
            None,
            "",
            "powershell",
            "powershell.exe",
        ):  # no PowerShell 7 is installed
            text = f"Could not find the specified PowerShell interpreter '{params['PwshPath']}'."
            return 1, json.dumps({"failed": True, "msg": text}).encode(), b""
        wanted = [int(part) for part in (params.get("MinOSVersion") or "0").split(".")]
        if [10, 0, system.build] < wanted:
            text = (
                f"This module cannot run on this OS as it requires a minimum version of {params['MinOSVersion']}, "
                f"actual was 10.0.{system.build}.{system.ubr}"
            )
            return 1, json.dumps({"failed": True, "msg": text}).encode(), b""
        return None

    def _nothing(self, action: Action) -> None:
        """Nothing of its own: the simulator's async jobs are not timed."""

    def _become(self, action: Action) -> Output | None:
        wanted = str(action.params.get("BecomeUser", ""))
        plain = wanted.rpartition("\\")[2]
        self.become = wanted
        if plain.lower() in SERVICE_ACCOUNTS:
            self.user = None
            return None
        password = action.secure_params.get("BecomePassword")
        user = self.pc.state.accounts.find_user(plain)
        code = 1326 if user is None or (password is not None and user.password != password) else 0
        if not code and user is not None:
            code = 1331 if not user.enabled else 1909 if user.locked else 0
        if code:
            text = message(code, self.pc.state.system.language)
            return failure(
                f"Failed to become user {wanted}: Failed to logon {wanted} ({text}, Win32ErrorCode {code})"
            )
        self.user = user
        return None

    def _async(self, action: Action) -> Output | None:
        self.job = f"{action.params['AsyncJid']}.{4000 + len(self.pc.state.jobs)}"
        self.results_file = f"{self._expanded(action.params['AsyncDir'])}\\{self.job}"
        return None

    def _module(self, action: Action) -> Output | None:
        params = action.params
        name, source = params["Script"], self.manifest.scripts.get(params["Script"])
        if source is None:
            return failure(f"Could not find the script '{name}'.")
        if not params.get("ForModule"):
            return raw.run_script(self._call("script"), source.decode("utf-8-sig"))
        arguments = next(item["Value"] for item in params["Variables"] if item["Name"] == "complex_args")
        name = name.rpartition(".")[0]
        if self.job:
            return self._start_job(name, source, arguments)
        return self._finished(self._run(name, source, arguments))

    def _run(self, name: str, source: bytes, arguments: dict[str, Any]) -> dict[str, Any]:
        return module_run.run(
            self.pc, name, source, self.manifest.utilities(), arguments, self.user, self.become
        )

    @staticmethod
    def _finished(result: dict[str, Any]) -> Output:
        # ConvertTo-Json of PowerShell 5.1 escapes what is not ASCII only partly; JSON means the same either way.
        return (1 if result.get("failed") else 0), json.dumps(result).encode() + b"\r\n", b""

    def _start_job(self, name: str, source: bytes, arguments: dict[str, Any]) -> Output:
        status: dict[str, Any] = {
            "started": True,
            "finished": False,
            "ansible_job_id": self.job,
            "results_file": self.results_file,
        }
        self.pc.state.jobs[self.job] = dict(status)

        def work() -> None:
            result = self._run(name, source, arguments)
            self.pc.state.jobs[self.job] = status | result | {"finished": True}

        threading.Thread(target=work, daemon=True).start()
        answer = status | {"_ansible_suppress_tmpdir_delete": True, "ansible_async_watchdog_pid": 4711}
        return 0, json.dumps(answer).encode(), b""

    def _call(self, module: str) -> Call:
        return Call(module, {}, self.pc, self.user, become=self.become)

    def _expanded(self, text: str) -> str:
        return expand(text, self.user.name if self.user else "systemprofile")

    def _put(self, action: Action) -> Output | None:
        path = action.params["Path"]
        try:
            content = b"".join(base64.b64decode(line, validate=True) for line in self.manifest.input.split())
        except binascii.Error as error:
            return failure(str(error))
        self.pc.journal.add("put", path=path, bytes=len(content))
        try:
            if self.pc.faults.take("disk_full"):
                raise DiskFullError(path)
            self.pc.state.files.write(path, content)
        except DiskFullError:
            return 1, b"", (message(112, self.pc.state.system.language) + "\r\n").encode()
        except OSError as error:
            return 1, b"", f"Could not find a part of the path '{error}'.\r\n".encode()
        self.pc.save()
        return 0, json.dumps({"sha1": hashlib.sha1(content).hexdigest()}).encode(), b""

    def _fetch(self, action: Action) -> Output | None:
        path = action.params["Path"]
        entry = self.pc.state.files.get(path)
        self.pc.journal.add("fetch", path=path, offset=action.params["Offset"])
        if entry is None:
            return 1, b"", f"{path} does not exist\r\n".encode()
        if entry.directory:
            return 0, b"[DIR]\r\n", b""
        offset = action.params["Offset"]
        part = entry.content[offset : offset + action.params["BufferSize"]]
        return 0, base64.b64encode(part) + b"\r\n" if part else b"", b""

    def _mkdtemp(self, action: Action) -> Output | None:
        directory = self._expanded(action.params["Directory"])
        path = f"{directory}\\{action.params['Name']}"
        if self.pc.state.files.exists(path):
            return failure(f"An item with the specified name {path} already exists.")
        self.pc.state.files.make_directory(path)
        return 0, path.encode() + b"\r\n", b""

    def _expand_user(self, action: Action) -> Output | None:
        path, profile = str(action.params["Path"]), self._expanded("%USERPROFILE%")
        if path == "~" or path.startswith("~\\"):
            path = profile + path[1:]
        return 0, path.encode() + b"\r\n", b""
