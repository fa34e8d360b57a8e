"""Findings about clear text on a network device: services and communities that anybody on the wire can read."""

from __future__ import annotations

from reversibility.platforms.model import Configuration

# By the service's name in the common model: what is wrong when it is on.
CLEAR = {
    "telnet": "Telnet est activé\u00a0: mots de passe en clair sur le réseau",
    "http": "l’administration par HTTP est activée\u00a0: mots de passe en clair sur le réseau",
    "snmp-v2c": "SNMP v1/v2c est activé\u00a0: communauté en clair sur le réseau",
}
FACTORY_ACCOUNTS = frozenset({"admin", "manager", "operator", "cisco", "root", "ubnt", "user"})


def findings(configuration: Configuration) -> list[dict[str, str]]:
    """What is found, in the order of the rules: ``rule``, ``state`` (ok or failed), ``detail`` in French."""
    on = {service for service in CLEAR if configuration.services.get(service) == "on"}
    found = [
        _finding(f"clear-text-{service}", text if service in on else "") for service, text in CLEAR.items()
    ]
    names = sorted(
        account.name for account in configuration.accounts if account.name.lower() in FACTORY_ACCOUNTS
    )
    detail = f"compte d’usine\u00a0: {', '.join(names)}" if names else ""
    return [*found, _finding("factory-accounts", detail)]


def _finding(rule: str, detail: str) -> dict[str, str]:
    return {"rule": rule, "state": "failed" if detail else "ok", "detail": detail}
