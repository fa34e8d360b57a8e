"""What roles make of the administrators that the contract names: accounts, sudo and who may log in over SSH."""

from __future__ import annotations

from typing import Any

import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from tests.project import PROJECT

PEOPLE = [
    {"name": "alex", "comment": "Alex", "key": "ssh-ed25519 AAAA", "expires": -1, "state": "open"},
    {"name": "robin", "comment": "Robin", "key": "", "expires": 1767225600, "state": "ended"},
]


def value(name: str, *files: str, **variables: Any) -> Any:
    """A role's variable as Ansible gives it to a task."""
    known: dict[str, Any] = {}
    for file in files:
        known |= yaml.safe_load((PROJECT / "roles" / file).read_text(encoding="utf-8"))
    known = {key: trust_as_template(one) if isinstance(one, str) else one for key, one in known.items()}
    return Templar(DataLoader(), variables={**known, **variables}).template(
        trust_as_template(f"{{{{ {name} }}}}")
    )


def test_only_whose_access_holds_is_declared_an_administrator() -> None:
    files = ("accounts/defaults/main.yml", "accounts/vars/main.yml", "accounts/vars/debian.yml")
    known = {"ansible_user": "cartable", "asset": {}, "cartable_people": PEOPLE}
    assert value("accounts_administrators", *files, **known) == ["cartable", "alex"]
    assert value("accounts_ended", *files, **known) == ["robin"]
    declared = value("accounts_declared", *files, **known)
    assert [(one["name"], one["policy"]) for one in declared] == [
        ("alex", "administrator"),
        ("cartable", "administrator"),
    ]
    assert value("accounts_administrators", *files, ansible_user="cartable", asset={}) == ["cartable"]


def test_the_secured_ssh_server_lets_them_in() -> None:
    files = ("security/defaults/main.yml", "security/vars/main/linux_ssh.yml")
    assert (
        value("security_ssh_users_line", *files, ansible_user="cartable", cartable_people=PEOPLE)
        == "cartable alex"
    )
    assert value("security_ssh_users_line", *files, ansible_user="cartable") == "cartable"
