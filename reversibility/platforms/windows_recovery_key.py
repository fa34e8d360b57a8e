"""Recovery keys of BitLocker: 48 digits in eight groups (Win32_EncryptableVolume, ProtectKeyWithNumericalPassword)."""

from __future__ import annotations

import re

GROUP = re.compile(r"[0-9]{6}")
LIMIT = 720896  # each group is a 16-bit number times 11


def is_recovery_key(text: str) -> bool:
    """Whether each group is right; a group with one wrong digit is none, as 11 does not divide it."""
    groups = text.split("-")
    return len(groups) == 8 and all(
        GROUP.fullmatch(group) and int(group) % 11 == 0 and int(group) < LIMIT for group in groups
    )
