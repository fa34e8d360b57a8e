# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plugins on the controller say when the Python package cartable is not there."""

from __future__ import annotations


def need_package(missing: ImportError | None, error: type[Exception]) -> None:
    """Raise ``error`` with what to do when importing the package gave ``missing``; nothing otherwise."""
    if missing is not None:
        raise error(
            "The Python package cartable is not installed for the Python that runs Ansible; "
            f"run 'pip install -e .' in the project's folder with that Python ({missing})."
        )
