# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Until when an operating system receives security updates from its maker.

The dates are those after which a PC of a school must not be in service any more: the end of long-term
support for Debian (which is free of charge), of standard support for Ubuntu, of (extended) support for
Windows. Paid extensions do not count.

Sources: https://wiki.debian.org/LTS and https://www.debian.org/releases/,
https://ubuntu.com/about/release-cycle, https://learn.microsoft.com/lifecycle/products/ (read in November
2026).
"""

from __future__ import annotations

from typing import Dict, Optional, Tuple

# (ID and VERSION_ID of os-release(5)) -> last day
LINUX: Dict[Tuple[str, str], str] = {
    ("debian", "8"): "2020-06-30",
    ("debian", "9"): "2022-06-30",
    ("debian", "10"): "2024-06-30",
    ("debian", "11"): "2026-08-31",
    ("debian", "12"): "2028-06-30",
    ("debian", "13"): "2030-06-30",
    ("ubuntu", "16.04"): "2021-04-30",
    ("ubuntu", "18.04"): "2023-05-31",
    ("ubuntu", "20.04"): "2025-05-29",
    ("ubuntu", "22.04"): "2027-06-01",
    ("ubuntu", "24.04"): "2029-05-31",
    ("ubuntu", "26.04"): "2031-05-29",
}
# Windows: (product, release) -> last day, for the editions of a school (Pro; Education where it differs)
WINDOWS: Dict[Tuple[str, str], str] = {
    ("windows xp", ""): "2014-04-08",
    ("windows vista", ""): "2017-04-11",
    ("windows 7", ""): "2020-01-14",
    ("windows 8", ""): "2016-01-12",
    ("windows 8.1", ""): "2023-01-10",
    ("windows 10", ""): "2025-10-14",
    ("windows 11", "21h2"): "2023-10-10",
    ("windows 11", "22h2"): "2024-10-08",
    ("windows 11", "23h2"): "2025-11-11",
    ("windows 11", "24h2"): "2026-10-13",
    ("windows 11", "25h2"): "2027-10-12",
    ("windows 11 education", "22h2"): "2025-10-14",
    ("windows 11 education", "23h2"): "2026-11-10",
    ("windows 11 education", "24h2"): "2027-10-12",
    ("windows 11 education", "25h2"): "2028-10-10",
    ("windows server 2008 r2", ""): "2020-01-14",
    ("windows server 2012", ""): "2023-10-10",
    ("windows server 2012 r2", ""): "2023-10-10",
    ("windows server 2016", ""): "2027-01-12",
    ("windows server 2019", ""): "2029-01-09",
    ("windows server 2022", ""): "2031-10-14",
    ("windows server 2025", ""): "2034-10-10",
}


def linux_end_of_support(identifier: str, version: str) -> Optional[str]:
    """Give the last day of support (ISO date) of a release, by ID and VERSION_ID of os-release; None if
    unknown.
    """
    if identifier == "debian":
        version = version.partition(".")[0]
    return LINUX.get((identifier.lower(), version))


def windows_end_of_support(product: str, release: str = "") -> Optional[str]:
    """Give the last day of support (ISO date) of ``Windows 11 Education``, ``24H2``; None if unknown.

    The longest product name that matches wins; a product whose end does not depend on the release has one
    entry.
    """
    name, release = product.lower().replace("microsoft ", "").strip(), release.lower()
    for known in sorted({product for product, _ in WINDOWS}, key=len, reverse=True):
        if name == known or name.startswith(known + " "):
            return WINDOWS.get((known, release), WINDOWS.get((known, "")))
    return None
