"""The record ``rebuild.json``: when a blank machine took an asset's place, and with what (playbooks/rebuild.yml)."""

from __future__ import annotations

REBUILD = "rebuild.json"
