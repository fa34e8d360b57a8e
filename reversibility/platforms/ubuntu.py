"""Ubuntu: what Debian has, in the same files."""

from __future__ import annotations

from reversibility.platforms.debian import Debian

DRIVER = Debian(platform="ubuntu")
