"""Building a bundle: all data of a market, assessed, sealed and signed.

The bundle is built in a hidden folder beside its final place and renamed when it is complete. The next build, which
holds the lock, removes leftovers of a killed one.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from reversibility.bundle import layout, texts
from reversibility.bundle.background_process import in_background
from reversibility.bundle.dual_control import Holders, Sheet
from reversibility.bundle.leak_scan import refuse_leaks
from reversibility.bundle.operator_access import read_access
from reversibility.bundle.passphrase_sheets import without_key
from reversibility.bundle.pinned_packages import pinned_packages
from reversibility.bundle.readable_state import ReadableState
from reversibility.bundle.seal import Label, Seal, seal
from reversibility.bundle.sections import SECTIONS
from reversibility.bundle.sections.section import Build, Section
from reversibility.bundle.signature import check_key, fingerprint_of, public_key
from reversibility.bundle.wheels import published
from reversibility.contract.formats import open_format
from reversibility.errors import CartableError
from reversibility.market.model import Market
from reversibility.market.paths import MarketPaths
from reversibility.records.atomic import make_folder, sync_folder
from reversibility.records.journals import Journals
from reversibility.records.locking import file_lock
from reversibility.records.vault import KdfCost, Vault

if TYPE_CHECKING:
    from reversibility.contract.assessment import Assessment

LOCK = ".lock"
SIGNING_KEY = "signing_ed25519"  # in the market's folder of keys
Progress = Callable[[str], None]
Deliver = Callable[[Sequence[Sheet], Path], None]


@dataclass(frozen=True)
class BuiltBundle:
    """A finished bundle. ``findings`` are its problems."""

    path: Path
    assessment: Assessment
    seal: Seal
    findings: tuple[str, ...]

    @property
    def completeness(self) -> str:
        """The assessment in words; the share is cut and not rounded up: 99.96 % is not 100 %."""
        counts, rate = self.assessment.counts(), int(self.assessment.rate() * 1000) / 10
        others = ", ".join(f"{counts[status]} {status}" for status in ("present", "missing", "waived"))
        return f"{counts['proven']} of {sum(counts.values())} proven ({rate:.1f} %); {others}"


def _silent(_: str) -> None:
    """Show no progress."""


def build(
    market: Market,
    paths: MarketPaths,
    vault: Vault,
    *,
    output: Path,
    signing_key: Path,
    holders: Holders,
    now: datetime | None = None,
    progress: Progress = _silent,
    deliver: Deliver | None = None,
    cost: KdfCost | None = None,
) -> BuiltBundle:
    """Build a bundle of ``market`` in the folder ``output``, named after the market and the moment.

    ``progress`` is told what is being done. ``deliver`` is given the sheets of the holders without a key and the
    bundle's path, when all is written and before the bundle is there: if it raises, or the build is killed
    meanwhile, no bundle is left that a holder cannot open. ``cost`` (of the vault's key derivation) is for tests.

    Raises CartableError when the bundle cannot be made; records that do not verify are findings, not errors.
    """
    check_key(signing_key)
    if deliver is None and without_key(holders):
        raise CartableError(
            f"Nobody would be shown the passphrase of {', '.join(without_key(holders))}; build with `reversibility "
            "build`, which shows it."
        )
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    target = output / f"cartable-{market.name}-{moment:%Y%m%dT%H%M%SZ}"
    try:
        make_folder(output)
        with file_lock(output / LOCK, timeout=3600.0):
            remove_unfinished(output)
            if target.exists():
                raise CartableError(f"{target} exists already; build again in a second.")
            building = output / f"{layout.BUILDING}{target.name}"
            building.mkdir(mode=0o700)
            try:
                built, sheets = _fill(
                    building, target, market, paths, vault, signing_key, holders, moment, progress, cost
                )
                progress("bringing the bundle to the disk")
                os.sync()
                if deliver is not None:
                    deliver(sheets, target)
                building.rename(target)
                sync_folder(output)
            except BaseException:
                shutil.rmtree(building, ignore_errors=True)
                raise
    except OSError as error:
        where = error.filename or output
        raise CartableError(
            f"The bundle cannot be written ({where}: {error.strerror}); check the disk's space and the rights."
        ) from error
    return built


def remove_unfinished(output: Path) -> None:
    """Remove what killed builds left in ``output``; the caller holds the lock."""
    for left in output.glob(f"{layout.BUILDING}*"):
        shutil.rmtree(left)


def latest(output: Path, market: str) -> Path | None:
    """The newest finished bundle of ``market`` in ``output``; None when there is none."""
    found = sorted(output.glob(f"cartable-{market}-[0-9]*Z")) if output.is_dir() else []
    return found[-1] if found else None


def _give_back_memory() -> None:
    """Return to the system what libxml2 has freed; glibc keeps it otherwise (measured: 380 of 870 MB)."""
    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


def _check_documents(data: Path) -> None:
    """Open what the assessment could not: the documents written from it, which clause B 6.2 is about as well."""
    pages = (data / layout.START / f"lisez-moi.{suffix}" for suffix in ("html", "pdf"))
    for path in (*(data / f"completude.{suffix}" for suffix in ("json", "csv", "html")), *pages):
        problem = open_format(str(path))
        if problem:
            raise CartableError(
                f"{path.relative_to(data.parent)} is not in the open format that it should have ({problem}); "
                "report this bug."
            )


def _fill(
    bag: Path,
    target: Path,
    market: Market,
    paths: MarketPaths,
    vault: Vault,
    signing_key: Path,
    holders: Holders,
    moment: datetime,
    progress: Progress,
    cost: KdfCost | None,
) -> tuple[BuiltBundle, Sequence[Sheet]]:
    # These import the renderer, which takes most of a second: verify and open do not need it.
    from reversibility.contract.assessment import assess
    from reversibility.contract.context import AssessmentContext
    from reversibility.documents.completeness import write_completeness
    from reversibility.documents.inventories import tags_in_vault

    data = bag / layout.DATA
    building = Build(
        name=target.name,
        data=data,
        market=market,
        paths=paths,
        vault=vault,
        state=ReadableState(paths.state),
        journals=Journals(paths.journal),
        holders=holders,
        access=read_access(market, paths),
        moment=moment,
        fingerprint=fingerprint_of(public_key(signing_key)),
        in_vault=tags_in_vault(vault),
        sections=SECTIONS,
        previous=latest(target.parent, market.name),
        cost=cost,
    )
    _write_sections(building, progress)
    _give_back_memory()

    progress("assessing the obligations")
    copy = cast(Vault, building.exported_vault)  # it has all that an assessment asks of a vault
    context = AssessmentContext(
        market, building.state, building.journals, vault, bag, moment, exported_vault=copy
    )
    assessment = assess(context)
    progress("writing the documents")
    write_completeness(data, assessment, market)
    for section in SECTIONS:
        if section.finish is not None:
            section.finish(building, data / section.folder, assessment)
    _check_documents(data)
    progress("looking for secrets in the clear")
    packages = published(data / layout.AUTOMATION / layout.WHEELS, pinned_packages())
    refuse_leaks(data, vault.secrets(), packages)
    progress("sealing")
    label = Label(
        market=market.name,
        title=str(market.contract.get("contract", {}).get("title", market.name)),
        organization=str(market.contract.get("parties", {}).get("contractor", {}).get("name", "")),
        identifier=target.name,
        moment=moment,
    )
    sealed = seal(bag, label, signing_key, lambda done: progress(f"sealing: {done} files"))
    return BuiltBundle(target, assessment, sealed, tuple(building.findings)), building.sheets


def _write_sections(building: Build, progress: Progress) -> None:
    """Fill the folders in their order; those in the background are done when the first of a later order starts."""
    for section in SECTIONS:
        (building.data / section.folder).mkdir(parents=True)
    building.findings |= dict.fromkeys(building.access.findings)
    for order in sorted({section.order for section in SECTIONS}):
        sections = [section for section in SECTIONS if section.order == order]
        with contextlib.ExitStack() as stack:
            waiting = [
                stack.enter_context(
                    in_background(partial(_write, building, section), f"writing {section.folder}")
                )
                for section in sections
                if section.background
            ]
            for section in sections:
                if not section.background:
                    progress(f"writing {section.folder}")
                    building.findings |= _write(building, section)
            for finished in waiting:
                building.findings |= finished()
        building.findings |= building.state.findings


def _write(building: Build, section: Section) -> dict[str, None]:
    """Fill one folder. An empty one gets a note with the reason, since BagIt has no empty folders."""
    folder = building.data / section.folder
    findings = section.write(building, folder) or ()
    if not any(folder.iterdir()):
        (folder / layout.EMPTY_NOTE).write_text(texts.empty_folder(section.empty), encoding="utf-8")
    return dict.fromkeys(findings)
