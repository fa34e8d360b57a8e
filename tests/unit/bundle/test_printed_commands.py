"""The commands that OUVRIR.txt and lisez-moi.html print, typed to the letter where their reader would type them."""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from reversibility.bundle.dual_control import load_holders
from tests.unit.bundle.market import make_case
from tests.unit.contract.handover import PASSPHRASE

SECRETS, EQUIPMENT = "BUNDLE/data/06-secrets", "BUNDLE/data/02-equipements/trois_platanes/UC250001"
PROJECT = "cartable"  # which the reader cloned from the bundle
# How each command begins, where it is typed ("" is the folder that holds the bundle), and what it must say.
OPENING = [
    ("age -d -i MA-CLE moitie-a/", SECRETS, r"^([A-Z2-9]{4}-){6}[A-Z2-9]{4}"),
    ("age -d -i MA-CLE -o cle.keyx moitie-b/", SECRETS, ""),
    ("reversibility open DOSSIER ", "", "under the new passphrase"),
    ("age -d -i IDENTITE config.age | tar ", EQUIPMENT, "etc/hostname"),
]
START = [
    ("python3 -I BUNDLE/verifier.py --empreinte ", "", "INTACT, signé par la clé attendue"),
    ("pip install bagit\nbagit.py --validate BUNDLE", "", "BUNDLE is valid"),
    ("reversibility verify BUNDLE --fingerprint ", "", "intact, signed by the expected key"),
    ("age -d -i MA-CLE-PRIVEE moitie-a/", SECRETS, r"^([A-Z2-9]{4}-){6}[A-Z2-9]{4}"),
    ("age -d -i MA-CLE-PRIVEE -o cle.keyx moitie-b/", SECRETS, ""),
    ("age -d -i IDENTITE config.age | tar ", EQUIPMENT, "etc/hostname"),
    ("git clone BUNDLE/data/10-automatisation/depot.bundle cartable\ncp -r ", "", ""),
    ("cd cartable\npython3 -m venv .venv", "", "Requirement already satisfied: pykeepass"),
    ("git clone ../BUNDLE/data/09-journal/etat.bundle ", PROJECT, ""),
    ("reversibility open ../BUNDLE ", PROJECT, "under the new passphrase"),
    ("ansible-playbook -i inventories/demo playbooks/observe.yml", None, ""),
]
# The market of these tests is no whole project: installing one and observing with it is what tests/e2e does.
NOT_HERE = "pip install --no-deps -e ."


@dataclass
class Reader:
    """Somebody with a bundle in a folder of their own, the fingerprint on paper and two holders' keys."""

    folder: Path
    bundle: str
    words: Mapping[str, str]  # a placeholder in the documents -> what the reader types instead

    def page(self, name: str) -> str:
        return (self.folder / self.bundle / "data" / name).read_text(encoding="utf-8")

    def type(self, command: str, place: str) -> str:
        """Type a command; what it says. Nothing is fetched: what this Python has is all that pip may install."""
        half = re.search(r"moitie-[ab]/", command)
        words = dict(self.words)
        if half:
            words |= {"MON-FICHIER": self.words[half[0]], "MA-CLE-PRIVEE": self.words[f"key of {half[0]}"]}
            words["MA-CLE"] = words["MA-CLE-PRIVEE"]
        for placeholder in sorted(words, key=len, reverse=True):
            command = re.sub(
                rf"(?<![\w/-]){placeholder}(?![\w-])|(?<=/){placeholder}(?=\.age)",
                words[placeholder],
                command,
            )
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_"))
        }
        environment |= {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": sysconfig.get_path("purelib"),
            "PIP_NO_INDEX": "1",
            "CARTABLE_VAULT_PASSPHRASE_COMMAND": f"echo '{PASSPHRASE}'",
        }
        where = self.folder / place.replace("BUNDLE", self.bundle)
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", command],
            cwd=where, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    case = make_case(tmp_path_factory.mktemp("market"))
    built = case.build()
    folder = tmp_path_factory.mktemp("reader")
    shutil.copytree(built.path, folder / built.path.name)
    identity = folder / "identite.txt"
    identity.write_text(f"{case.vault.age_identity()}\n", encoding="ascii")
    holders = load_holders(case.market.contract, case.paths.data)
    words = {"SHA256:…": built.seal.fingerprint, "IDENTITE": str(identity), "DOSSIER": built.path.name}
    for group, chosen in (("a", holders.a[0]), ("b", holders.b[0])):
        declared = case.market.contract["holders"][group][0]
        key = str((case.paths.data / declared["recipient_file"]).with_suffix(".key"))
        words |= {f"moitie-{group}/": Path(chosen.file).stem, f"key of moitie-{group}/": key}
        words[f"CLE-{group.upper()}"] = key
    return Reader(folder, built.path.name, words)


def test_every_command_of_the_opening_sheet(reader: Reader) -> None:
    printed = re.findall(r"^ {7}(\S.*)$", reader.page("06-secrets/OUVRIR.txt"), re.MULTILINE)
    follow(reader, printed, OPENING)
    (reader.folder / SECRETS.replace("BUNDLE", reader.bundle) / "cle.keyx").unlink()  # as it says in the end
    (reader.folder / "vault.kdbx").unlink()


def test_every_command_of_the_start_page(reader: Reader) -> None:
    page = reader.page("00-lisez-moi/lisez-moi.html")
    printed = [html.unescape(text) for text in re.findall(r"<pre><code>(.*?)</code></pre>", page, re.DOTALL)]
    follow(reader, printed, START)
    project = reader.folder / PROJECT
    assert (project / "inventories/demo/hosts.yml").is_file()
    assert (project / "var/demo/state/trois_platanes/UC250001/inventory.json").is_file()
    assert (project / "var/demo/vault.kdbx").is_file()


def follow(reader: Reader, printed: list[str], expected: list[tuple[str, str | None, str]]) -> None:
    """Type all that is printed, in its order; a command that nobody thought of fails here."""
    assert len(printed) == len(expected), printed
    for command, (beginning, place, says) in zip(printed, expected, strict=True):
        assert command.startswith(beginning.replace("BUNDLE", reader.bundle)), command
        if place is not None:
            said = reader.type(command.replace(f"\n{NOT_HERE}", ""), place)
            assert re.search(says.replace("BUNDLE", reader.bundle), said), f"{command}\n{said}"
