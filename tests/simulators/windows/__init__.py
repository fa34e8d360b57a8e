"""Simulator of Windows PCs behind WinRM: state, strict modules, faults on demand."""

from __future__ import annotations

from .models.api import Call, Output, model, program_model, script_model
from .pc import PC
from .simulator import Endpoint, Simulator
from .state.factory import new_pc

__all__ = [
    "PC",
    "Call",
    "Endpoint",
    "Output",
    "Simulator",
    "model",
    "new_pc",
    "program_model",
    "script_model",
]
