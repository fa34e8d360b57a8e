"""``07-certificats``: the certificates that were seen, when they end, and what the market's authority publishes."""

from __future__ import annotations

from pathlib import Path

from reversibility.bundle import layout
from reversibility.bundle.collected import write_collected
from reversibility.bundle.sections.section import Build, Section
from reversibility.documents.certificates import HEADERS, RECORD, certificates, expiry_events, expiry_page
from reversibility.operations.certificates.issuing import CERTIFICATE, REVOCATIONS
from reversibility.records.tables import write_table

PUBLISHED = {CERTIFICATE: "autorite.pem", REVOCATIONS: "revocations.pem"}


def write(build: Build, folder: Path) -> None:
    """Write the records, a table, a page and a calendar of them, and the authority's certificate and list."""
    write_collected(build.state, RECORD, folder / "certificats.json")
    if rows := certificates(build.market, build.state):
        with write_table(folder / "certificats.csv", HEADERS) as table:
            for row in rows:
                table.row(row.row())
        (folder / "echeances.ics").write_bytes(expiry_events(build.market, rows, build.moment))
        (folder / "echeances.html").write_text(expiry_page(build.market, rows, build.moment), "utf-8")
    for name, copy in PUBLISHED.items():
        if (content := build.state.read_authority(name)) is not None:
            (folder / copy).write_bytes(content)


SECTION = Section(
    folder=layout.CERTIFICATES,
    contains=(
        "Les certificats relevés, leur échéance et leur responsable\u00a0; le certificat de l’autorité du marché et "
        "sa liste de révocation. La clé de l’autorité est dans le coffre."
    ),
    formats=(".json", ".csv", ".ics", ".html", ".pem"),
    readers="les parties",
    empty="aucun certificat n’a été relevé",
    write=write,
)
