"""The record ``rebuild.json``: the last rebuild of an asset on a blank machine (playbooks/rebuild.yml)."""

from __future__ import annotations

REBUILD = "rebuild.json"
