"""A small sealed bag, with keys made for the run."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reversibility.bundle.seal import Label, seal
from reversibility.documents import start_page
from reversibility.documents.render import html_to_pdfa3
from reversibility.records.atomic import write_atomically

LABEL = Label(
    market="essai",
    title="Marché d'essai",
    organization="Entreprise Exemple",
    identifier="cartable-essai-20260301T083000Z",
    moment=datetime(2026, 3, 1, 8, 30, tzinfo=UTC),
)
PAYLOAD = {
    "00-lisez-moi/lisez-moi.html": b"<!doctype html><title>Lisez-moi</title>\n",
    "01-inventaire/inventaire.csv": "Étiquette;École\r\nUC250001;Trois-Platanes\r\n".encode(),
    "02-equipements/ecole/UC250001/config/etc/hostname": b"UC250001\n",
    "02-equipements/ecole/UC250001/inventory.json": b"{}\n",
    "02-equipements/ecole/UC250001/vide": b"",
    "06-secrets/vault.kdbx": bytes(range(256)) * 4,
    "09-journal/2026-03.jsonl": b'{"seq": 1}\n',
    "11-documents/Procès-verbal signé.txt": "reçu\n".encode(),
    "11-documents/gros.bin": b"0123456789abcdef" * 8000,  # goes to the threads
    "completude.json": b"{}\n",
}


_rendered: list[bytes] = []


@pytest.fixture(autouse=True)
def one_pdf(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first bundle's real PDF serves all others of the process: it takes most of a build's time.

    What a PDF says and how it is made is tested in ``tests/unit/documents``.
    """

    def first_rendered(html: str, path: Path) -> None:
        if not _rendered:
            html_to_pdfa3(html, path)
            _rendered.append(path.read_bytes())
        write_atomically(path, _rendered[0])

    monkeypatch.setattr(start_page, "html_to_pdfa3", first_rendered)


def make_key(path: Path) -> Path:
    """Make an SSH signing key without a passphrase."""
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "essai", "-f", str(path)]
    subprocess.run(command, check=True)
    return path


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two signing keys: ``town`` and ``stranger``."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("town", "stranger"):
        make_key(folder / name)
        public = (folder / f"{name}.pub").read_text().rsplit(" ", 1)[0]
        (folder / f"{name}.allowed").write_text(f'{name} namespaces="cartable-bundle" {public}\n')
    return folder


@pytest.fixture(scope="session")
def sealed(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> Path:
    """A sealed bag that no test may change; ``bag`` is a copy of it."""
    return make_bag(tmp_path_factory.mktemp("sealed") / LABEL.identifier, keys / "town")


def make_bag(folder: Path, key: Path) -> Path:
    """Write the payload and seal it with ``key``."""
    for name, content in PAYLOAD.items():
        path = folder / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    seal(folder, LABEL, key)
    return folder


@pytest.fixture
def bag(sealed: Path, tmp_path: Path) -> Path:
    """A sealed bag to do harm to."""
    return Path(shutil.copytree(sealed, tmp_path / sealed.name))
