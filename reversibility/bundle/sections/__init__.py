"""The sections of a bundle: one file here for each folder below ``data/``.

A new one is a new file with a ``SECTION``: all are imported, and the start page and the build read this table.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from reversibility.bundle.sections.section import Section

_MODULES = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
SECTIONS: tuple[Section, ...] = tuple(
    sorted(
        (module.SECTION for module in _MODULES if hasattr(module, "SECTION")),
        key=lambda section: section.folder,
    )
)
