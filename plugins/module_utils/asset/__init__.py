# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads what a Linux asset is: plain functions over a ``Machine``, joined by ``document.observe``.

Runs on the targets with the standard library only (Python 3.9 and later).
"""
