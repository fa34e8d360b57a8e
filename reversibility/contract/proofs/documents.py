"""Proofs about the documents that people write."""

from __future__ import annotations

from reversibility.contract.context import AssessmentContext, Found, Verdict
from reversibility.contract.obligations import Obligation, Subject
from reversibility.contract.registry import proof


@proof("signed")
def signed(found: Found, _: AssessmentContext, __: Subject, ___: Obligation) -> Verdict:
    """What only people can do: the document is there; that it was agreed and signed, no machine can prove."""
    return Verdict(False, "document présent\u00a0; accord et signature à constater par les parties")
