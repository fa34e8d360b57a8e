"""Proofs about the bundle as a whole: it opens, and a successor can start from it."""

from __future__ import annotations

import subprocess
import tarfile
import tempfile
from pathlib import Path

from reversibility.contract.context import AssessmentContext, Found, Verdict
from reversibility.contract.obligations import Obligation, Subject
from reversibility.contract.offline_install import offline_problem
from reversibility.contract.registry import proof
from reversibility.errors import CartableError
from reversibility.market.host_keys import reached_by_ssh, unknown_hosts
from reversibility.market.known_certificates import known_by_certificate, read, unknown_certificates
from reversibility.market.load import load_market
from reversibility.records.git import environment
from reversibility.typography import number

C = "\u00a0:"  # a colon in French


@proof("opened")
def formats_open(found: Found, _: AssessmentContext, __: Subject, ___: Obligation) -> Verdict:
    """Every file of the bundle is in an open format and opens as what it says it is."""
    report = found.content
    if report.problems:
        shown = "\u00a0; ".join(report.problems[:3])
        return Verdict(
            False,
            f"{number(len(report.problems))} fichier(s) sur {number(report.opened)}{C} {shown}",
        )
    return Verdict(True, f"{number(report.opened)} fichiers ouverts, tous en format ouvert")


@proof("opened")
def successor_can_start(found: Found, context: AssessmentContext, _: Subject, __: Obligation) -> Verdict:
    """The repository in the bundle opens, its packages are pinned, the market in it is the declared one, and with what
    is in the bundle its machines can be reached.
    """
    folder = context.payload.data / "10-automatisation"
    problem = _repository_problem(context.payload.data / found.content)
    if problem:
        return Verdict(False, problem)
    requirements = folder / "requirements.txt"
    lines = requirements.read_text(encoding="utf-8").splitlines() if requirements.is_file() else []
    pinned = [line for line in lines if line.strip() and not line.lstrip().startswith(("#", "-"))]
    if not pinned or any("==" not in line and " @ " not in line for line in pinned):
        return Verdict(False, "requirements.txt ne fixe pas la version de chaque paquet")
    wheels = folder / "paquets"
    problem = offline_problem(wheels, requirements) if wheels.is_dir() else None
    if problem:
        return Verdict(False, f"les paquets remis ne s’installent pas sans réseau{C} {problem}")
    try:
        market = load_market(folder / "marche")
    except (CartableError, OSError):
        return Verdict(False, "l’inventaire remis (marche) n’est pas valide")
    if market.assets.keys() != context.market.assets.keys():
        return Verdict(False, "l’inventaire remis (marche) ne déclare pas le même parc")
    problem = _access_problem(context, folder)
    if problem:
        return Verdict(False, problem)
    read = "inventaire et clés SSH" if reached_by_ssh(context.market) else "inventaire"
    installed = ", installés sans réseau dans un environnement vide" if wheels.is_dir() else ""
    return Verdict(True, f"dépôt, {len(pinned)} paquets à version fixée{installed}, {read} relus")


def _access_problem(context: AssessmentContext, folder: Path) -> str | None:
    """Tell what keeps a successor from the machines: the operators' key, or the machines' own keys and certificates."""
    return _ssh_problem(context, folder) or _certificate_problem(context, folder)


def _certificate_problem(context: AssessmentContext, folder: Path) -> str | None:
    wanted = known_by_certificate(context.market)
    try:
        unknown = unknown_certificates(context.market, read(folder / "known_certificates"))
    except CartableError:
        return f"known_certificates{C} illisible"
    if not unknown:
        return None
    count = f"{number(len(unknown))} poste(s) sur {number(len(wanted))}"
    return f"known_certificates{C} {count} sans certificat connu ({_some(unknown)})"


def _some(tags: list[str]) -> str:
    return ", ".join(tags[:5]) + (", …" if len(tags) > 5 else "")


def _ssh_problem(context: AssessmentContext, folder: Path) -> str | None:
    wanted = reached_by_ssh(context.market)
    if not wanted:
        return None
    if context.exported_vault is None:
        return "coffre non ouvert pendant l’évaluation"
    if not context.exported_vault.operator_key():
        return (
            "le coffre ne contient pas la clé SSH des exploitants, sans laquelle on ne joint aucune machine"
        )
    path = folder / "known_hosts"
    try:
        unknown = unknown_hosts(context.market, path.read_text(encoding="utf-8") if path.is_file() else "")
    except UnicodeDecodeError:
        return f"known_hosts{C} illisible"
    if unknown:
        count = f"{number(len(unknown))} machine(s) sur {number(len(wanted))}"
        return f"known_hosts{C} {count} sans clé d’hôte connue ({_some(unknown)})"
    return None


def _repository_problem(path: Path) -> str | None:
    """Open the repository in the bundle as its new owner would: clone the Git bundle, or list the archive."""
    if path.suffix == ".gz":
        try:
            with tarfile.open(path) as archive:
                names = archive.getnames()
        except (tarfile.TarError, EOFError, OSError):
            return "le dépôt remis n’est pas une archive lisible"
    else:
        with tempfile.TemporaryDirectory(prefix="cartable-depot-") as scratch:
            clone = ["git", "clone", "--quiet", "--bare", str(path.resolve()), f"{scratch}/depot.git"]
            listing = ["git", f"--git-dir={scratch}/depot.git", "ls-tree", "-r", "--name-only", "HEAD"]
            try:
                subprocess.run(clone, check=True, capture_output=True, env=environment())
                names = subprocess.run(
                    listing, check=True, capture_output=True, text=True, env=environment()
                ).stdout.splitlines()
            except (subprocess.CalledProcessError, FileNotFoundError):
                return "le dépôt remis ne se clone pas"
    if not any(Path(name).name == "ansible.cfg" for name in names):
        return "le dépôt remis ne contient pas le projet (ansible.cfg)"
    return None
