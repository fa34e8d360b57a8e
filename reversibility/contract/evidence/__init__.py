"""Evidences by subject: functions that find the evidence of an obligation for one subject.

Each opens what is in the bundle that is being built (never the live records) and returns what it found, or None
when there is nothing. It may raise Unreadable: then something is there, and it does not open. An evidence never
says that what it found is good: a proof does (``contract/proofs``).

A new one is a function with its decorator in the file of its subject, or in a new file here: all are imported.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

for module in iter_modules(__path__):
    import_module(f"{__name__}.{module.name}")
