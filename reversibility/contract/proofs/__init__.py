"""Proofs by subject: checks of evidence.

Each looks at what an evidence found and answers with a few words in French, which the town reads. "Not ok" leaves
the row at *present*: something is there, and nobody may say that it is proven.

A new one is a function with its decorator in the file of its subject, or in a new file here: all are imported.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

for module in iter_modules(__path__):
    import_module(f"{__name__}.{module.name}")
