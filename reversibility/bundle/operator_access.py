"""A successor's access to the machines: SSH host keys, Windows PCs' certificates, and the operators' SSH key.

Host keys and certificates are public and lie in 10-automatisation. The private key goes into the vault of the bundle,
nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reversibility.bundle.findings import Finding
from reversibility.bundle.signature import public_half
from reversibility.errors import CartableError
from reversibility.market.host_keys import reached_by_ssh, unknown_hosts
from reversibility.market.known_certificates import known_by_certificate, read, unknown_certificates
from reversibility.market.model import Market
from reversibility.market.paths import MarketPaths

HOW = "see 'A new market' in docs/operators-guide.md"
SHOWN = 5
NO_KEY = "La clé SSH des exploitants ({}) n’est pas remise\u00a0: elle manque, ou personne ne pourrait s’en servir."


@dataclass(frozen=True)
class Access:
    """Host keys and operators' key. ``operator_key`` has the key's files by name; empty without a usable key."""

    operator_key: Mapping[str, bytes] = field(repr=False)
    known_hosts: str
    known_certificates: str = ""
    findings: tuple[Finding, ...] = ()


def read_access(market: Market, paths: MarketPaths) -> Access:
    """Read both from the market's data folder. A missing one is a finding; the hand-over continues."""
    findings: list[Finding] = []
    wanted = reached_by_ssh(market)
    key: dict[str, bytes] = {}
    try:
        key = _operator_key(paths.operator_key)
    except CartableError as error:
        if wanted:
            findings.append(Finding(str(error), NO_KEY.format(paths.operator_key.name)))
    try:
        known_hosts = paths.known_hosts.read_text(encoding="utf-8")
    except FileNotFoundError:
        known_hosts = ""
    except (OSError, UnicodeDecodeError) as error:
        known_hosts = ""
        findings.append(
            Finding(
                f"{paths.known_hosts} cannot be read ({error}); write it again: {HOW}.",
                f"{paths.known_hosts.name} (clés d’hôte des machines) ne peut pas être lu et n’est pas remis.",
            )
        )
    unknown = unknown_hosts(market, known_hosts)
    if unknown:
        names = _some(unknown)
        findings.append(
            Finding(
                f"{paths.known_hosts} has no host key of {len(unknown)} of the {len(wanted)} machines that are reached "
                f"by SSH ({names}); a successor cannot tell these machines from others: {HOW}.",
                f"Clé d’hôte inconnue pour {len(unknown)} des {len(wanted)} machines jointes par SSH ({names})"
                "\u00a0: le repreneur ne peut pas les distinguer d’autres machines.",
            )
        )
    certificates, problems = _known_certificates(market, paths)
    return Access(key, known_hosts, certificates, (*findings, *problems))


def _known_certificates(market: Market, paths: MarketPaths) -> tuple[str, list[Finding]]:
    """The file as it is, and what it lacks; nothing where no machine is known by it."""
    wanted = known_by_certificate(market)
    if not wanted:
        return "", []
    scan = "compare and note them: reversibility certificates scan"
    try:
        unknown = unknown_certificates(market, read(paths.known_certificates))
        text = (
            paths.known_certificates.read_text(encoding="utf-8") if paths.known_certificates.exists() else ""
        )
    except CartableError as error:
        name = paths.known_certificates.name
        french = f"{name} (certificats des postes Windows) ne peut pas être lu et n’est pas remis."
        return "", [Finding(f"{error} Then {scan}.", french)]
    if not unknown:
        return text, []
    names = _some(unknown)
    return text, [
        Finding(
            f"{paths.known_certificates} has no certificate of {len(unknown)} of the {len(wanted)} Windows PCs "
            f"({names}); {scan}.",
            f"Certificat inconnu pour {len(unknown)} des {len(wanted)} postes Windows ({names})"
            "\u00a0: le repreneur ne peut pas les distinguer d’autres machines.",
        )
    ]


def _some(tags: list[str]) -> str:
    return ", ".join(tags[:SHOWN]) + (", …" if len(tags) > SHOWN else "")


def _operator_key(path: Path) -> dict[str, bytes]:
    """The private key and its public half, read from the private one; CartableError when no successor could use it."""
    if not path.is_file():
        raise CartableError(
            f"There is no SSH key of the operators ({path}), so a successor gets none: {HOW}."
        )
    try:
        public = public_half(path)
        return {path.name: path.read_bytes(), f"{path.name}.pub": f"{public}\n".encode()}
    except (CartableError, OSError) as error:
        raise CartableError(
            f"The SSH key of the operators is not in the bundle, since no successor could use it: {error}"
        ) from error
