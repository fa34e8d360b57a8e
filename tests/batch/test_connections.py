"""A dozen cases over each kind of connection, which must not change the result.

scripts/lab image && .venv/bin/python -m pytest tests/batch/test_connections.py
"""

from __future__ import annotations

import secrets
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.batch.both_ways import WAYS, Corpus, Seen, Target, Tree, differences, local_targets
from tests.batch.machines import LAB, containers, shell
from tests.batch.test_equivalence import texts
from tests.lab.shell import wait_until

ROOT = "/srv/cases"
# Of targets, besides the corpus's and the machines' own: the oldest, and those of distributions in between.
PYTHONS = ("3.9", "3.10", "3.12")
PATIENCE = 60  # seconds
SHOWN = f"""
- name: Is to be shown
  ansible.builtin.command: mkfifo {{{{ box }}}}/{{{{ item }}}}
  loop: [seen, other]
- name: Waits until the other is shown
  ansible.builtin.command: timeout {PATIENCE} cat {{{{ box }}}}/seen
- name: Is never shown
  ansible.builtin.command: echo {{{{ 'hush' * 2 }}}}
  no_log: true
"""
WITH_PASSWORD = "teacher ALL=(ALL) ALL"
WITHOUT = "teacher ALL=(ALL) NOPASSWD: ALL"


@dataclass(frozen=True)
class Way:
    """How to become root on a machine that one enters by ssh as ``teacher``; with su, Ansible does not pipeline."""

    method: str
    sudoers: str = WITH_PASSWORD
    pipelining: bool = True


BY_SSH = {
    "sudo": Way("sudo", WITHOUT),
    "sudo with a password": Way("sudo"),
    "sudo with a password, no pipelining": Way("sudo", pipelining=False),
    "su with a password": Way("su", pipelining=False),
}
PREPARE = """
set -eu
echo 127.0.0.1 machine >> /etc/hosts  # otherwise sudo complains
getent hosts machine > /dev/null
for name in teacher pupil; do  # with a group of their own, sudo and su would leave different masks
  useradd --create-home --gid users --shell /bin/bash "$name"
  install -d -m 0700 -o "$name" "/home/$name/.ansible" "/home/$name/.ansible/tmp"  # making them is told once
done
mkdir -p -m 0700 /root/.ansible/tmp
printf '%s:{password}\\n' root teacher pupil | chpasswd
install -d -m 0700 -o teacher /home/teacher/.ssh
echo '{key}' > /home/teacher/.ssh/authorized_keys
ssh-keygen -A
mkdir -p /run/sshd
"""


@dataclass
class Machines:
    """A container for each way, into which one gets by ssh alone."""

    names: Mapping[str, str]
    folder: Path
    key: Path
    password: str
    references: dict[bool, Seen] = field(default_factory=dict)

    def reference(self, pipelining: bool) -> Seen:
        """What the ordinary run does and shows, done once: how one becomes root does not matter to it."""
        if pipelining not in self.references:
            way = Way("sudo", WITHOUT, pipelining)
            self.references[pipelining] = self.run("ordinary", way, f"{ROOT}/{pipelining}")
        return self.references[pipelining]

    def run(
        self, name: str, way: Way, root: str, cases: Mapping[str, str] | None = None, *arguments: str
    ) -> Seen:
        """Run the cases one way, in a new folder ``root``."""
        container, cases = self.names[name], cases or texts("connections")
        folders = " ".join(f"{root}/{case}" for case in cases)
        shell(container, f"mkdir -p {folders}; echo '{way.sudoers}' > /etc/sudoers.d/teacher")
        corpus = Corpus(
            self.folder / Path(root).name,
            cases,
            before=LAB,
            pipelining=way.pipelining,
            shards=1,
        )
        corpus.lay_out()
        target = Target(root, self._variables(container, way), lambda: _tree(container, root))
        return corpus.run({name: target}, "--diff", *arguments)[name]

    def _variables(self, container: str, way: Way) -> dict[str, str]:
        # sshd is started by each connection, on its standard input: no port, no network.
        options = {
            "ProxyCommand": shlex.join(
                ["podman", "exec", "--interactive", container, "/usr/sbin/sshd", "-i"]
            ),
            "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": "/dev/null",
            "LogLevel": "ERROR",
        }
        told = {
            "ansible_connection": "ssh",
            "ansible_host": container,
            "ansible_user": "teacher",
            "ansible_ssh_private_key_file": str(self.key),
            "ansible_ssh_common_args": shlex.join(
                ["-F", "/dev/null", *(f"-o{k}={v}" for k, v in options.items())]
            ),
            "ansible_become": "true",
            "ansible_become_method": way.method,
        }
        return told if way.sudoers == WITHOUT else told | {"ansible_become_password": self.password}


def _tree(container: str, root: str) -> Tree:
    """Relative path → what is there."""
    found: dict[str, tuple[str, ...]] = {}
    for line in shell(container, f"cd {root} && find . -mindepth 1 -printf '%P|%M|%u|%g|%l\\n'").splitlines():
        path, _, rest = line.partition("|")
        found[path] = (rest,)
    for line in shell(container, f"cd {root} && find . -type f -exec sha256sum {{}} +").splitlines():
        found[line[66:].removeprefix("./")] += (line[:64],)
    return found


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    """The containers, with accounts and a password that is made for this run."""
    folder = tmp_path_factory.mktemp("ssh")
    key = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    password = secrets.token_urlsafe(24)
    prepare = PREPARE.format(key=key.with_suffix(".pub").read_text().strip(), password=password)
    with containers("ssh", prepare) as names:
        yield Machines(names, folder, key, password)


def interpreter(version: str) -> str | None:
    """Where a Python of this version is, on the path or kept by pyenv; None where there is none."""
    found = [shutil.which(f"python{version}")]
    if shutil.which("pyenv"):
        kept = subprocess.run(["pyenv", "root"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
        found += map(str, sorted(Path(kept).glob(f"versions/{version}.*/bin/python{version}")))
    for path in filter(None, found):
        tried = subprocess.run(  # the one on the path may be pyenv's, which only says that it has several
            [path, "-c", "import sys; print(sys.executable)"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            check=False,
        )
        if tried.returncode == 0:
            return tried.stdout.strip()
    return None


def kept(container: str, user: str, home: str) -> tuple[list[str], list[str]]:
    """Owner and mode of each folder of module files in a home; and what of all there others own or may write to."""
    folder = f"{home}/.ansible/cartable-batch"
    folders = shell(container, f"stat --format '%U %a' {folder} {folder}/*").splitlines()
    others = shell(container, f"find {home}/.ansible '(' ! -user {user} -o -perm /022 ')' ! -type l -print")
    return folders, others.splitlines()


def compare(seen: Mapping[str, Seen], cases: Mapping[str, str]) -> None:
    """Both ways came to every case, and nothing differs."""
    for way in WAYS:
        assert set(cases) == set(seen[way].events), f"{way}:\n{seen[way].output[-3000:]}"
        assert "UNREACHABLE" not in seen[way].output
    told = differences(seen)
    assert not told, "\n".join(f"{case}: {line}" for case, lines in told.items() for line in lines)


@pytest.mark.parametrize("version", PYTHONS)
def test_local_without_pipelining_with_another_python(version: str, tmp_path: Path) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"there is no Python {version} on this machine, neither on the path nor kept by pyenv")
    cases = {name: text for name, text in texts("connections").items() if name != "become"}
    corpus = Corpus(tmp_path, cases, pipelining=False, shards=1)
    corpus.lay_out()
    seen = corpus.run(local_targets(tmp_path, list(cases), {"ansible_python_interpreter": python}), "--diff")
    compare(seen, cases)
    assert seen["batch"].events["python"][0]["result"]["python"] == [int(part) for part in version.split(".")]


@pytest.mark.parametrize("name", BY_SSH)
def test_by_ssh(name: str, machines: Machines) -> None:
    way = BY_SSH[name]
    batch = machines.run("batch", way, f"{ROOT}/{list(BY_SSH).index(name)}")
    compare({"ordinary": machines.reference(way.pipelining), "batch": batch}, texts("connections"))
    if way.pipelining and "become" in texts("connections"):  # otherwise nothing could run as the pupil
        for user, home in {"root": "/root", "pupil": "/home/pupil", "teacher": "/home/teacher"}.items():
            folders, others = kept(machines.names["batch"], user, home)
            assert set(folders) == {f"{user} 700"}, f"module files that are kept for {user}: {folders}"
            assert not others, f"not only {user}'s: {others}"


@pytest.mark.parametrize("name", ["sudo", "sudo with a password, no pipelining"])
def test_a_task_is_shown_while_the_next_one_runs(name: str, machines: Machines) -> None:
    folder = f"shown-{list(BY_SSH).index(name)}"
    root = f"{ROOT}/{folder}"
    shown = machines.folder / folder / "observed-batch-0"

    def first_is_shown() -> bool:
        return shown.is_file() and "Is to be shown" in shown.read_text(encoding="utf-8")

    with ThreadPoolExecutor() as pool:
        ending = pool.submit(machines.run, "batch", BY_SSH[name], root, {"shown": SHOWN}, "-vvv")
        assert wait_until(first_is_shown, PATIENCE), ending.result().output
        shell(machines.names["batch"], f"timeout {PATIENCE} sh -c 'echo yes > {root}/shown/seen'")
        seen = ending.result()
    [batch] = [event for event in seen.events["shown"] if event["event"] == "batch"]
    assert [task["state"] for task in batch["tasks"]] == ["ok"] * 3, seen.output
    assert "hushhush" not in seen.output
