"""The market's ``known_certificates``: fingerprints of the Windows PCs' certificates, which no authority has signed.

One certificate a line, as ``known_hosts`` has SSH keys: the address (``[address]:port`` for ports other than 5986) and
the SHA-256 of the certificate in hexadecimal digits, with or without colons. ``#`` begins a comment. An address has two
lines while its certificate is being replaced.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reversibility.errors import CartableError
from reversibility.market.addresses import comparable
from reversibility.market.model import Asset, Market

WINRM_HTTPS = 5986
ANSIBLES_CONNECTION = ("winrm", "ansible.builtin.winrm")
COMPARED = "ansible_winrm_certificate_fingerprint"
VALIDATION = "ansible_winrm_server_cert_validation"
SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a PC's WinRM listens."""

    host: str
    port: int = WINRM_HTTPS

    def __str__(self) -> str:
        host = comparable(self.host)
        return host if self.port == WINRM_HTTPS else f"[{host}]:{self.port}"


def normalized(fingerprint: str) -> str:
    """Hexadecimal digits of a fingerprint, in lower case and without colons."""
    return fingerprint.replace(":", "").strip().lower()


def read(path: Path) -> dict[str, set[str]]:
    """Endpoint as written in the file → its fingerprints; empty without the file.

    Raises CartableError when a line is not an address and a SHA-256.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise CartableError(f"{path} cannot be read: {error}.") from error
    found: dict[str, set[str]] = {}
    for number, line in enumerate(lines, 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        if len(words) != 2 or not SHA256.fullmatch(fingerprint := normalized(words[1])):
            raise CartableError(
                f"{path}, line {number}: expected an address and a SHA-256 (64 hexadecimal digits)."
            )
        found.setdefault(str(_endpoint(words[0])), set()).add(fingerprint)
    return found


def known_by_certificate(market: Market) -> dict[str, Endpoint]:
    """The managed assets that are known by a line of ``known_certificates`` alone: tag → endpoint."""
    return {
        asset.tag: endpoint_of(asset)
        for asset in market.assets.values()
        if asset.managed and asset.address and _by_fingerprint(asset) and not asset.variables.get(COMPARED)
    }


def unknown_certificates(market: Market, known: dict[str, set[str]]) -> list[str]:
    """Tags of the assets without a line."""
    return sorted(
        tag for tag, endpoint in known_by_certificate(market).items() if not known.get(str(endpoint))
    )


def endpoint_of(asset: Asset) -> Endpoint:
    """Address and port of the WinRM service of ``asset``."""
    port = asset.variables.get("ansible_port", asset.platform.connection.variables.get("ansible_port"))
    return Endpoint(str(asset.address), int(port or WINRM_HTTPS))


def takes_any(variables: Mapping[str, Any]) -> bool:
    """Whether Ansible's own WinRM connection takes any certificate of a PC with these variables."""
    return (
        variables.get(VALIDATION) == "ignore" and variables.get("ansible_connection") in ANSIBLES_CONNECTION
    )


def _by_fingerprint(asset: Asset) -> bool:
    by_winrm = str(_variable(asset, "ansible_connection")).rpartition(".")[2] == "winrm"
    over_tls = str(_variable(asset, "ansible_winrm_scheme")) != "http"
    return by_winrm and over_tls and asset.variables.get(VALIDATION) == "ignore"


def _variable(asset: Asset, name: str) -> object:
    return asset.variables.get(name, asset.platform.connection.variables.get(name, ""))


def _endpoint(name: str) -> Endpoint:
    if name.startswith("[") and "]:" in name:
        host, _, port = name[1:].rpartition("]:")
        if port.isdigit():
            return Endpoint(host, int(port))
    return Endpoint(name)
