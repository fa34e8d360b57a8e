"""``06-secrets``: the vault under dual control, and who opens it how."""

from __future__ import annotations

from pathlib import Path

from reversibility.bundle import layout
from reversibility.bundle.collected import write_json
from reversibility.bundle.dual_control import write_secrets
from reversibility.bundle.sections.section import Build, Section
from reversibility.bundle.signature import fingerprint_of
from reversibility.market.paths import OPERATOR_KEY
from reversibility.market.people import people


def write(build: Build, folder: Path) -> None:
    """Encrypt the vault anew for the holders; keep the sheets to deliver, and the copy as it was read back."""
    build.sheets, build.exported_vault = write_secrets(
        folder,
        build.vault,
        build.holders,
        build.market.name,
        operator_key=build.access.operator_key,
        cost=build.cost,
    )
    for person in people(build.market.contract, build.paths.data):
        if (
            person.key and person.key_file
        ):  # so that a successor's first run lets the town's people in as before
            target = folder / layout.PUBLIC_KEYS / person.key_file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(f"{person.key}\n", encoding="utf-8")
    public = build.access.operator_key.get(f"{OPERATOR_KEY}.pub", b"").decode()
    keys = {
        "age_recipient": build.vault.age_recipient(),
        "operator_key": fingerprint_of(public) if public else "",
        "signing_key": build.fingerprint,
    }
    write_json(folder / layout.KEYS_FILE, keys)


SECTION = Section(
    folder=layout.SECRETS,
    contains=(
        "Le coffre de mots de passe et de clés (vault.kdbx) et les deux moitiés de sa clé, chiffrées pour "
        "leurs détenteurs, avec les clés publiques de ceux-ci et des administrateurs."
    ),
    formats=(".kdbx", ".age", ".json", ".txt", ".pub"),
    readers="un détenteur de chaque groupe, ensemble",
    empty="le coffre n’a pas été remis",
    write=write,
    order=1,
)
