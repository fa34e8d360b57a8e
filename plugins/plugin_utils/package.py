# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Error of the controller's plugins if the Python package cartable is missing."""

from __future__ import annotations


def need_package(missing: ImportError | None, error: type[Exception]) -> None:
    """Raise ``error`` with instructions if the import of the package failed with ``missing``."""
    if missing is not None:
        raise error(
            "The Python package cartable is not installed for the Python that runs Ansible; "
            f"run 'pip install -e .' in the project's folder with that Python ({missing})."
        )
