"""A certificate as a run gives it with a real vault: cartable.fleet.certificate_request, cartable.fleet.certificate."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reversibility.cli import main
from reversibility.market.paths import MarketPaths
from reversibility.records.state import State
from reversibility.records.vault import KdfCost, Vault
from tests import project
from tests.project import PROJECT

DEMO = PROJECT / "inventories" / "demo"
PASSPHRASE = "six words that nobody else knows"
PLAY = """
- hosts: NA250001
  gather_facts: false
  connection: local
  vars:
    ansible_become_password: ""
    ansible_python_interpreter: {python}
  tasks:
    - cartable.fleet.certificate_request:
        path: {folder}/web.key
        certificate: {folder}/web.crt
        mode: "0600"
      register: requested
    - cartable.fleet.certificate:
        request: "{{{{ requested.request }}}}"
        current: "{{{{ requested.certificate }}}}"
        common_name: "{{{{ inventory_hostname }}}}"
        names: [intranet.ecole.internal]
        purpose: server
      register: given
    - ansible.builtin.copy:
        dest: {folder}/{{{{ item.key }}}}
        content: "{{{{ item.value }}}}"
        mode: "0644"
      loop:
        - {{key: web.crt, value: "{{{{ given.certificate }}}}"}}
        - {{key: ca.pem, value: "{{{{ given.authority }}}}"}}
        - {{key: crl.pem, value: "{{{{ given.revocations }}}}"}}
      when: item.value != ''
"""


EXTERNAL = {
    '        mode: "0600"\n': '        mode: "0600"\n        subject: /C=FR/O=Commune/CN=intranet.ecole.internal\n'
    "        names: [intranet.ecole.internal, 198.51.100.10]\n",
    "        purpose: server\n": "        purpose: server\n        issuer: external\n        name: web\n",
}


pytestmark = pytest.mark.playbook


@pytest.fixture
def play(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Callable[..., tuple[int, str]]:
    """Run the play; the number of tasks that were changed, and what it said."""
    data = tmp_path / "data"
    monkeypatch.setenv("CARTABLE_DATA_DIR", str(data))
    (tmp_path / "passphrase").write_text(PASSPHRASE)
    monkeypatch.setenv("CARTABLE_VAULT_PASSPHRASE_COMMAND", f"cat {tmp_path / 'passphrase'}")
    (data / "demo").mkdir(parents=True)
    Vault.create(data / "demo/vault.kdbx", PASSPHRASE, cost=KdfCost(memory_mib=19, passes=2, lanes=1))
    file = tmp_path / "play.yml"
    (tmp_path / "asset").mkdir()
    text = PLAY
    for before, after in getattr(request, "param", {}).items():
        text = text.replace(before, after)
    file.write_text(text.format(folder=tmp_path / "asset", python=sys.executable))
    environment = {
        "CARTABLE_DATA_DIR": str(data),
        "CARTABLE_VAULT_PASSPHRASE_COMMAND": f"cat {tmp_path / 'passphrase'}",
        "ANSIBLE_VARS_ENABLED": "host_group_vars,cartable.fleet.market,cartable.fleet.vault",
        "ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.default",
    }

    def run(*options: str) -> tuple[int, str]:
        done = project.ansible("ansible-playbook", "-i", DEMO, file, *options, environment=environment)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "PRIVATE KEY" not in done.stdout + done.stderr
        return int(re.findall(r" changed=(\d+) ", done.stdout)[-1]), done.stdout + done.stderr

    return run


def verified(folder: Path) -> bool:
    """Whether OpenSSL takes the certificate for a TLS server's, with the list of what is revoked."""
    trusted = folder / "trust.pem"
    trusted.write_text((folder / "ca.pem").read_text() + (folder / "crl.pem").read_text())
    command = [
        "openssl",
        "verify",
        "-purpose",
        "sslserver",
        "-crl_check",
        "-CAfile",
        trusted,
        folder / "web.crt",
    ]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def test_a_certificate_from_the_request_to_its_revocation(
    play: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    folder, paths = tmp_path / "asset", MarketPaths.for_inventory(DEMO)
    checked = play("--check", "--diff")
    assert checked[0] == 2 and "there is none" in checked[1]
    assert not any(folder.iterdir()) and not paths.state.exists(), (
        "a check writes nothing, no authority either"
    )
    assert play()[0] == 3
    assert (folder / "web.key").stat().st_mode & 0o777 == 0o600
    assert verified(folder)
    before = (folder / "web.crt").read_text()
    assert play()[0] == 0
    issued = State(paths.state).read_json("trois_platanes", "NA250001", "issued-certificates.json")
    assert [row["subject"] for row in issued["issued"]] == ["NA250001"]
    assert main(["certificates", "revoke", "-i", str(DEMO), "NA250001", "--reason", "key_compromise"]) == 0
    (folder / "web.key").unlink()
    assert play()[0] == 3, "another key, another certificate, another list"
    assert verified(folder)
    (folder / "web.crt").write_text(before)
    assert not verified(folder), "the stolen one is refused"


@pytest.mark.parametrize("play", [EXTERNAL], indirect=True)
def test_an_outside_authoritys_certificate_is_installed_once_it_was_delivered(
    play: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    folder, csr, answer = tmp_path / "asset", tmp_path / "web.csr", tmp_path / "web.pem"
    assert play()[0] == 2, "a key was made, a request kept"
    changed, said = play()
    assert changed == 0 and "no certificate was delivered yet" in said
    assert not (folder / "web.crt").exists() and not (folder / "ca.pem").exists()
    assert main(["certificates", "request", "-i", str(DEMO), "NA250001", "web", "--out", str(csr)]) == 0
    outside = [
        ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=Racine",
         "-days", "900", "-keyout", tmp_path / "ca.key", "-out", tmp_path / "ca.pem"],
        ["x509", "-req", "-in", csr, "-CA", tmp_path / "ca.pem", "-CAkey", tmp_path / "ca.key", "-days", "365",
         "-copy_extensions", "copyall", "-extfile", tmp_path / "ext", "-out", answer],
    ]  # fmt: skip
    (tmp_path / "ext").write_text("extendedKeyUsage=serverAuth")
    for command in outside:
        subprocess.run(["openssl", *command], check=True, capture_output=True)
    assert main(["certificates", "import", "-i", str(DEMO), "NA250001", "web", str(answer)]) == 0
    assert play()[0] == 2
    trusted = [
        "openssl",
        "verify",
        "-purpose",
        "sslserver",
        "-CAfile",
        tmp_path / "ca.pem",
        folder / "web.crt",
    ]
    assert subprocess.run(trusted, check=False, capture_output=True).returncode == 0
    assert play()[0] == 0
