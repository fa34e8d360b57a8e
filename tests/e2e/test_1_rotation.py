"""kill -9 at every step of a rotation: the vault always says what opens, and the next run completes the change."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reversibility.records.vault import Entry
from tests.e2e.conftest import LAB, PROJECT, DemoRun, School
from tests.e2e.kills import drawn, kill_tree
from tests.lab.shell import wait_until

NAS, PC = "NA250001", "UC250002"
HOSTS = ("--limit", f"{NAS}:{PC}")
TOLD = ("--extra-vars", '{"rotate_reason": "mot de passe divulgué"}')
SPACES = {"direction", "enseignant", "eleve"}
"""Accounts of the file server that only Samba knows."""

MOMENTS = (
    ("prepared in the vault, nothing set", PC, ("vault",)),
    ("set, which nobody has heard of", PC, ("shadow",)),
    ("being made current", PC, ("shadow", "vault")),
    ("set in Samba, which nobody has heard of", NAS, ("passdb",)),
    ("in Samba, being made current", NAS, ("passdb", "vault")),
    ("current, and the proven login recorded", NAS, ("passdb", "vault", "record")),
)
"""Steps of the change, three on a PC and three on the file server.

With the machine, and the files that have to be written one after the other before the kill.
"""

RUNNING = "pgrep --full 'exec[(]sys.stdin.buffer.read' || true"  # the batch on a host


@pytest.fixture(scope="module")
def files(school: School, demo: DemoRun) -> Mapping[str, Path]:
    """The files that tell how far a rotation is; those of hosts, as this machine's kernel sees them."""

    def root(tag: str) -> Path:
        asked = ("podman", "inspect", "--format", "{{.State.Pid}}", f"cartable-lab-{tag.lower()}")
        return Path("/proc", school.run(LAB, *asked).stdout.strip(), "root")

    return {
        "vault": school.paths.vault,
        "shadow": root(PC) / "etc/shadow",
        "passdb": root(NAS) / "var/lib/samba/private/passdb.tdb",
        "record": school.paths.state / "trois_platanes" / NAS / "logins-shares.json",
    }


def stamp(file: Path) -> tuple[int, int, int]:
    """What differs once a file was written or replaced."""
    seen = file.stat()
    return seen.st_ino, seen.st_mtime_ns, seen.st_size


def entries(school: School) -> dict[str, Entry]:
    """The accounts that log in; what a RADIUS server shares with a device is none."""
    known = school.vault().entries()
    return {entry.title: entry for entry in known if entry.asset in (NAS, PC) and "/" not in entry.account}


def opens(school: School, entry: Entry, password: str) -> bool:
    """Log in on the machine itself; the password comes by standard input."""
    if entry.asset == NAS and entry.account in SPACES:
        command = "smbclient --authentication-file=/dev/stdin --command=quit '//127.0.0.1/IPC$'"
        stdin = f"username = {entry.account}\npassword = {password}\n"
    else:
        command, stdin = f"runuser -u nobody -- su {entry.account} -c true", f"{password}\n"
    # "yes" and not the exit status: a machine that does not answer is no refused login.
    said = school.on_host(
        entry.asset, f"if {command} >/dev/null 2>&1; then echo yes; else echo no; fi", stdin
    )
    return {"yes\n": True, "no\n": False}[said]


def shut_out(school: School) -> list[str]:
    """Accounts that neither the current nor the pending password of the vault opens, asked all at once."""

    def is_out(entry: Entry) -> bool:
        return not any(opens(school, entry, word) for word in (entry.pending, entry.password) if word)

    known = list(entries(school).values())
    with ThreadPoolExecutor(len(known)) as pool:
        return [entry.title for entry, out in zip(known, pool.map(is_out, known), strict=True) if out]


def kill_when(school: School, process: subprocess.Popen[bytes], waits: list[Callable[[], bool]]) -> bool:
    """Kill a run with its children once each condition has come true in turn; False where it ended before."""
    for condition in waits:
        assert wait_until(lambda due=condition: due() or process.poll() is not None, 120), "it hangs"  # type: ignore[misc]
    kill_tree(process.pid)
    killed = process.wait() == -signal.SIGKILL
    for tag in (NAS, PC):  # what was running there ends by itself; until then it may still set a password
        assert wait_until(lambda on=tag: not school.on_host(on, RUNNING), 60), f"{tag} goes on without us"  # type: ignore[misc]
    return killed


def test_a_rotation_that_is_killed_at_any_step_leaves_a_password_that_opens(
    school: School, files: Mapping[str, Path]
) -> None:
    before, cut = entries(school), 0
    assert {f"{PC}/eleve", f"{PC}/cartable", f"{NAS}/direction"} <= before.keys()
    assert shut_out(school) == []
    chosen = [*drawn(MOMENTS[:3], 1), *drawn(MOMENTS[3:], 1)]
    for step, tag, names in chosen:
        stamps = {name: stamp(files[name]) for name in names}

        def written(name: str, stamps: dict[str, tuple[int, int, int]] = stamps) -> bool:
            now = stamp(files[name])
            if now == stamps[name]:
                return False
            stamps.update({other: stamp(files[other]) for other in stamps})  # the next file counts from here
            return True

        command = [str(part) for part in (*school.playbook_command("rotate.yml"), "--limit", tag, *TOLD)]
        process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env=school.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        assert kill_when(school, process, [lambda name=name: written(name) for name in names]), step  # type: ignore[misc]
        assert [problem for problem in school.vault().verify() if ": a change" not in problem] == [], step
        cut += any(entry.pending for entry in entries(school).values())
        assert shut_out(school) == [], step
    assert cut, "the kills met no change of a password"

    school.playbook("rotate.yml", *HOSTS)  # completes what was cut, without being told of it
    after = entries(school)
    assert [title for title, entry in after.items() if entry.pending] == []
    assert [title for title, entry in after.items() if entry.revision == before[title].revision] == []
    assert not {entry.password for entry in after.values()} & {entry.password for entry in before.values()}
    assert school.vault().verify() == []
    assert shut_out(school) == []
    again = school.playbook("provision.yml", *HOSTS).stdout
    for tag in (NAS, PC):
        assert re.search(rf"{tag} +: ok=\d+ +changed=0 +unreachable=0 +failed=0 ", again), again[-2000:]
