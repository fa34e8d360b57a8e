"""Registry of drivers, by platform: the module ``reversibility/platforms/<platform>.py`` has one object ``DRIVER``."""

from __future__ import annotations

import importlib
from functools import cache
from importlib.util import find_spec
from typing import cast

from reversibility.market.kinds import kind_groups
from reversibility.market.platforms import platform_table
from reversibility.platforms.api_files import ApiDriver
from reversibility.platforms.driver import Driver, SwitchDriver
from reversibility.platforms.shell_driver import ShellDriver

# Drivers that configure a Linux machine by its kind, besides its roles.
_ON_LINUX = {"switches": "openvswitch", "access_points": "hostapd"}


@cache
def driver(platform: str) -> Driver | None:
    """The driver of a platform; None without one: then there is no readable copy and no proof."""
    if platform not in platform_table().platforms or find_spec(f"{__package__}.{platform}") is None:
        return None
    return cast(Driver | None, getattr(importlib.import_module(f"{__package__}.{platform}"), "DRIVER", None))


def switch_driver(platform: str) -> SwitchDriver | None:
    """The driver of a platform that is configured by commands; None when there is none."""
    found = driver(platform)
    return cast(SwitchDriver, found) if hasattr(found, "dialogue") else None


def api_driver(platform: str) -> ApiDriver | None:
    """The driver of a platform that is configured by calls of an API; None when there is none."""
    found = driver(platform)
    return found if isinstance(found, ApiDriver) else None


def shell_driver(platform: str, kind: str) -> ShellDriver | None:
    """The driver that reads and changes an asset by scripts; None when there is none."""
    names = [platform]
    if platform in platform_table().platforms and platform_table().platforms[platform].family == "linux":
        names += [_ON_LINUX[group] for group in kind_groups(kind) if group in _ON_LINUX]
    found = (driver(name) for name in names)
    return next((cast(ShellDriver, one) for one in found if hasattr(one, "scripts")), None)
