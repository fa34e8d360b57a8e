# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filler values of firmware: placeholders that manufacturers leave instead of a serial number or an identifier.

Many machines have the same one, so it identifies none. The values are those that GLPI ignores by default (its dropdown
"Blacklists"), with its pattern for version numbers read as a whole value: unanchored, it would refuse real serial
numbers. ``reversibility/platforms/fillers.py`` has the same for what is read on the controller; a test compares them.
"""

from __future__ import annotations

import re

TEXTS = re.compile(
    r"^(|-+|0+|\.+|n/?a|none|null|\(null string\)|unknown?|empty|invalid|default string"
    r"|not (specified|available|applicable|present|settable)"
    r"|to be filled by o\.?e\.?m\.?|o\.?e\.?m\.?|system (product name|manufacturer|version|serial number)"
    r"|(chassis|base board|board) serial number|no asset (tag|information)|asset[- ]?tag|1234567890?|x+)\.?$",
    re.IGNORECASE,
)
SERIALS = frozenset(
    {
        "sys-1234567890", "sys-9876543210", "sn-12345", "sn-1234567890", "mb-1234567890", "0123456789", "12345",
        "123456", "1234567", "12345678", "123456789", "1234567890", "123456789000", "12345678901234567", "nnnnnnn",
        "xxxxxxxxxxx", "eval", "iatpass", "tulip computers", "serial number xxxxxx", "sn-123456fvgv3i0b8o5n6n7k",
        "oem_serial", "systemserialnumb",
    }
)  # fmt: skip
# One sign over and over, noughts and ones, or a version number ("1.0", "2.0.1").
SERIAL_PATTERN = re.compile(r"^([01]+|(.)\2+|\d\.\d(\.\d)?)$")
UUIDS = frozenset({"03000200040005000006000700080009", "6ab5b300538d10149fb5b0684d007b53", "2"})
# One byte over and over: all 0, all F, all 01.
UUID_PATTERN = re.compile(r"^(..)\1{15}$")


def text(value: str) -> str:
    """Give a firmware field, empty when it is a filler."""
    value = value.strip()
    return "" if TEXTS.match(value) else value


def serial(value: str) -> str:
    """Give a serial number, empty when it is a filler."""
    value = text(value)
    return "" if value.lower() in SERIALS or SERIAL_PATTERN.match(value) else value


def identifier(value: str) -> str:
    """Give a machine's UUID in lower case, empty when it is a filler."""
    value = text(value).lower()
    digits = value.replace("-", "").strip("{}")
    return "" if digits in UUIDS or UUID_PATTERN.match(digits) else value
