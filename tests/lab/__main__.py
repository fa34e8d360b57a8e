"""Starts the lab's command line from the project's folder, whatever the current folder is."""

from __future__ import annotations

import sys
from pathlib import Path

# In place of this file's own folder, whose modules (shell, image, …) must not hide others.
sys.path[0] = str(Path(__file__).resolve().parents[2])

from tests.lab.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
