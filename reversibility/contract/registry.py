"""The registry of evidences and proofs: the names that a profile uses, and the functions that they mean.

A function is registered by its decorator when its module is imported; ``profile_loader`` imports them all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reversibility.contract.context import METHODS, AssessmentContext, Found, Verdict
from reversibility.contract.obligations import Obligation, Subject

EvidenceFunction = Callable[[AssessmentContext, Subject, Obligation], Found | None]
ProofFunction = Callable[[Found, AssessmentContext, Subject, Obligation], Verdict]
Absence = Callable[[Obligation, Subject], str]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One registered evidence. ``absent`` is the French name of the missing evidence."""

    find: EvidenceFunction
    absent: Absence


@dataclass(frozen=True, slots=True)
class Proof:
    """One registered proof, and by which of METHODS it proves."""

    judge: ProofFunction
    method: str


EVIDENCES: dict[str, Evidence] = {}
PROOFS: dict[str, Proof] = {}


def evidence(*, absent: str | Absence) -> Callable[[EvidenceFunction], EvidenceFunction]:
    """Register an evidence under its function's name; ``absent`` is what a *missing* row says, in French."""

    def register(function: EvidenceFunction) -> EvidenceFunction:
        says = absent if callable(absent) else lambda _, __: absent
        EVIDENCES[_new_name(function, EVIDENCES)] = Evidence(function, says)
        return function

    return register


def proof(method: str) -> Callable[[ProofFunction], ProofFunction]:
    """Register a proof under its function's name, with the method that its *proven* rows show."""
    if method not in METHODS:
        raise ValueError(f"no method of proof is called {method!r}; use one of {', '.join(METHODS)}")

    def register(function: ProofFunction) -> ProofFunction:
        PROOFS[_new_name(function, PROOFS)] = Proof(function, method)
        return function

    return register


def _new_name(function: Callable[..., object], known: dict[str, Evidence] | dict[str, Proof]) -> str:
    name = function.__name__
    if name in known:
        raise ValueError(f"two functions are called {name}; a profile could not tell them apart")
    return name
