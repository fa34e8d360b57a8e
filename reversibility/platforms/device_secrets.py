"""Secrets of a wanted configuration that a device does not show: their names, and the commands that set them."""

from __future__ import annotations

from collections.abc import Iterable

from reversibility.platforms.driver import SwitchDriver
from reversibility.platforms.model import Configuration
from reversibility.platforms.secret_names import names_in


def needed(driver: SwitchDriver, wanted: Configuration) -> tuple[str, ...]:
    """The names of all secrets of a wanted configuration."""
    return names_in(driver.render(_sections(wanted)))


def renewing(
    driver: SwitchDriver, wanted: Configuration, names: Iterable[str], blank: str
) -> tuple[str, ...]:
    """The commands that set these secrets again; of a mode, all commands if one of them does.

    ``blank`` is the running configuration of a device without any of them.
    """
    asked = set(names)
    blocks: list[list[str]] = []
    for command in driver.plan(_sections(wanted), {next(iter(driver.commands)): blank.encode()}):
        if command.startswith(" ") and blocks:
            blocks[-1].append(command)
        else:
            blocks.append([command])
    kept = [block for block in blocks if asked & set(names_in("\n".join(block)))]
    return tuple(command for block in kept for command in block)


def _sections(wanted: Configuration) -> Configuration:
    """The sections that hold secrets."""
    return Configuration(
        accounts=wanted.accounts, snmp_users=wanted.snmp_users or (), radius=wanted.radius or ()
    )
