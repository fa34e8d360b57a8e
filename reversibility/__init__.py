"""The records and the hand-over of a market: what is wanted, seen, known, done and handed over.

A plain Python package. The plugins of the collection ``cartable.fleet`` import it; it imports none of them.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("cartable")
except PackageNotFoundError:  # imported from a checkout that was never installed
    __version__ = "0+unknown"
