"""A reader of a bundle who types the commands of its documents to the letter."""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reversibility.bundle.dual_control import load_holders
from reversibility.market.model import Market

SECRETS, EQUIPMENT = "BUNDLE/data/06-secrets", "BUNDLE/data/02-equipements/trois_platanes/UC250001"
PROJECT = "cartable"  # which the reader cloned from the bundle
# How each command begins, where it is typed ("" is the folder that holds the bundle), and what it must say.
Expected = list[tuple[str, str | None, str]]
VERIFY = 2  # of START: "once it is installed", so that it is typed after the others
START: Expected = [
    ("python3 -I BUNDLE/verifier.py --empreinte ", "", "INTACT, signé par la clé attendue"),
    ("python3 -m venv outil-bagit\noutil-bagit/bin/pip install ", "", "BUNDLE is valid"),
    ("reversibility verify BUNDLE --fingerprint ", None, "intact, signed by the expected key"),
    ("age -d -i MA-CLE-PRIVEE moitie-a/", SECRETS, r"^([A-Z2-9]{4}-){6}[A-Z2-9]{4}"),
    ("age -d -i MA-CLE-PRIVEE -o ../../../cle.keyx moitie-b/", SECRETS, ""),
    ("age -d -i IDENTITE config.age | tar ", EQUIPMENT, "etc/hostname"),
    ("git clone BUNDLE/data/10-automatisation/depot.bundle cartable\ncp -r ", "", ""),
    (
        "cd cartable\npython3 -m venv .venv",
        "",
        "already satisfied: pykeepass|Successfully installed cartable",
    ),
    # These need the machines: tests/e2e/test_takeover.py types them, and test_printed_commands.py up to "open".
    ("reversibility takeover ../BUNDLE -i inventories/demo --fingerprint ", None, ""),
    ("reversibility takeover ../BUNDLE -i inventories/demo --fingerprint ", None, ""),
]
# Where the bundle has no packages, nothing is fetched: what the test's Python has is what pip finds, and the clone is
# put on Python's path instead. This proves the commands, not the installation: tests/e2e/test_takeover.py does.
NOT_HERE = "\npip install --no-deps -e ."


@dataclass
class Reader:
    """Somebody with a bundle, the fingerprint on paper, two holders' keys, and a passphrase for the vault to be.

    ``before`` are the words that bring a command to a place without this project (tests/e2e/stranger.py), where the
    packages of the bundle are installed; without them the reader has the packages of the test.
    """

    folder: Path
    bundle: str
    words: Mapping[str, str]  # a placeholder in the documents -> what the reader types instead
    passphrase_command: str
    environment: Mapping[str, str] = field(default_factory=dict)
    before: tuple[str, ...] = ()

    @property
    def project(self) -> Path:
        """The project that the reader clones."""
        return self.folder / PROJECT

    def page(self, name: str) -> str:
        """A file below ``data/``."""
        return (self.folder / self.bundle / "data" / name).read_text(encoding="utf-8")

    def start_page(self) -> list[str]:
        """The commands of the start page."""
        page = self.page("00-lisez-moi/lisez-moi.html")
        return [
            html.unescape(text) for text in re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", page, re.DOTALL)
        ]

    def type(self, command: str, place: str) -> str:
        """Type a command; what it says."""
        process = self.start(command, place)
        said, _ = process.communicate()
        assert process.returncode == 0, f"{command}\n{said}"
        return said

    def start(self, command: str, place: str) -> subprocess.Popen[str]:
        """Type a command and go on; the process leads a group of its own."""
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
        mine = ("PYTHON", "PIP_", "CARTABLE_", "ANSIBLE_", "SSH_")  # what the reader has nothing of
        environment = {name: value for name, value in os.environ.items() if not name.startswith(mine)}
        environment |= {
            "PIP_NO_INDEX": "1",
            "CARTABLE_VAULT_PASSPHRASE_COMMAND": self.passphrase_command,
            **(self._own_programs() if self.before else self._programs_of_the_test()),
            **self.environment,
        }
        return subprocess.Popen(
            [*self.before, "bash", "-e", "-o", "pipefail", "-c", command],
            cwd=self.folder / place.replace("BUNDLE", self.bundle),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def _own_programs(self) -> dict[str, str]:
        """The system's programs and, once it is made, what the environment has that the page makes."""
        system = (f"{sys.base_prefix}/bin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
        return {
            "PATH": os.pathsep.join([str(self.project / ".venv" / "bin"), *system]),
            "PIP_CONFIG_FILE": os.devnull,  # this machine's may name folders of packages
            "PIP_NO_COMPILE": "1",  # half of the time
        }

    def _programs_of_the_test(self) -> dict[str, str]:
        return {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": f"{self.project}{os.pathsep}{sysconfig.get_path('purelib')}",
        }

    def follow(self, printed: list[str], expected: Expected) -> None:
        """Type all that is printed, in its order; a command that nobody thought of fails here."""
        assert len(printed) == len(expected), printed
        for command, (beginning, place, says) in zip(printed, expected, strict=True):
            assert command.startswith(beginning.replace("BUNDLE", self.bundle)), command
            if place is not None:
                self.see(command, place, says)

    def see(self, command: str, place: str, says: str) -> None:
        """Type a command, which has to say something."""
        said = self.type(command if self.before else command.replace(NOT_HERE, ""), place)
        assert re.search(says.replace("BUNDLE", self.bundle), said), f"{command}\n{said}"

    def follow_start_page(self) -> list[str]:
        """Type the start page's commands up to those that need the machines; all that it prints."""
        printed = self.start_page()
        self.follow(printed, START)
        self.see(printed[VERIFY], "", START[VERIFY][2])
        return printed


def make_reader(
    folder: Path,
    bundle: Path,
    market: Market,
    data: Path,
    *,
    fingerprint: str,
    age_identity: str,
    passphrase_command: str,
    environment: Mapping[str, str] | None = None,
    before: tuple[str, ...] = (),
) -> Reader:
    """Carry a copy of ``bundle`` to ``folder``; the keys are those of the first holder of each group, in ``data``."""
    shutil.copytree(bundle, folder / bundle.name)
    identity = folder / "identite.txt"
    identity.write_text(f"{age_identity}\n", encoding="ascii")
    holders = load_holders(market.contract, data)
    words = {"SHA256:…": fingerprint, "IDENTITE": str(identity), "DOSSIER": bundle.name}
    for group, chosen in (("a", holders.a[0]), ("b", holders.b[0])):
        declared = market.contract["holders"][group][0]
        key = str((data / declared["recipient_file"]).with_suffix(".key"))
        words |= {f"moitie-{group}/": Path(chosen.file).stem, f"key of moitie-{group}/": key}
        words[f"CLE-{group.upper()}"] = key
    return Reader(folder, bundle.name, words, passphrase_command, environment or {}, before)
