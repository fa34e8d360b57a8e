"""A market of three hosts on this machine, with a vault, for real runs of Ansible."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from reversibility.records.vault import Vault
from tests.project import PROJECT

HOSTS_YML = """
all:
  vars:
    ansible_connection: local
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
    cartable_site: trois_platanes
  children:
    site_trois_platanes:
      hosts:
        UC250001: {}
        UC250002: {}
        NA250001: {}
"""


@dataclass
class TinyMarket:
    """A market of three hosts, a vault, and a command that gives its passphrase and counts how often it is run."""

    root: Path
    vault: Path
    passphrase: str
    environment: dict[str, str]

    @property
    def asked(self) -> int:
        """How often the passphrase was asked for."""
        counter = self.root / "asked"
        return len(counter.read_text().splitlines()) if counter.exists() else 0

    def run(
        self, tasks: str, *options: str, head: str = "", program: str = "playbook"
    ) -> subprocess.CompletedProcess[str]:
        """Run a playbook with ``tasks`` on all hosts."""
        playbook = self.root / "play.yml"
        playbook.write_text(f"- hosts: all\n  gather_facts: false\n{head}  tasks:\n{tasks}")
        return self.ansible(program, "-i", "inventories/tiny", *options, "play.yml")

    def ansible(self, program: str, *words: str, **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # type: ignore[call-overload, no-any-return]
            [sys.executable, "-m", "ansible", program, *words],
            cwd=self.root,
            env=self.environment,
            text=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # no terminal: nobody to ask
            check=False,
            **options,
        )

    def opened(self) -> Vault:
        return Vault.open(self.vault, self.passphrase)


def make_tiny_market(tmp_path: Path, template: bytes, passphrase: str) -> TinyMarket:
    """Write the market below ``tmp_path``, with the vault of ``template``."""
    folder = tmp_path / "inventories" / "tiny"
    folder.mkdir(parents=True)
    (folder / "hosts.yml").write_text(HOSTS_YML)
    vault = tmp_path / "var" / "tiny" / "vault.kdbx"
    vault.parent.mkdir(parents=True)
    vault.write_bytes(template)
    vault.chmod(0o600)
    (tmp_path / "passphrase").write_text(passphrase)
    (tmp_path / "ask").write_text(f"#!/bin/sh\necho asked >> {tmp_path}/asked\ncat {tmp_path}/passphrase\n")
    (tmp_path / "ask").chmod(0o755)
    (tmp_path / "ansible.cfg").write_text(
        "[defaults]\nforks = 3\nvars_plugins_enabled = host_group_vars, cartable.fleet.vault\n"
        f"collections_path = {PROJECT / 'collections'}\nretry_files_enabled = False\n"
        f"remote_tmp = {tmp_path}/remote\nlocal_tmp = {tmp_path}/local\n"
        f"[cartable]\nvault_passphrase_command = {tmp_path}/ask\n"
    )
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "CARTABLE_"))
    }
    environment |= {
        "PYTHONPATH": str(PROJECT),
        "ANSIBLE_NOCOLOR": "1",
        "HOME": str(tmp_path),
        "COLUMNS": "1000",
    }
    return TinyMarket(tmp_path, vault, passphrase, environment)
