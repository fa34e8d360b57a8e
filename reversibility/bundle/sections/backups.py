"""``08-sauvegardes``: the backups that were seen, and the machines that were rebuilt from them."""

from __future__ import annotations

from pathlib import Path

from reversibility.bundle import layout
from reversibility.bundle.collected import write_collected
from reversibility.bundle.sections.section import Build, Section
from reversibility.documents.restore_record import restore_record
from reversibility.records.rebuilds import REBUILD


def write(build: Build, folder: Path) -> None:
    """Gather what assets say of their backups, and write a record to sign of each that was rebuilt."""
    write_collected(build.state, "backups.json", folder / "sauvegardes.json")
    write_collected(build.state, REBUILD, folder / "restaurations.json")
    for site, tag in build.state.assets():
        record = build.state.read_json(site, tag, REBUILD)
        asset = build.market.assets.get(tag)
        if isinstance(record, dict) and asset is not None:
            page = restore_record(build.market, asset, record, build.moment)
            (folder / f"pv-restauration-{tag}.html").write_text(page, encoding="utf-8")


SECTION = Section(
    folder=layout.BACKUPS,
    contains="Les sauvegardes relevées, et les procès-verbaux des restaurations témoins, à signer.",
    formats=(".html", ".json"),
    readers="les parties",
    empty="aucune sauvegarde n’a été relevée",
    write=write,
)
