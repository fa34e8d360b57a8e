"""An administrator whose account has expired, met through the real PAM: the remedy is the date, not the password.

In a mount namespace of its own, with its own /etc/passwd and /etc/shadow.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.trust.test_module_answers import TAMPERED, make_tampered

PASSWORD = f"Secret-of-{TAMPERED}-77"  # as that market's vault has it
PLAY = f"""
- hosts: {TAMPERED}
  gather_facts: false
  tasks:
    - name: See which password opens
      ansible.builtin.include_role:
        name: cartable.fleet.accounts
        tasks_from: resume_debian
        rolespec_validate: false
      vars: {{accounts_administrator: cartable}}
"""
EXPIRED = "the account cartable has expired"
REMEDY = "chage --expiredate -1 cartable"
CHANGED = "somebody changed it on the machine"


@pytest.mark.playbook
@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("openssl"), reason="makes a mount namespace")
@pytest.mark.parametrize(
    ("password", "fields", "said", "not_said"),
    [
        (PASSWORD, "20000:0:99999:7::1:", [EXPIRED, REMEDY], CHANGED),
        (PASSWORD, "20000:0:99999:7::20001:", [EXPIRED, REMEDY], CHANGED),
        ("Another-8", "20000:0:99999:7:::", [CHANGED], EXPIRED),
    ],
)
def test_the_remedy_is_the_right_one(
    tmp_path: Path, password: str, fields: str, said: list[str], not_said: str
) -> None:
    market = make_tampered(tmp_path)
    hashed = subprocess.run(
        ["openssl", "passwd", "-6", "-stdin"], input=password, capture_output=True, text=True, check=True
    ).stdout.strip()
    for name, line in (
        ("passwd", "cartable:x:4321:4321::/:/bin/sh"),
        ("shadow", f"cartable:{hashed}:{fields}"),
    ):
        (tmp_path / name).write_text(Path("/etc", name).read_text() + line + "\n")
    (tmp_path / "shadow").chmod(0o640)
    shutil.chown(tmp_path / "shadow", "root", "shadow")
    # What makes root of the administrator fails: sudo asks for the account first.
    sudo = tmp_path / "sudo"
    sudo.write_text("#!/bin/sh\necho 'sudo: Account expired' >&2\nexit 1\n")
    sudo.chmod(0o755)
    with (tmp_path / "inventories/tiny/group_vars/all.yml").open("a") as variables:
        variables.write(f"ansible_become_exe: {sudo}\nansible_become_user: daemon\n")
    (tmp_path / "inventories/tiny/host_vars" / f"{TAMPERED}.yml").write_text(
        f"ansible_python_interpreter: {sys.executable}\n"
    )
    (tmp_path / "play.yml").write_text(PLAY)
    mounts = " && ".join(f"mount --bind {tmp_path / name} /etc/{name}" for name in ("passwd", "shadow"))
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", f'{mounts} && exec "$@"', "sh",
         sys.executable, "-m", "ansible", "playbook", "-i", "inventories/tiny", "play.yml"],
        cwd=market.root, env=market.environment, text=True, capture_output=True, stdin=subprocess.DEVNULL, check=False,
        timeout=120,
    )  # fmt: skip
    output = done.stdout + done.stderr
    assert done.returncode != 0 and all(words in output for words in said) and not_said not in output, output
    assert password not in output
