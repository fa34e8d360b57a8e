"""The records of one asset in the bundle, for the evidences that read them."""

from __future__ import annotations

from typing import Any

from reversibility.contract.asset_folder import AssetFolder
from reversibility.contract.context import AssessmentContext, Found
from reversibility.contract.obligations import Subject


def folder_of(context: AssessmentContext, subject: Subject) -> AssetFolder:
    """Return the folder of the subject's asset."""
    asset = subject.of_asset()
    return context.payload.asset(asset.site, asset.tag)


def record_in(folder: AssetFolder, name: str) -> Found | None:
    """Return one parsed record of the folder; None when it is not there."""
    content: Any = folder.json(name)
    return Found(folder.path(name), content) if content is not None else None
