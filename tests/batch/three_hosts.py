"""A play with a role of one task file on three hosts that are this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
HOSTS = ("a", "b", "c")


def play(
    folder: Path,
    main: str,
    tasks: str,
    *arguments: str,
    settings: str = "",
    of_hosts: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run the role of ``main`` and ``tasks`` (all.yml), laid out in ``folder``; ``of_hosts``: their own variables."""
    hosts = [f"{name} {(of_hosts or {}).get(name, '')}" for name in HOSTS]
    for name, text in {
        "play.yml": "- hosts: all\n  gather_facts: false\n  roles: [asking]\n",
        "hosts.ini": "\n".join(hosts)
        + f"\n[all:vars]\nansible_connection=local\nansible_python_interpreter={sys.executable}\n",
        "roles/asking/tasks/main.yml": main,
        "roles/asking/tasks/all.yml": tasks,
        "roles/asking/handlers/main.yml": "- name: Handler\n  ansible.builtin.debug: {msg: handled}\n",
        "ansible.cfg": f"[defaults]\ncollections_path = {PROJECT / 'collections'}\n{settings}",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return subprocess.run(
        [Path(sys.executable).parent / "ansible-playbook", "-i", "hosts.ini", *arguments, "play.yml"],
        cwd=folder,
        env={**os.environ, "ANSIBLE_CONFIG": str(folder / "ansible.cfg"), "COLUMNS": "400"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
