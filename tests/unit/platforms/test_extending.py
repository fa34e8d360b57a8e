"""docs/extending.md, done to a copy of the project to the letter: a made-up kind on a made-up platform, handed over."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from reversibility.market.load import load_market
from reversibility.market.paths import MarketPaths
from tests.project import PROJECT
from tests.unit.bundle.conftest import make_key
from tests.unit.bundle.market import git, make_keys

pytestmark = pytest.mark.playbook

BIN = Path(sys.executable).parent
TREES = ("inventories/demo", "playbooks", "plugins", "reversibility", "roles", "meta")
FILES = ("ansible.cfg", "galaxy.yml", "pyproject.toml", "constraints.txt", "LICENSE", "README.md")
STEP = re.compile(r"`([\w./]+)`(?:, below `(\w+:)`)?:\n\n```\w+\n(.*?)```", re.DOTALL)
TAG = "TR260001"
ASSET = """            TR260001:
              ansible_host: {host}
              asset: {{kind: plotter, vendor: Exemple, model: Traceur A0, serial: PLOT-0001, purchased: 2026-01-05,
                      os: plotos-4,
                      vlan: administration, mac: "02:00:5e:00:10:77", responsible: contractor,
                      status: in_service, financing: purchase,
                      warranty_until: 2029-01-05, end_of_life: 2034-01-05, managed: true}}
"""
SECRET = "Traceur-Secret-77"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project in a folder of its own, committed; with what the page says and an asset of that kind."""
    root = tmp_path_factory.mktemp("extended") / "project"
    for name in TREES:
        shutil.copytree(PROJECT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "molecule"))
    for name in FILES:
        shutil.copyfile(PROJECT / name, root / name)
    (root / "collections/ansible_collections/cartable").mkdir(parents=True)
    (root / "collections/ansible_collections/cartable/fleet").symlink_to("../../..")
    (root / ".gitignore").write_text("/var/\n__pycache__/\n")
    git(root, "init", "-q", "-b", "main")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "project")
    steps = STEP.findall((PROJECT / "docs" / "extending.md").read_text(encoding="utf-8"))
    for name, below, text in steps:
        path = root / name
        if below:
            before = path.read_text(encoding="utf-8")
            assert f"\n{below}\n" in before
            path.write_text(before.replace(f"\n{below}\n", f"\n{below}\n{text}", 1), encoding="utf-8")
        else:
            assert not path.exists()
            path.write_text(text, encoding="utf-8")
    changed = {line[3:] for line in git(root, "status", "--porcelain", "-uall").splitlines()}
    assert changed == {name for name, _, _ in steps} and len(changed) == 4
    device = root.parent / "device"
    device.mkdir()
    (device / "settings.conf").write_text(
        f"hostname = {TAG.lower()}\npaper = A0\nadmin_password = {SECRET}\n"
    )
    hosts = root / "inventories/demo/hosts.yml"
    text = hosts.read_text(encoding="utf-8")
    place = "        room_direction:\n          hosts:\n"
    hosts.write_text(text.replace(place, place + ASSET.format(host=device), 1), encoding="utf-8")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "plotter")
    return root


def run(copy: Path, program: str, *arguments: str) -> str:
    """Run one of the copy's programs: its Python package, its collection, its records."""
    phrase = copy.parent / "phrase"
    phrase.write_text("a long passphrase for a test of ours\n")
    environment = {
        **{
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ANSIBLE_", "CARTABLE_"))
        },
        "PYTHONPATH": str(copy),
        "PYTHONDONTWRITEBYTECODE": "1",
        "ANSIBLE_CONFIG": str(copy / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
        "COLUMNS": "300",
        "CARTABLE_VAULT_PASSPHRASE_COMMAND": f"cat {phrase}",
    }
    command = (
        [sys.executable, "-m", "reversibility.cli"] if program == "reversibility" else [str(BIN / program)]
    )
    done = subprocess.run(
        [*command, *arguments],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_new_kind_on_a_new_platform_is_checked_observed_and_handed_over(copy: Path) -> None:
    said = run(copy, "reversibility", "check", "-i", "inventories/demo")
    assert "1 plotter" in said and re.search(r"plotos \(1\)", said)

    paths = MarketPaths.for_inventory(copy / "inventories/demo")
    paths.data.mkdir(parents=True)
    # The market as this checkout reads it has no such kind: that of the keys' holders is enough.
    make_keys(paths, load_market(PROJECT / "inventories" / "demo"))
    make_key(paths.operator_key)
    run(copy, "reversibility", "vault", "init", "-i", "inventories/demo")
    told = run(copy, "ansible-playbook", "-i", "inventories/demo", "playbooks/observe.yml", "-l", TAG)
    assert SECRET not in told
    again = run(copy, "ansible-playbook", "-i", "inventories/demo", "playbooks/observe.yml", "-l", TAG)
    assert re.search(rf"{TAG} .*changed=0 .*failed=0", again)
    records = paths.state / "trois_platanes" / TAG
    readable = (records / "config/settings.conf").read_text()
    assert readable == f"hostname = {TAG.lower()}\npaper = A0\nadmin_password = <secret>\n"
    assert json.loads((records / "inventory.json").read_text())["itemtype"] == "Printer"

    run(copy, "reversibility", "build", "-i", "inventories/demo")
    [bundle] = [path for path in paths.bundles.iterdir() if (path / "data").is_dir()]
    completude = json.loads((bundle / "data/completude.json").read_text(encoding="utf-8"))
    rows = {row["obligation"]: row for row in completude["rows"] if row.get("asset") == TAG}
    restorable = rows["J-3.14-materiels"]
    assert (restorable["status"], restorable["method"]) == ("proven", "parsed_back"), restorable
    inventory = json.loads((bundle / "data/01-inventaire/inventaire.json").read_text(encoding="utf-8"))
    [row] = [row for row in inventory["assets"] if row["tag"] == TAG]
    assert (row["kind_name"], row["os_support_end"]) == ("traceur", "2031-12-31")
    assert SECRET.encode() not in b"".join(path.read_bytes() for path in bundle.rglob("*") if path.is_file())
