"""Rules about the variables of hosts and groups: used, spelled correctly, and without secrets."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from reversibility.market.findings import Finding, near, one_of
from reversibility.market.kinds import kind_table
from reversibility.market.known_certificates import VALIDATION, takes_any
from reversibility.market.market_files import MarketFiles
from reversibility.market.roles import role_options
from reversibility.market.secret_literals import is_literal, is_secret_name, is_secret_text
from reversibility.market.source import Document, dotted

# Variables of Ansible and this project; a misspelled one would be ignored silently.
KNOWN_VARIABLES = frozenset({"ansible_host", "asset", "ports"})
# What a misspelled variable may look like without being one.
REAL_VARIABLES = frozenset({"ansible_port", "ansible_user", "ansible_password", "ansible_shell_type"})
# How alike a name must be to one of the short names above to be taken for a slip: "port" is, "notes" is not.
ALIKE = 0.75
# How alike it must be to one of a role's: one letter in a dozen.
SLIP = 0.92


def variable_files_apply(market: MarketFiles) -> Iterator[Finding]:
    """A file of host_vars/ or group_vars/ without a host or group, which Ansible ignores silently."""
    if not market.fleet_known:
        return
    for tag, documents in market.host_vars.items():
        if tag not in market.tags:
            for document in documents:
                yield Finding(
                    document.file, 1, tag, f"{tag} is no asset of hosts.yml", one_of(tag, set(market.tags))
                )
    groups = _groups(market)
    for group, documents in market.group_vars.items():
        if group not in groups:
            for document in documents:
                yield Finding(
                    document.file, 1, group, f"no host is in the group {group}", one_of(group, groups)
                )


def variables_are_spelled(market: MarketFiles) -> Iterator[Finding]:
    """A name that looks like ``ansible_host``, ``asset`` or ``ports`` and is not; ``asset`` outside hosts.yml."""
    for owner, document, steps, variables in market.mappings():
        for name in variables:
            if name == "asset" and "hosts" not in steps:
                expected = "asset in hosts.yml only: one place says what a thing is"
                problem = f"{owner} has its asset here"
            elif name not in KNOWN_VARIABLES | REAL_VARIABLES and (match := _misspelled(name, variables)):
                problem = f'{owner} has the variable "{name}", which nothing reads'
                expected = f'the name "{match}", if that is what it is'
            else:
                continue
            yield document.finding((*steps, name), problem, expected)


def role_variables_exist(market: MarketFiles) -> Iterator[Finding]:
    """A name that begins with a role's and is none of its options, or is nearly one: the default would be used."""
    for owner, document, steps, variables in market.mappings():
        for name in variables:
            if isinstance(name, str) and (expected := _no_option(name)):
                problem = f'{owner} has the variable "{name}", which no role reads'
                yield document.finding((*steps, name), problem, expected)


def certificates_are_compared(market: MarketFiles) -> Iterator[Finding]:
    """A Windows PC whose certificate nobody checks: whoever answers at its address would be sent its passwords."""
    for host in market.hosts:
        if takes_any(market.variables(host)) and (place := market.place(host, VALIDATION)):
            document, steps = place
            yield document.finding(
                steps,
                f"{host.tag} is reached by Ansible's own WinRM connection, which takes any certificate with this value",
                "ansible_connection: cartable.fleet.winrm (the default), which compares fingerprints",
            )


def no_secrets(market: MarketFiles) -> Iterator[Finding]:
    """Passwords, tokens and private keys belong in the vault, since the inventory and each bundle contain these files.

    No finding shows any of the value.
    """
    for document in market.documents():
        for steps in _secrets(document.value, (), False, set()):
            where = dotted(steps) or document.name
            yield document.finding(
                steps,
                f"{where} is a secret that is written out",
                "\"{{ lookup('cartable.fleet.vault', 'ACCOUNT') }}\", and the secret in the "
                "vault (KeePassXC enters it, 'reversibility vault list' shows the entry)",
            )


def _secrets(value: Any, steps: tuple[Any, ...], secret: bool, seen: set[int]) -> Iterator[tuple[Any, ...]]:
    """The paths of the secrets in ``value``; ``secret`` when a name above says that all of it is one.

    ``seen`` has the containers that were looked at: an alias in YAML may repeat one without end.
    """
    if isinstance(value, dict | list):
        if id(value) in seen:
            return
        seen.add(id(value))
        for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _secrets(inner, (*steps, step), secret or is_secret_name(step), seen)
    elif is_secret_text(value) or (secret and is_literal(value)):
        yield steps


@cache
def _no_option(name: str) -> str | None:
    """What is expected in place of ``name``; None when it is a role's option or none of a role's business."""
    options = role_options()
    everything = [option for of_role in options.values() for option in of_role]
    if name in everything:
        return None
    role = next((role for role in options if name.startswith(f"{role}_")), None)
    if role is None:
        slips = difflib.get_close_matches(name, everything, n=1, cutoff=SLIP)
        return f'the name "{slips[0]}", if that is what it is' if slips else None
    match = near(name, set(options[role]))
    hint = f' (did you mean "{match}"?)' if match else ""
    return f"an option that roles/{role}/meta/argument_specs.yml lists{hint}"


@cache
def _near_known(name: str) -> str | None:
    matches = difflib.get_close_matches(name.casefold(), KNOWN_VARIABLES, n=1, cutoff=ALIKE)
    return matches[0] if matches else None


def _misspelled(name: Any, there: Any) -> str | None:
    match = _near_known(name) if isinstance(name, str) else None
    return match if match not in there else None


def _groups(market: MarketFiles) -> set[str]:
    names = {"all", "ungrouped", "managed"} | {f"kind_{kind}" for kind in kind_table().kinds}
    for host in market.tags.values():
        names |= {*host.groups}
    constructed = Document.read(Path(market.path, "keyed_groups.yml"))
    if isinstance(constructed.value, dict) and isinstance(constructed.value.get("groups"), dict):
        names |= {str(name) for name in constructed.value["groups"]}
    return names


RULES = (
    variable_files_apply,
    variables_are_spelled,
    role_variables_exist,
    certificates_are_compared,
    no_secrets,
)
