# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates of a machine: those in files, and those that its own TLS services show."""

from __future__ import annotations

import os
import re
import socket
import ssl
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Set

from .machine import Machine

SUFFIXES = (".pem", ".crt", ".cer", ".cert", ".der")
# Authorities that the system trusts: hundreds, the same everywhere, and nobody renews them.
NOT_READ = ("/etc/ssl/certs", "/etc/ca-certificates", "/usr/share")
LARGEST = 1 << 18  # bytes of a file
MOST = 20  # certificates in one file; more is a list of authorities
TIMEOUT = 2.0  # seconds for one TLS service
BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")
LISTENING = re.compile(r"^LISTEN\s+\S+\s+\S+\s+(\S+):(\d+)\s", re.MULTILINE)


def certificates(machine: Machine, folders: Iterable[str], ports: Iterable[int]) -> List[Dict[str, Any]]:
    """Where each certificate was seen (``place``), the certificate (``pem``), whether its key is beside it."""
    found = [row for folder in folders for row in _in_folder(folder)]
    wanted = {int(port) for port in ports}
    for address, port in sorted(listening(machine)):
        if port in wanted:
            found.extend(_of_service(address, port))
    return sorted(found, key=lambda row: (row["place"], row["pem"]))


def listening(machine: Machine) -> Set[Any]:
    """Addresses and ports on which a TCP service listens; every address is met on the loopback interface."""
    found = set()
    for address, port in LISTENING.findall(machine.run("ss", "--no-header", "-ltn") or ""):
        bare = address.strip("[]").partition("%")[0]
        found.add(({"*": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(bare, bare), int(port)))
    return found


def _in_folder(folder: str) -> Iterator[Dict[str, Any]]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if f"{parent}/{name}" not in NOT_READ)
        for name in sorted(names):
            path = Path(parent, name)
            if path.suffix.lower() in SUFFIXES and not path.is_symlink():
                yield from _in_file(path)


def _in_file(path: Path) -> Iterator[Dict[str, Any]]:
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            return
        content = path.read_bytes()
    except OSError:
        return
    if content[:1] == b"\x30":  # DER
        blocks = [ssl.DER_cert_to_PEM_cert(content)]
    else:
        blocks = BLOCK.findall(content.decode("ascii", "replace"))
    if len(blocks) > MOST:
        return
    beside = any(path.with_suffix(suffix).is_file() for suffix in (".key", ".pkey"))
    for number, block in enumerate(blocks):
        key = (
            beside or b"PRIVATE KEY-----" in content
        ) and number == 0  # a chain follows the certificate of the key
        yield {"place": str(path), "pem": block.strip() + "\n", "private_key": key}


def _of_service(address: str, port: int) -> List[Dict[str, Any]]:
    """What a service shows at the beginning of TLS. It is not believed, only written down."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((address, port), TIMEOUT) as plain,
            context.wrap_socket(plain) as secured,
        ):
            shown = secured.getpeercert(binary_form=True)
    except (OSError, ValueError):  # it speaks no TLS, or asks for a certificate first
        return []
    if not shown:
        return []
    return [{"place": f"tcp/{port}", "pem": ssl.DER_cert_to_PEM_cert(shown), "private_key": False}]
