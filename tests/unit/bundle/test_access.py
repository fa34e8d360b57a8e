"""A successor's access to the machines: the operators' key, in the vault only, and the SSH host keys."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from reversibility.bundle.build import BuiltBundle
from reversibility.bundle.open import load_identity, open_vault, write_operator_key
from reversibility.bundle.verify import verify
from reversibility.cli import main
from reversibility.errors import CartableError
from reversibility.market.host_keys import reached_by_ssh, unknown_hosts
from reversibility.market.load import load_market
from reversibility.market.paths import MarketPaths
from reversibility.records.vault import Vault
from tests.unit.bundle.conftest import make_key
from tests.unit.bundle.market import Case, make_case
from tests.unit.contract.handover import PASSPHRASE, PROJECT


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return make_case(tmp_path_factory.mktemp("market"))


@pytest.fixture
def case(pristine: Case, tmp_path: Path) -> Case:
    """A copy of the market, to do harm to."""
    data = Path(shutil.copytree(pristine.paths.data, tmp_path / "demo"))
    return replace(pristine, paths=replace(pristine.paths, data=data))


def vault_of(case: Case, built: BuiltBundle) -> Vault:
    """The vault of a bundle, opened with the keys of one holder of each group."""
    declared = [case.market.contract["holders"][group][0]["recipient_file"] for group in "ab"]
    keys = [(case.paths.data / file).with_suffix(".key") for file in declared]
    return open_vault(built.path, [identity for key in keys for identity in load_identity(key)])


def no_key(path: Path) -> None:
    path.unlink()


def a_key_under_a_passphrase(path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", "phrase", "-f", str(path)], check=True)


def no_key_at_all(path: Path) -> None:
    path.write_text("?\n")


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (no_key, "There is no SSH key of the operators"),
        (a_key_under_a_passphrase, "without a passphrase"),
        (no_key_at_all, "no successor could use it"),
    ],
)
def test_without_a_usable_key_the_hand_over_goes_on_and_says_so(
    case: Case, harm: Callable[[Path], None], told: str
) -> None:
    harm(case.paths.operator_key)
    built = case.build()
    assert verify(built.path).problems == []
    (finding,) = built.findings
    assert told in finding
    (row,) = [row for row in built.assessment.rows if row.obligation == "B-6.1-reprise"]
    assert row.status == "present" and "clé SSH des exploitants" in row.detail
    data = built.path / "data"
    assert "n’a pas été remise" in (data / "00-lisez-moi/lisez-moi.html").read_text(encoding="utf-8")
    sheet = (data / "06-secrets/OUVRIR.txt").read_text(encoding="utf-8")
    assert "Elle n’est pas dans ce coffre" in sheet and "--operator-key" not in sheet
    assert vault_of(case, built).operator_key() == {}


def test_without_host_keys_the_hand_over_goes_on_and_says_so(case: Case) -> None:
    lines = case.paths.known_hosts.read_text().splitlines(keepends=True)
    case.paths.known_hosts.write_text("".join(lines[1:]))
    (finding,) = case.build().findings
    assert "no host key of 1 of the 7 machines" in finding and "(NA250001)" in finding
    case.paths.known_hosts.unlink()
    built = case.build(minutes=1)
    (finding,) = built.findings
    assert "no host key of 7 of the 7 machines" in finding
    (row,) = [row for row in built.assessment.rows if row.obligation == "B-6.1-reprise"]
    assert row.status == "present" and "known_hosts" in row.detail
    assert not (built.path / "data/10-automatisation/known_hosts").exists()
    page = (built.path / "data/00-lisez-moi/lisez-moi.html").read_text(encoding="utf-8")
    assert "les clés d’hôte des machines n’ont pas été remises" in page


def test_a_vault_that_was_taken_over_hands_on_the_key_of_today(case: Case) -> None:
    """In the successor's vault there is still the key of before; neither it nor the vault is changed by a build."""
    vault = Vault.open(case.paths.vault, PASSPHRASE)
    with vault.transaction() as change:
        change.put_attachment(
            "cartable", "cartable", "operator-ssh", "operator_ed25519", b"the key of before"
        )
        change.put_attachment("trois_platanes", "UC250001", "cartable", "header.img", b"something else")
    saved = case.paths.vault.read_bytes()
    later = replace(case, vault=vault)
    copy = vault_of(later, later.build())
    assert copy.operator_key()["operator_ed25519"] == case.paths.operator_key.read_bytes()
    assert copy.attachment("UC250001", "cartable", "header.img") == b"something else"
    assert [entry.title for entry in copy.content.entries()].count("cartable/operator-ssh") == 1
    case.paths.operator_key.unlink()
    assert vault_of(later, later.build(minutes=1)).operator_key() == {}

    assert case.paths.vault.read_bytes() == saved
    with vault.transaction() as change:
        change.put_attachment("trois_platanes", "UC250001", "cartable", "other.img", b"the next one")
    again = Vault.open(case.paths.vault, PASSPHRASE)
    assert again.operator_key() == {"operator_ed25519": b"the key of before"}
    assert again.attachment("UC250001", "cartable", "header.img") == b"something else"
    assert again.attachment("UC250001", "cartable", "other.img") == b"the next one"


def test_a_key_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    there = make_key(tmp_path / "there")
    before = there.read_bytes()
    files = {"operator_ed25519": b"another", "operator_ed25519.pub": b"its half"}
    for output in (there, tmp_path / "new"):
        (tmp_path / "new.pub").write_text("of somebody\n")
        with pytest.raises(CartableError, match="never overwritten"):
            write_operator_key(files, output)
    assert there.read_bytes() == before and not (tmp_path / "new").exists()


def test_which_machines_known_hosts_knows() -> None:
    market = load_market(PROJECT / "inventories" / "demo")
    wanted = reached_by_ssh(market)
    assert wanted.keys() == {
        asset.tag
        for asset in market.assets.values()
        if asset.managed and not asset.attributes["os"].startswith("windows")
    }
    key = "ssh-ed25519 AAAA"
    lines = [f"{name} {key}" for name in wanted.values()]
    assert unknown_hosts(market, "\n".join(lines)) == []
    names = ",".join(["nas.ecole.example", *wanted.values()])
    assert unknown_hosts(market, f"# one line\n{names} {key} of all\n") == []
    for useless in ("", f"# {lines[0]}", f"@revoked {lines[0]}", lines[0].split()[0], f"|1|YQ==|YQ== {key}"):
        assert unknown_hosts(market, "\n".join([useless, *lines[1:]])) == [next(iter(wanted))]
    tag = next(iter(wanted))
    other = replace(market.assets[tag], variables={"ansible_port": 2222})
    changed = replace(market, assets={**market.assets, tag: other})
    assert unknown_hosts(changed, "\n".join(lines)) == [tag]
    assert unknown_hosts(changed, "\n".join([f"[{other.address}]:2222 {key}", *lines[1:]])) == []


def test_a_machine_that_is_not_reached_by_ssh_needs_no_host_key() -> None:
    market = load_market(PROJECT / "inventories" / "jurancon")
    systems = {str(market.assets[tag].attributes.get("os")) for tag in reached_by_ssh(market)}
    assert "debian-13" in systems and not any(re.match("windows", system) for system in systems)
    assert {asset.attributes.get("os") for asset in market.assets.values() if asset.managed} - systems


def test_where_they_are_is_what_the_markets_say() -> None:
    """The paths of MarketPaths are those with which Ansible logs in."""
    paths = MarketPaths("demo", Path("inventories/demo"), Path("DATA"))
    for name in ("demo", "jurancon"):
        text = (PROJECT / "inventories" / name / "group_vars" / "managed.yml").read_text(encoding="utf-8")
        for path in ("operator_key", "known_hosts"):
            text = text.replace(
                f"{{{{ lookup('cartable.fleet.market_path', '{path}') }}}}", str(getattr(paths, path))
            )
        assert f'"{paths.operator_key}"' in text and f"UserKnownHostsFile={paths.known_hosts}" in text


def test_the_command_says_when_there_is_no_key(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    case.paths.operator_key.unlink()
    built = case.build()
    declared = [case.market.contract["holders"][group][0]["recipient_file"] for group in "ab"]
    identities = [
        word
        for file in declared
        for word in ("--identity", str((case.paths.data / file).with_suffix(".key")))
    ]
    outputs = [case.paths.data / name for name in ("new.kdbx", "new_key")]
    status = main(
        [
            "open",
            str(built.path),
            "--unverified",
            *identities,
            "-o",
            str(outputs[0]),
            "--operator-key",
            str(outputs[1]),
        ]
    )
    assert status == 2 and "has no SSH key of the operators" in capsys.readouterr().err
    assert not any(output.exists() for output in outputs)
