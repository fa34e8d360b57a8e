"""WinRS shells of one PC: Create, Command, Send, Receive, Signal, Delete."""

from __future__ import annotations

import base64
import threading
import traceback
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from ..faults import Faults
from ..journal import Journal
from . import soap
from .soap import CMD_SHELL, NAMESPACES, SHELL, TRANSFER, Request

# Defaults of a real host (Windows 8 and later).
MAX_SHELLS_PER_USER = 30
MAX_OPERATIONS_PER_USER = 1500

Execute = Callable[
    [str, bytes, str], tuple[int, bytes, bytes]
]  # command line, stdin, user -> rc, stdout, stderr


@dataclass
class Command:
    """One process in a shell."""

    line: str
    user: str
    identifier: str = field(default_factory=lambda: str(uuid.uuid4()).upper())
    stdin: bytearray = field(default_factory=bytearray)
    output: dict[str, bytes] = field(default_factory=lambda: {"stdout": b"", "stderr": b""})
    code: int | None = None
    done: threading.Event = field(default_factory=threading.Event)
    started: bool = False


@dataclass
class Shell:
    """One shell and its commands; Terminate does not give an operation back in a cmd shell, so they are counted."""

    owner: str
    commands: dict[str, Command] = field(default_factory=dict)
    operations: int = 0


class Shells:
    """The shells of a PC. A restart forgets them all: the client then gets InvalidSelectors."""

    def __init__(self, execute: Execute, faults: Faults, journal: Journal) -> None:
        self._execute, self._faults, self._journal = execute, faults, journal
        self._shells: dict[str, Shell] = {}
        self._lock = threading.Lock()
        self.max_shells, self.max_operations = MAX_SHELLS_PER_USER, MAX_OPERATIONS_PER_USER

    def forget(self) -> None:
        with self._lock:
            self._shells.clear()

    def answer(self, request: Request, user: str) -> bytes:
        if request.resource_uri != CMD_SHELL:
            # Not recorded from a real host: this service only has the cmd shell.
            reason = f"The resource URI is missing or incorrect: the simulator only has {CMD_SHELL}. "
            raise soap.WsmanFault(2150858811, reason, "w:InvalidResourceURI", sender=True)
        handler = {
            TRANSFER + "Create": self._create,
            TRANSFER + "Delete": self._delete,
            SHELL + "Command": self._command,
            SHELL + "Send": self._send,
            SHELL + "Receive": self._receive,
            SHELL + "Signal": self._signal,
        }.get(request.action)
        if handler is None:
            raise soap.WsmanFault(
                2150858817, f"Unsupported action {request.action}. ", "a:ActionNotSupported", sender=True
            )
        action, body = handler(request, user)
        return soap.envelope(action, body, request.message_id, request.language)

    def _shell(self, request: Request, user: str) -> Shell:
        shell = self._shells.get(request.shell_id or "")
        if shell is None or shell.owner != user:
            raise soap.invalid_selectors()
        return shell

    def _find(self, request: Request, user: str, element: ET.Element | None) -> tuple[Shell, Command]:
        shell = self._shell(request, user)
        command = shell.commands.get(element.get("CommandId", "") if element is not None else "")
        if command is None:
            raise soap.unknown_command()
        return shell, command

    def _create(self, request: Request, user: str) -> tuple[str, str]:
        declared = request.body.find("rsp:Shell", NAMESPACES)
        if declared is None or not declared.findtext("rsp:OutputStreams", "", NAMESPACES):
            raise soap.WsmanFault(87, "The parameter is incorrect. ", "w:InvalidParameter", sender=True)
        with self._lock:
            open_shells = sum(shell.owner == user for shell in self._shells.values())
            if self._faults.take("shell_quota") or open_shells >= self.max_shells:
                raise soap.shell_quota(self.max_shells)
            identifier = str(uuid.uuid4()).upper()
            self._shells[identifier] = Shell(user)
        return (
            TRANSFER + "CreateResponse",
            f"<x:ResourceCreated><a:Address>http://localhost/wsman</a:Address><a:ReferenceParameters><w:ResourceURI>{CMD_SHELL}"
            f'</w:ResourceURI><w:SelectorSet><w:Selector Name="ShellId">{identifier}</w:Selector></w:SelectorSet>'
            f"</a:ReferenceParameters></x:ResourceCreated><rsp:Shell><rsp:ShellId>{identifier}</rsp:ShellId>"
            f"<rsp:ResourceUri>{CMD_SHELL}</rsp:ResourceUri><rsp:Owner>{escape(user)}</rsp:Owner><rsp:ClientIP>127.0.0.1"
            "</rsp:ClientIP><rsp:IdleTimeOut>PT7200.000S</rsp:IdleTimeOut><rsp:InputStreams>stdin</rsp:InputStreams>"
            "<rsp:OutputStreams>stdout stderr</rsp:OutputStreams><rsp:ShellRunTime>P0DT0H0M0S</rsp:ShellRunTime>"
            "<rsp:ShellInactivity>P0DT0H0M0S</rsp:ShellInactivity></rsp:Shell>",
        )

    def _delete(self, request: Request, user: str) -> tuple[str, str]:
        self._shell(request, user)
        with self._lock:
            self._shells.pop(request.shell_id or "", None)
        return TRANSFER + "DeleteResponse", ""

    def _command(self, request: Request, user: str) -> tuple[str, str]:
        shell = self._shell(request, user)
        line = request.body.find("rsp:CommandLine", NAMESPACES)
        if line is None:
            raise soap.WsmanFault(87, "The parameter is incorrect. ", "w:InvalidParameter", sender=True)
        shell.operations += 1
        if self._faults.take("operation_quota") or shell.operations > self.max_operations:
            raise soap.operation_quota(self.max_operations)
        words = [line.findtext("rsp:Command", "", NAMESPACES)]
        words += [argument.text or "" for argument in line.iterfind("rsp:Arguments", NAMESPACES)]
        command = Command(" ".join(words), user)
        shell.commands[command.identifier] = command
        if request.options.get("WINRS_CONSOLEMODE_STDIN", "TRUE").upper() == "TRUE":
            self._start(command)
        return (
            SHELL + "CommandResponse",
            f"<rsp:CommandResponse><rsp:CommandId>{command.identifier}</rsp:CommandId></rsp:CommandResponse>",
        )

    def _send(self, request: Request, user: str) -> tuple[str, str]:
        stream = request.body.find("rsp:Send/rsp:Stream", NAMESPACES)
        _, command = self._find(request, user, stream)
        if self._faults.take("busy"):
            raise soap.busy()
        assert stream is not None
        command.stdin += base64.b64decode(stream.text or "", validate=True)
        if (stream.get("End") or "").lower() == "true":
            self._start(command)
        return SHELL + "SendResponse", "<rsp:SendResponse/>"

    def _receive(self, request: Request, user: str) -> tuple[str, str]:
        _, command = self._find(request, user, request.body.find("rsp:Receive/rsp:DesiredStream", NAMESPACES))
        if self._faults.take("operation_timeout"):
            raise soap.timed_out()
        if not command.done.wait(request.operation_timeout):
            raise soap.timed_out()
        room = max(request.max_envelope_size * 3 // 4 - 8192, 4096)  # base64, and the envelope around it
        parts = []
        for name, data in command.output.items():
            chunk, command.output[name] = data[:room], data[room:]
            room -= len(chunk)
            if chunk:
                encoded = base64.b64encode(chunk).decode()
                parts.append(
                    f'<rsp:Stream Name="{name}" CommandId="{command.identifier}">{encoded}</rsp:Stream>'
                )
        state = f'<rsp:CommandState CommandId="{command.identifier}" State="{SHELL}CommandState/'
        if any(command.output.values()):
            parts.append(state + 'Running"/>')
        else:
            for name in command.output:
                parts.append(
                    f'<rsp:Stream Name="{name}" CommandId="{command.identifier}" End="true"></rsp:Stream>'
                )
            parts.append(f'{state}Done"><rsp:ExitCode>{command.code}</rsp:ExitCode></rsp:CommandState>')
        return SHELL + "ReceiveResponse", f"<rsp:ReceiveResponse>{''.join(parts)}</rsp:ReceiveResponse>"

    def _signal(self, request: Request, user: str) -> tuple[str, str]:
        shell, command = self._find(request, user, request.body.find("rsp:Signal", NAMESPACES))
        shell.commands.pop(command.identifier, None)
        return SHELL + "SignalResponse", "<rsp:SignalResponse/>"

    def _start(self, command: Command) -> None:
        if not command.started:
            command.started = True
            threading.Thread(target=self._run, args=(command,), daemon=True).start()

    def _run(self, command: Command) -> None:
        try:
            code, stdout, stderr = self._execute(command.line, bytes(command.stdin), command.user)
        except Exception:  # a bug of the simulator must look like one, not like an answer of Windows
            text = traceback.format_exc()
            self._journal.add("bug", text=text)
            code, stdout, stderr = 250, b"", b"SIMULATOR BUG\n" + text.encode()
        command.code, command.output = code, {"stdout": stdout, "stderr": stderr}
        command.done.set()
