"""Users to whom sudo grants anything; compared with ``cvtsudoers`` if this machine has it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from plugins.module_utils.asset import sudoers
from plugins.module_utils.asset.accounts import accounts_and_unresolved
from plugins.module_utils.asset.machine import Machine

PASSWD = {"root": 0, "alex": 1001, "zoe": 1002, "eleve": 1003, "camille": 1004}
GROUPS = {
    "techs": (1500, "alex"),
    "domain users": (1600, "zoe"),
    "élèves": (1700, "eleve"),
    "equipe": (1800, "camille"),
}


class Files(Machine):
    """A machine of files whose commands are answers of this test."""

    answers: dict[str, str]

    def __init__(self, root: Path, **answers: str) -> None:
        super().__init__(str(root))
        self.answers = answers
        self.asked: list[tuple[str, ...]] = []

    def run(self, *command: str, accept: range | None = None) -> str | None:
        self.asked.append(command)
        return self.answers.get(command[0])


def machine_with(root: Path, policy: str, **answers: str) -> Files:
    """A machine whose accounts are those above."""
    (root / "etc").mkdir(exist_ok=True)
    passwd = [f"{login}:x:{uid}:{uid}::/home/{login}:/bin/bash" for login, uid in PASSWD.items()]
    group = [f"{name}:x:{gid}:{members}" for name, (gid, members) in GROUPS.items()]
    for name, text in (("passwd", "\n".join(passwd)), ("group", "\n".join(group)), ("sudoers", policy)):
        (root / "etc" / name).write_text(text + "\n")
    return Files(root, **answers)


def let_in(root: Path) -> tuple[set[str], set[str]]:
    """The users and the groups that the policy names."""
    policy = sudoers.read(Files(root))
    members = [member for found in policy.grants for member in found]
    members = [inner for member in members for inner in policy.aliases.get(member.name, [member])]
    return tuple({member.name for member in members if member.kind == kind} for kind in ("user", "group"))


def administrators(machine: Machine) -> tuple[set[str], list[str]]:
    """Who is marked, besides root, and what is said to be unresolved."""
    found, unresolved = accounts_and_unresolved(machine, set())
    return {account["login"] for account in found if account["administrator"]} - {"root"}, unresolved


@pytest.mark.parametrize(
    ("files", "users"),
    [
        ({"sudoers": "root ALL=(ALL) ALL\n", "sudoers.d/alex": "alex ALL=(ALL) ALL\n"}, {"root"}),
        ({"sudoers": "@includedir /etc/sudoers.d\n", "sudoers.d/alex": "alex ALL=(ALL) ALL\n"}, {"alex"}),
        ({"sudoers": "#includedir /etc/sudoers.d/\n", "sudoers.d/alex": "alex ALL=(ALL) ALL\n"}, {"alex"}),
        ({"sudoers": "# includedir /etc/sudoers.d\n", "sudoers.d/alex": "alex ALL=(ALL) ALL\n"}, set()),
        ({"sudoers": '@includedir "sudoers.d"\n', "sudoers.d/alex": "alex ALL=(ALL) ALL\n"}, {"alex"}),
        (
            {
                "sudoers": "@includedir /etc/sudoers.d\n",
                "sudoers.d/old.conf": "alex ALL=(ALL) ALL\n",
                "sudoers.d/old~": "camille ALL=(ALL) ALL\n",
                "sudoers.d/.hidden": "dominique ALL=(ALL) ALL\n",
                "sudoers.d/folder/file": "claude ALL=(ALL) ALL\n",
            },
            set(),
        ),
        ({"sudoers": "@include local.conf\n", "local.conf": "alex ALL=(ALL) ALL\n"}, {"alex"}),
        ({"sudoers": "#include /etc/a\\ b\n", "a b": "alex ALL=(ALL) ALL\n"}, {"alex"}),
        ({"sudoers": "@include /etc/sudoers.%h\n", "hostname": "pc1.lan\n", "sudoers.pc1": "alex ALL=ALL\n"}, {"alex"}),
        (
            {
                "sudoers": "@includedir /etc/sudoers.d\n",
                "sudoers.d/more": "@include /etc/local\n",
                "local": "@include /etc/sudoers\nalex ALL=(ALL) ALL\n",
            },
            {"alex"},
        ),
        ({"sudoers": "@include /etc/missing\n@includedir /etc/missing.d\nalex ALL=(ALL) ALL\n"}, {"alex"}),
    ],
)  # fmt: skip
def test_sudo_reads_only_what_sudoers_includes(tmp_path, files, users):
    for name, text in files.items():
        path = tmp_path / "etc" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert let_in(tmp_path)[0] == users


@pytest.mark.parametrize(
    ("text", "users", "groups"),
    [
        ("root ALL=(ALL:ALL) ALL\n", {"root"}, set()),
        ("%sudo ALL=(ALL:ALL) ALL\n%techs, alex ALL = NOPASSWD: /bin/x\n", {"alex"}, {"sudo", "techs"}),
        ("User_Alias ADM = alex, %staff\nADM ALL=(ALL) ALL\n", {"alex"}, {"staff"}),
        ("alex \\\n  ALL=(ALL) ALL\n", {"alex"}, set()),
        (
            "# alex ALL=(ALL) ALL\nDefaults env_reset\nDefaults secure_path=/usr/bin\n@includedir /etc/sudoers.d\n",
            set(),
            set(),
        ),
        ("Cmnd_Alias X = /bin/x\nHost_Alias H = pc\n", set(), set()),
    ],
)
def test_who_sudoers_lets_in(tmp_path, text, users, groups):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "sudoers").write_text(text)
    assert let_in(tmp_path) == (users, groups)


GRAMMAR = [
    ("#1002 ALL=(ALL) ALL", {"zoe"}),
    ("#1002,#1003 ALL=(ALL) ALL", {"zoe", "eleve"}),
    ("# 1002 ALL=(ALL) ALL", set()),
    ("%#1600 ALL=(ALL) ALL", {"zoe"}),
    ("%#1003 ALL=(ALL) ALL", {"eleve"}),
    ('"%domain users" ALL=(ALL) ALL', {"zoe"}),
    ("%domain\\x20users ALL=(ALL) ALL", {"zoe"}),
    ("%domain\\ users, camille ALL=(ALL) ALL", {"zoe", "camille"}),
    ("%élèves ALL=(ALL) ALL", {"eleve"}),
    ("ALL ALL=NOPASSWD: /usr/bin/apt update", set(PASSWD) - {"root"}),
    ("ALL, !eleve, !%techs ALL=(ALL) ALL", {"zoe", "camille"}),
    ("ALL, !%equipe, camille ALL=(ALL) ALL", set(PASSWD) - {"root"}),
    ("!eleve ALL=(ALL) ALL", set()),
    ("zoe PC1, PC2 = (root) /bin/a, /bin/b : PC3 = /bin/c", {"zoe"}),
    ("User_Alias AA = zoe : BB = eleve, camille\nBB ALL=ALL", {"eleve", "camille"}),
    ("User_Alias AA = zoe\nUser_Alias BB = AA, eleve # les deux\nBB ALL=ALL", {"zoe", "eleve"}),
    ("User_Alias AA = zoe\nUser_Alias AA += alex\nAA ALL=ALL", {"zoe", "alex"}),
    ("User_Alias AA = ALL, !zoe\nALL, !AA ALL=ALL", {"zoe"}),
    ("User_Alias AA = BB\nUser_Alias BB = AA\nAA, eleve ALL=ALL", {"eleve"}),
    ("eleve ALL=(ALL) ALL # zoe ALL=(ALL) ALL", {"eleve"}),
    ("Host_Alias PC = zoe, eleve\nDefaults:zoe !authenticate\nRunas_Alias RR = camille", set()),
]


@pytest.mark.parametrize(("policy", "expected"), GRAMMAR)
def test_the_grammar_names_the_accounts_that_sudo_lets_in(tmp_path, policy, expected):
    assert administrators(machine_with(tmp_path, policy)) == (expected, [])


@pytest.mark.judge("cvtsudoers")
@pytest.mark.parametrize(("policy", "expected"), GRAMMAR)
def test_sudo_s_own_reader_judges_the_same(tmp_path, policy, expected):
    if "+=" in policy or "BB = AA\n" in policy or policy.startswith("User_Alias AA = BB"):
        pytest.skip("needs a newer sudo, or is refused by it")
    machine = machine_with(tmp_path, policy)
    command = [*sudoers.CONVERT[:-1], str(tmp_path / "etc/sudoers")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    machine.answers["cvtsudoers"] = done.stdout
    (tmp_path / "etc/sudoers").unlink()
    assert administrators(machine) == (expected, [])


def test_sudo_s_own_reader_is_asked_first(tmp_path):
    """As cvtsudoers 1.9.13 prints it; the file says something else."""
    said = {
        "User_Aliases": {"AA": [{"username": "zoe"}, {"usergroup": "techs", "negated": True}]},
        "User_Specs": [
            {"User_List": [{"useralias": "AA"}, {"usergid": 1800}], "Host_List": [{"hostname": "ALL"}]},
            {"User_List": [{"userid": 1003}]},
        ],
    }
    machine = machine_with(tmp_path, "alex ALL=ALL", cvtsudoers=json.dumps(said))
    assert administrators(machine) == ({"zoe", "camille", "eleve"}, [])
    machine = machine_with(tmp_path, "alex ALL=ALL", cvtsudoers="{ not JSON")
    assert administrators(machine) == ({"alex"}, [])


@pytest.mark.parametrize(
    ("policy", "named"),
    [
        ("+postes, zoe ALL=ALL", "+postes"),
        ("%:ecole\\\\profs, zoe ALL=ALL", "directory group ecole\\profs"),
    ],
)
def test_what_only_the_running_system_can_tell_is_asked_or_said(tmp_path, policy, named):
    assert administrators(machine_with(tmp_path, policy)) == ({"zoe"}, [named])
    allowed = "User camille may run the following commands on pc:\n    (ALL) ALL\n"
    refused = "User camille is not allowed to run sudo on pc.\n"
    assert administrators(machine_with(tmp_path, policy, sudo=refused)) == ({"zoe"}, [])
    machine = machine_with(tmp_path, policy, sudo=allowed)
    assert administrators(machine) == (set(PASSWD) - {"root"}, [])
    assert ("sudo", "-n", "-l", "-U", "root") not in machine.asked
