"""One login at a device: SSH where it answers, otherwise its web page where that itself asks (HTTP Basic).

Exactly one attempt a call, so that the caller alone decides how many a device sees. Forms of web pages and HTTP
Digest, whose clients try several times, are not tried.
"""

from __future__ import annotations

import base64
import http.client
import logging
import socket

from reversibility.errors import CartableError
from reversibility.operations.default_passwords import Outcome

SECONDS = 10.0


def log_in(
    address: str,
    account: str,
    password: str,
    *,
    ssh_port: int = 22,
    http_port: int = 80,
    seconds: float = SECONDS,
) -> Outcome:
    """Log in once, by what the device offers."""
    outcome = over_ssh(address, account, password, port=ssh_port, seconds=seconds)
    if outcome is Outcome.no_answer:
        outcome = over_http(address, account, password, port=http_port, seconds=seconds)
    return outcome


def over_ssh(address: str, account: str, password: str, *, port: int, seconds: float) -> Outcome:
    """Log in once by SSH. The host key is not compared: what is sent is in everybody's manual."""
    try:
        import paramiko
    except ImportError as error:
        raise CartableError(
            f"paramiko is missing ({error}); install the project with its extra: pip install -e .[ansible]"
        ) from error
    logging.getLogger("paramiko").setLevel(logging.CRITICAL)  # its thread writes tracebacks
    try:
        with socket.create_connection((address, port), seconds) as connection:
            transport = paramiko.Transport(connection)
            transport.banner_timeout = transport.auth_timeout = seconds
            try:
                transport.start_client(timeout=seconds)
                transport.auth_password(account, password)
                return Outcome.accepted if transport.is_authenticated() else Outcome.refused
            except paramiko.AuthenticationException as error:
                # A device that takes keys only was not asked.
                refused = not isinstance(error, paramiko.BadAuthenticationType)
                return Outcome.refused if refused else Outcome.no_answer
            finally:
                transport.close()
    except (OSError, EOFError, paramiko.SSHException):
        return Outcome.no_answer


def over_http(address: str, account: str, password: str, *, port: int, seconds: float) -> Outcome:
    """Ask for the first page, once without and once with the password; only where the first is refused."""
    pair = base64.b64encode(f"{account}:{password}".encode()).decode()
    try:
        status, asks = _status(address, port, seconds, {})
        if status != http.client.UNAUTHORIZED or not asks.lower().startswith("basic"):
            return Outcome.no_answer
        status, _ = _status(address, port, seconds, {"Authorization": f"Basic {pair}"})
    except (OSError, http.client.HTTPException):
        return Outcome.no_answer
    if status in (http.client.UNAUTHORIZED, http.client.FORBIDDEN):
        return Outcome.refused
    return Outcome.accepted if status < http.client.BAD_REQUEST else Outcome.no_answer


def _status(address: str, port: int, seconds: float, headers: dict[str, str]) -> tuple[int, str]:
    connection = http.client.HTTPConnection(address, port, timeout=seconds)
    try:
        connection.request("GET", "/", headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers.get("WWW-Authenticate", "")
    finally:
        connection.close()
