"""The hand-over that the tests of this room look at; see tests/unit/contract/handover.py."""

from __future__ import annotations

from tests.unit.contract.handover import handover, pristine

__all__ = ["handover", "pristine"]
