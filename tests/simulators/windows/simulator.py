"""Many simulated PCs in one process, each with its ports, state file and journal."""

from __future__ import annotations

import hashlib
import selectors
import shutil
import ssl
import tempfile
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from . import models
from .pc import PC
from .state.factory import new_pc
from .wsman.http_server import Listener

models.load()
TICK = 0.5  # seconds between two looks at the scheduled tasks


@dataclass
class Endpoint:
    """Where a PC is reached. `user` and `password`: the administrator it was made with."""

    pc: PC
    address: str
    https_port: int
    http_port: int | None
    user: str
    password: str = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the PC's certificate, in hexadecimal digits."""
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(self.pc.certificate.certificate.decode())).hexdigest()

    def variables(self, *, https: bool = True) -> dict[str, Any]:
        """Connection variables for Ansible."""
        return {
            "ansible_connection": "winrm",
            "ansible_host": self.address,
            "ansible_port": self.https_port if https else self.http_port,
            "ansible_winrm_scheme": "https" if https else "http",
            "ansible_winrm_transport": "ntlm",
            "ansible_winrm_server_cert_validation": "ignore",  # the certificate is the PC's own
            "ansible_winrm_certificate_fingerprint": self.fingerprint,  # for our connection; Ansible's knows no such option
            "ansible_user": self.user,
            "ansible_password": self.password,
        }


class Simulator:
    """Context manager: PCs are reachable while it is entered. One thread accepts for all, one serves a connection.

    with Simulator() as simulator:
        pc = simulator.add("PC01", password="...")
        run_ansible(pc.variables())
        pc.pc.state.registry.set(...)       # drift by hand
    """

    def __init__(self, directory: Path | None = None, address: str = "127.0.0.1") -> None:
        """`directory` keeps state files and journals; without it nothing is kept."""
        self.address = address
        self.endpoints: dict[str, Endpoint] = {}
        self._directory = directory
        self._listeners: list[Listener] = []
        self._selector = selectors.DefaultSelector()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Simulator:
        self._thread = threading.Thread(target=self._accept, name="simulated PCs", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
        for listener in self._listeners:
            listener.server_close()
        self._selector.close()

    def add(
        self,
        name: str,
        *,
        password: str,
        user: str = "ansible",
        port: int = 0,
        http: bool = False,
        options: dict[str, Any] | None = None,
        **state: Any,
    ) -> Endpoint:
        """A PC, new or from its state file. Port 0 takes a free one; `options` go to PC, `state` to new_pc."""
        options = dict(options or {})
        state_file = None
        if self._directory is not None:
            self._directory.mkdir(parents=True, exist_ok=True)
            state_file = self._directory / f"{name}.json"
            options["journal_file"] = self._directory / f"{name}.journal.jsonl"
        if state_file is not None and state_file.exists():
            pc = PC.load(state_file, **options)
        else:
            pc = PC(new_pc(name, user=user, password=password, **state), state_file=state_file, **options)
        return self.attach(pc, user, password, port=port, http=http)

    def attach(self, pc: PC, user: str, password: str, *, port: int = 0, http: bool = False) -> Endpoint:
        """Open the listeners of a PC."""
        folder = Path(tempfile.mkdtemp(prefix="winrm-certificate-"))
        try:
            secure = Listener(pc, self.address, port, pc.certificate.write(folder / "listener.pem"))
        finally:
            shutil.rmtree(folder)
        plain = Listener(pc, self.address, 0, None) if http else None
        endpoint = Endpoint(
            pc, self.address, secure.server_port, plain.server_port if plain else None, user, password
        )
        for listener in (secure, plain):
            if listener is not None:
                self._register(listener)
        self.endpoints[pc.name] = endpoint
        return endpoint

    def inventory(self) -> dict[str, Any]:
        """Ansible inventory of all PCs. It holds passwords: keep it out of files that others read."""
        hosts = {name: endpoint.variables() for name, endpoint in self.endpoints.items()}
        return {"all": {"hosts": hosts}}

    def leaks(self, secrets: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
        """For each PC, what it received with a secret readable or unprotected (see Journal.leaks)."""
        wanted = list(secrets)
        found = {name: endpoint.pc.journal.leaks(wanted) for name, endpoint in self.endpoints.items()}
        return {name: entries for name, entries in found.items() if entries}

    def _register(self, listener: Listener) -> None:
        with self._lock:
            self._listeners.append(listener)
            self._selector.register(listener, selectors.EVENT_READ)

    def _accept(self) -> None:
        ticked = time.monotonic()
        while not self._stopped.is_set():
            for key, _ in self._selector.select(timeout=0.1):
                listener = key.fileobj
                assert isinstance(listener, Listener)
                try:
                    connection, address = listener.get_request()
                except OSError:
                    continue
                listener.process_request(connection, address)
            if time.monotonic() >= ticked + TICK:
                ticked = time.monotonic()
                for endpoint in list(self.endpoints.values()):
                    endpoint.pc.tick()
