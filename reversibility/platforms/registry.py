"""Drivers by platform."""

from __future__ import annotations

import importlib
from functools import cache
from typing import cast

from reversibility.platforms.dialogue import DIALOGUES
from reversibility.platforms.driver import Driver, SwitchDriver

# Modules of this package with a DRIVER. No driver: no readable copy, never proven.
WITH_DRIVER = frozenset({*DIALOGUES})


@cache
def driver(platform: str) -> Driver | None:
    """The driver of a platform; None when there is none."""
    if platform not in WITH_DRIVER:
        return None
    return cast(Driver, importlib.import_module(f"reversibility.platforms.{platform}").DRIVER)


def switch_driver(platform: str) -> SwitchDriver | None:
    """The driver of a platform that is configured by commands; None when there is none."""
    return cast(SwitchDriver, driver(platform)) if platform in DIALOGUES else None
