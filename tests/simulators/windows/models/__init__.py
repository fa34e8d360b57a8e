"""Models of modules, scripts and programs: one small file each. Importing this package registers none; `load` does."""

from __future__ import annotations

import importlib
import pkgutil


def load() -> None:
    """Import every model file of this package (and of `own`, for the modules of this project)."""
    for module in pkgutil.walk_packages(__path__, __name__ + "."):
        importlib.import_module(module.name)
