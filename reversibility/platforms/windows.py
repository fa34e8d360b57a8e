"""Driver of Windows: files made by ``win_asset_facts`` and ``win_asset_configuration``."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from typing import Any

from reversibility.market.model import Asset, Market
from reversibility.platforms import windows_restore
from reversibility.platforms.driver import Files, UnknownGrammar
from reversibility.platforms.model import Account, Configuration
from reversibility.platforms.windows_redact import redact

C = "\u00a0:"  # a colon in French
SYSTEM, ACCOUNTS, SOFTWARE = "/system.json", "/accounts.json", "/software.json"
REGISTRY, POLICY, AUDIT = "/registry.json", "/security/policy.inf", "/security/audit.csv"
# Files needed to set a PC up again. A list may be empty (no printer, no certificate), a file may not.
REQUIRED = (SYSTEM, ACCOUNTS, SOFTWARE, REGISTRY, POLICY, AUDIT)
OTHERS = ("/firewall.json", "/printers.json", "/services.json", "/certificates.json")
SHAPES = {SYSTEM: dict} | dict.fromkeys((ACCOUNTS, SOFTWARE, REGISTRY, *OTHERS), list)
SUBCATEGORY = re.compile(r"\{[0-9A-Fa-f-]{36}\}.*,[0-3]\s*$", re.MULTILINE)


class WindowsDriver:
    """What is known about the configuration of a Windows PC."""

    platform = "windows"

    def required_files(self, kind: str) -> tuple[str, ...]:
        """The same for every kind: Windows is set up the same way."""
        return REQUIRED

    def collected(self, kind: str) -> tuple[str, ...]:
        """The two modules whose answers are kept."""
        return ("cartable.fleet.win_asset_facts", "cartable.fleet.win_asset_configuration")

    def redact(self, path: str, text: str) -> str | None:
        """The readable copy; None for scheduled tasks and files of programs, whose grammar may hold anything."""
        return redact(path, text)

    def parse(self, files: Files) -> Configuration:
        """Name, accounts, and how each service starts."""
        problems = self.problems(files)
        if problems:
            raise UnknownGrammar(problems[0])
        system, accounts = _load(files, SYSTEM), _load(files, ACCOUNTS)
        return Configuration(
            hostname=str(system.get("name", "")),
            accounts=tuple(
                Account(
                    str(account["login"]),
                    "administrator" if account.get("administrator") else "user",
                    not account.get("locked"),
                )
                for account in accounts
            ),
            services={str(s["name"]): str(s["startup"]) for s in _load(files, "/services.json")},
        )

    def render(self, wanted: Configuration) -> str:
        """Nothing: the roles set a PC up, module by module."""
        return ""

    def problems(self, files: Files) -> list[str]:
        """Check the format of each file."""
        found = [f"{path}{C} absent ou vide" for path in REQUIRED if not files.get(path, b"").strip()]
        for path in sorted(files):
            if files[path].strip() and (problem := _problem(path, files[path])):
                found.append(f"{path}{C} {problem}")
        return found

    def compare(self, market: Market, asset: Asset, files: Files) -> str | None:
        """It is this PC's, it runs the declared system, and somebody administers it."""
        problems = self.problems(files)
        if problems:
            return f"la configuration ne permet pas de réinstaller le poste{C} {problems[0]}"
        system = _load(files, SYSTEM)
        wanted = str(asset.variables.get("baseline_hostname", asset.tag))
        name, os = str(system.get("name", "")), str(system.get("os", ""))
        if name.lower() != wanted.lower():
            return f"c’est la configuration de «\u00a0{name}\u00a0», et non de «\u00a0{wanted}\u00a0»"
        declared = str(asset.attributes.get("os", ""))
        if os != declared:
            return f"système relevé {os or 'inconnu'}, déclaré {declared}"
        problem = _domain_problem(asset, str(system.get("domain", "")))
        if problem:
            return problem
        administrators = [a for a in _load(files, ACCOUNTS) if a.get("administrator") and not a.get("locked")]
        if not administrators:
            return "aucun compte administrateur utilisable dans la configuration"
        return _printers_missing(asset, _load(files, "/printers.json"))

    def restore(self, files: Files) -> tuple[str, ...]:
        """PowerShell for a freshly installed PC (autounattend.xml): the secrets come from the vault, later."""
        problems = self.problems(files)
        if problems:
            raise UnknownGrammar(problems[0])
        return windows_restore.commands(
            {path: _load(files, path) for path in SHAPES if path in files},
            {path: files[path].decode("utf-8-sig", "replace") for path in (POLICY, AUDIT)},
        )


DRIVER = WindowsDriver()


def _domain_problem(asset: Asset, seen: str) -> str | None:
    declared = asset.variables.get("baseline_windows_domain") or {}
    wanted = str(declared.get("name", "")) if isinstance(declared, dict) else ""
    if seen.lower() == wanted.lower():
        return None
    return f"domaine relevé{C} {seen or 'aucun'}, déclaré{C} {wanted or 'aucun'}"


def _load(files: Files, path: str) -> Any:
    return json.loads(files.get(path) or ("{}" if SHAPES[path] is dict else "[]"))


def _problem(path: str, content: bytes) -> str:
    text = content.decode("utf-8-sig", "replace")
    if path in SHAPES:
        return _json_problem(text, SHAPES[path])
    if path == POLICY:
        return "" if "[System Access]" in text else "ce n’est pas une stratégie de sécurité de secedit"
    if path == AUDIT:
        return "" if SUBCATEGORY.search(text) else "ce n’est pas une sauvegarde d’auditpol"
    if path.startswith("/tasks/"):
        try:
            ElementTree.fromstring(re.sub(r"^<\?xml[^>]*\?>", "", text))
        except ElementTree.ParseError:
            return "ce n’est pas une tâche planifiée (XML)"
    return ""


def _json_problem(text: str, shape: type) -> str:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return "ce n’est pas du JSON"
    if not isinstance(content, shape):
        return "le contenu n’a pas la forme attendue"
    if isinstance(content, list) and not all(isinstance(item, dict) for item in content):
        return "le contenu n’a pas la forme attendue"
    return ""


def _printers_missing(asset: Asset, printers: list[dict[str, Any]]) -> str | None:
    queues = asset.variables.get("printing_queues") or []
    there = {str(printer.get("name")) for printer in printers}
    missing = [str(queue["name"]) for queue in queues if str(queue["name"]) not in there]
    return f"imprimante(s) déclarée(s) et absente(s) du poste{C} {', '.join(missing)}" if missing else None
