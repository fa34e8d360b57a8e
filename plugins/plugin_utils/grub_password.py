# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The password of GRUB's menu: PBKDF2 with SHA-512, as ``grub-mkpasswd-pbkdf2`` writes it."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

ROUNDS = 10_000  # default of grub-mkpasswd-pbkdf2; GRUB computes them slowly at boot
_LINE = r"^\s*password_pbkdf2 {user} grub\.pbkdf2\.sha512\.(\d+)\.([0-9A-F]+)\.([0-9A-F]+)\s*$"


def grub_hash(password: str) -> str:
    """The hash of ``password``, with a random salt."""
    salt = secrets.token_bytes(64)
    return f"grub.pbkdf2.sha512.{ROUNDS}.{salt.hex().upper()}.{_derived(password, salt, ROUNDS, 64).hex().upper()}"


def grub_opens(menu: str, user: str, password: str) -> bool:
    """Whether ``password`` is that of ``user``, the only superuser of the menu (the text of grub.cfg)."""
    superusers = re.findall(r'^\s*set superusers="([^"]*)"', menu, re.M)
    lines = re.findall(_LINE.format(user=re.escape(user)), menu, re.M | re.I)
    if superusers != [user] or len(lines) != 1:
        return False
    rounds, salt, kept = int(lines[0][0]), bytes.fromhex(lines[0][1]), bytes.fromhex(lines[0][2])
    return hmac.compare_digest(_derived(password, salt, rounds, len(kept)), kept)


def _derived(password: str, salt: bytes, rounds: int, length: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha512", password.encode(), salt, rounds, length)
