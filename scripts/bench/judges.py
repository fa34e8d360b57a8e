"""Outside judges of the role security: OpenSCAP (ANSSI BP-028), Lynis and ssh-audit, before and after.

    scripts/lab podman-env .venv/bin/python scripts/bench/judges.py [--assets UC990007 NA990001] [--write]

Wants root and the lab's images. Fetches the SCAP Security Guide and Lynis from Debian's newest suite and ssh-audit
from PyPI into a temporary folder, in the versions below. Each asset is the container of its Molecule market: judged as
its installation leaves it, secured, judged again, and tried by what an operator and a user do. A second container gets
Debian's own remediation (``oscap --remediate``) instead. Prints the tables; --write puts them into docs/security.md.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import yaml

PROJECT = Path(__file__).resolve().parents[2]
MARKET = PROJECT / "tests" / "molecule" / "market"
PAGE = PROJECT / "docs" / "security.md"
VERSIONS = {"ssg-debian": "0.1.82-1", "lynis": "3.1.7-1", "ssh-audit": "3.9.0"}
FROM, TO = "<!-- judges: made by scripts/bench/judges.py -->", "<!-- end of judges -->"
XCCDF = "{http://checklists.nist.gov/xccdf/1.2}"
# Rules that fail although the machine keeps them, cannot here, or that another role is for.
EXPLAINED = {
    "sshd_disable_root_login": "read in sshd_config only; it is set in sshd_config.d, and sshd -T says so",
    "service_auditd_enabled": "the kernel's audit is the host's",
    "prefer_64bit_os": "read from the kernel's name, which is the host's",
}
OF_LOGS = re.compile("(package|service)_rsyslog.*|rsyslog_.*")  # a role of its own, which is not applied here


@dataclass
class Verdict:
    """What the judges say of a machine at one moment."""

    openscap: Counter[str] = field(default_factory=Counter)
    failing: list[str] = field(default_factory=list)
    lynis: int = 0
    ssh_fail: int = 0
    ssh_warn: int = 0


class Container:
    """A container of the lab's image, made by the scenario's own create.yml."""

    def __init__(self, asset: str, folder: Path) -> None:
        self.asset, self.folder = asset, folder
        self.name = f"cartable-molecule-{asset.lower()}"
        self.environment = {
            **os.environ,
            "CARTABLE_TEST_ASSET": asset,
            "CARTABLE_DATA_DIR": str(folder / "data"),
            "MOLECULE_EPHEMERAL_DIRECTORY": str(folder),
            "MOLECULE_PROJECT_DIRECTORY": str(PROJECT / "roles" / "security"),
            "CARTABLE_VAULT_PASSPHRASE_COMMAND": f"cat {folder}/passphrase",
            "ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg"),
        }

    def play(self, playbook: Path, *more: str) -> str:
        """Run a playbook on the scenario's market; what it says when it fails."""
        done = subprocess.run(
            ["ansible-playbook", "-i", MARKET, playbook, *more],
            env=self.environment,
            capture_output=True,
            text=True,
            cwd=PROJECT,
        )
        if done.returncode:
            sys.exit(f"{playbook.name} failed on {self.asset}:\n{done.stdout[-4000:]}\n{done.stderr[-2000:]}")
        return done.stdout

    def run(self, script: str, **more: object) -> subprocess.CompletedProcess[str]:
        """Run a shell script in the container."""
        argv = ["podman", "exec", "--interactive", self.name, "sh", "-c", script]
        return subprocess.run(argv, capture_output=True, text=True, check=False, **more)  # type: ignore[call-overload, no-any-return]

    def copy(self, source: Path, target: str) -> None:
        """Copy a file or folder into the container."""
        subprocess.run(["podman", "cp", source, f"{self.name}:{target}"], check=True, capture_output=True)

    def make(self) -> None:
        """A new machine, as its installation leaves it."""
        subprocess.run(
            ["podman", "rm", "--force", "--ignore", "--volumes", "--time=1", self.name],
            check=True,
            capture_output=True,
        )
        for rest in ("known_hosts", "operator_ed25519", "operator_ed25519.pub"):
            (self.folder / rest).unlink(missing_ok=True)
        self.play(PROJECT / "tests/molecule/create.yml")
        self.play(PROJECT / "tests/molecule/prepare.yml")

    def remove(self) -> None:
        """End it."""
        subprocess.run(
            ["podman", "rm", "--force", "--ignore", "--volumes", "--time=1", self.name],
            check=False,
            capture_output=True,
        )


def fetch(folder: Path) -> None:
    """The judges, in their fixed versions: from Debian's newest suite with lists of our own, and from PyPI."""
    apt = folder / "apt"
    for name in ("lists/partial", "archives/partial"):
        (apt / name).mkdir(parents=True)
    (apt / "status").touch()
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian"]
    mirror = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.split()[
        0
    ]  # the machine's own
    source = f"deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {mirror} sid main\n"
    (apt / "sid.list").write_text(source)
    places = {
        "Dir::Etc::sourcelist": apt / "sid.list", "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": apt / "lists", "Dir::Cache": apt, "Dir::State::status": apt / "status",
        "APT::Sandbox::User": "root",
    }  # fmt: skip
    options = [word for name, value in places.items() for word in ("-o", f"{name}={value}")]
    subprocess.run(["apt-get", *options, "update", "-qq"], check=True, capture_output=True)
    for name in ("ssg-debian", "lynis"):
        subprocess.run(
            ["apt-get", *options, "download", f"{name}={VERSIONS[name]}"],
            check=True,
            cwd=apt,
            capture_output=True,
        )
        subprocess.run(["dpkg-deb", "-x", next(apt.glob(f"{name}_*.deb")), folder / name], check=True)
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--target",
        folder / "ssh-audit",
        f"ssh-audit=={VERSIONS['ssh-audit']}",
    ]
    subprocess.run(pip, check=True)


def install(container: Container, folder: Path, system: str) -> None:
    """Put the judges onto the machine. linux-base makes most rules applicable; /var/oscap is their /tmp."""
    container.run("mkdir -p /opt/judges /var/oscap")
    container.copy(
        folder / f"ssg-debian/usr/share/xml/scap/ssg/content/ssg-{system}-ds.xml", "/opt/judges/ds.xml"
    )
    container.copy(folder / "lynis/usr/share/lynis", "/opt/judges/lynis")
    container.copy(folder / "lynis/usr/sbin/lynis", "/opt/judges/lynis/lynis")
    container.copy(folder / "lynis/etc/lynis", "/etc/lynis")
    container.copy(folder / "ssh-audit", "/opt/judges/ssh-audit")
    done = container.run(
        "apt-get update -qq && DEBIAN_FRONTEND=noninteractive "
        "apt-get install -y -qq --no-install-recommends openscap-scanner linux-base"
    )
    if done.returncode:
        sys.exit(f"the judges cannot be installed: {done.stderr[-2000:]}")


def judge(container: Container, profile: str, *, remediate: bool = False) -> Verdict:
    """Ask all three."""
    found = Verdict()
    name = f"xccdf_org.ssgproject.content_profile_anssi_bp28_{profile}"
    words = "--remediate" if remediate else ""
    container.run(
        f"TMPDIR=/var/oscap oscap xccdf eval {words} --profile {name} --results /opt/judges/r.xml /opt/judges/ds.xml"
    )
    root = ET.fromstring(container.run("cat /opt/judges/r.xml").stdout)
    for result in root.iter(f"{XCCDF}rule-result"):
        state = (result.findtext(f"{XCCDF}result") or "").strip()
        if state != "notselected":
            found.openscap[state] += 1
            if state in ("fail", "error"):
                found.failing.append(result.get("idref", "").rpartition("_rule_")[2])
    container.run("cd /opt/judges/lynis && ./lynis audit system --quick --no-colors --quiet")
    report = container.run("cat /var/log/lynis-report.dat").stdout
    found.lynis = int((re.search(r"^hardening_index=(\d+)", report, re.M) or [0, 0])[1])
    said = container.run(
        "PYTHONPATH=/opt/judges/ssh-audit python3 -m ssh_audit.ssh_audit -j 127.0.0.1"
    ).stdout
    recommended = json.loads(said).get("recommendations", {}) if said.startswith("{") else {}
    found.ssh_fail, found.ssh_warn = (_count(recommended.get(level, {})) for level in ("critical", "warning"))
    return found


def _count(actions: dict[str, dict[str, list[object]]]) -> int:
    return sum(len(items) for kinds in actions.values() for items in kinds.values())


def reasons() -> dict[str, str]:
    """Rule of the guide → why this project does not keep it, from the role's own data; and what was explained above."""
    found = dict(EXPLAINED)
    for path in sorted((PROJECT / "roles/security/vars/main").glob("linux*.yml")):
        for value in yaml.safe_load(path.read_text(encoding="utf-8")).values():
            for rule in value if isinstance(value, list) else ():
                kernel = rule.get("probe") == "sysctl" and "the kernel is the host's"
                reason = rule.get("declined") or kernel
                found.update({name: reason for name in rule.get("ssg", ()) if reason})
    return found


def breakage(container: Container) -> dict[str, bool]:
    """What an operator and a user do, and whether it still works."""
    key = [
        "-i",
        str(container.folder / "operator_ed25519"),
        "-o",
        "BatchMode=yes",
        "-o",
        "StrictHostKeyChecking=no",
    ]
    key += ["-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]
    proxy = ["-o", f"ProxyCommand=podman exec -i {container.name} /usr/sbin/sshd -i"]

    def ssh(*words: str) -> bool:
        done = subprocess.run(
            ["ssh", *key, *proxy, "cartable@x", *words], capture_output=True, text=True, timeout=60
        )
        return done.returncode == 0

    def become() -> bool:
        words = [
            "ansible",
            "-i",
            str(MARKET),
            container.asset,
            "-b",
            "-m",
            "ansible.builtin.command",
            "-a",
            "id -u",
        ]
        done = subprocess.run(
            words, env=container.environment, capture_output=True, text=True, cwd=PROJECT, timeout=120
        )
        return "| CHANGED | rc=0 >>\n0" in done.stdout

    def jump() -> bool:
        inner = "ssh " + " ".join(f"'{word}'" for word in (*key, *proxy)) + " -W 127.0.0.1:22 cartable@x"
        words = ["ssh", *key, "-o", f"ProxyCommand={inner}", "cartable@y", "true"]
        return subprocess.run(words, capture_output=True, timeout=60).returncode == 0

    return {
        "login by key": ssh("true"),
        "become through Ansible": become(),
        "ProxyJump": jump(),
        "apt update and install": container.run("apt-get update -qq && apt-get install -y -qq less").returncode == 0,
        "a user's password login": container.run(
            "id essai >/dev/null 2>&1 || useradd -m essai; echo 'essai:wR4k-Zt8s-Np6x' | chpasswd && "
            "echo wR4k-Zt8s-Np6x | runuser -u nobody -- su essai -c true"
        ).returncode == 0,
    }  # fmt: skip


def table(rows: list[tuple[str, ...]]) -> list[str]:
    """A Markdown table."""
    head, *body = rows
    lines = [head, tuple("---" for _ in head), *body]
    return [f"| {' | '.join(row)} |" for row in lines]


def cells(verdict: Verdict) -> tuple[str, ...]:
    counts = verdict.openscap
    numbers = (counts["pass"], counts["fail"], counts["error"], counts["notapplicable"], verdict.lynis)
    return (*map(str, numbers), f"{verdict.ssh_fail} fail, {verdict.ssh_warn} warn")


def measure(
    asset: str, profile: str, judges: Path, folder: Path
) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]], list[str]]:
    """The rows of one asset, what works, and its failing rules without a reason."""
    folder.mkdir()
    container = Container(asset, folder)
    inventory = ["ansible-inventory", "-i", MARKET, "--host", asset]
    asked = subprocess.run(
        inventory, env=container.environment, capture_output=True, text=True, check=True, cwd=PROJECT
    )
    system = json.loads(asked.stdout)["asset"]["os"].replace("-", "")
    rows, works = [], []
    container.make()
    install(container, judges, system)
    rows.append((f"{asset}, as installed", *cells(judge(container, profile)), ""))
    started = time.monotonic()
    container.play(PROJECT / "scripts/bench/judges.yml")
    seconds = time.monotonic() - started
    again = container.play(PROJECT / "scripts/bench/judges.yml")
    after = judge(container, profile)
    rows.append((f"{asset}, role security", *cells(after), f"{seconds:.0f} s"))
    known = reasons()
    unexplained = [name for name in after.failing if name not in known and not OF_LOGS.fullmatch(name)]
    works.append(
        (
            f"{asset}, role security",
            *("yes" if good else "**no**" for good in breakage(container).values()),
            "yes" if "changed=0" in again else "no",
        )
    )
    container.make()
    install(container, judges, system)
    started = time.monotonic()
    judge(container, profile, remediate=True)
    seconds = time.monotonic() - started
    rows.append((f"{asset}, oscap --remediate", *cells(judge(container, profile)), f"{seconds:.0f} s"))
    works.append(
        (
            f"{asset}, oscap --remediate",
            *("yes" if good else "**no**" for good in breakage(container).values()),
            "no check mode",
        )
    )
    container.remove()
    return rows, works, unexplained


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--assets", nargs="+", default=["UC990007", "NA990001"])
    parser.add_argument(
        "--profile", default="enhanced", choices=("minimal", "intermediary", "enhanced", "high")
    )
    parser.add_argument("--write", action="store_true", help="put the tables into docs/security.md")
    args = parser.parse_args()
    rows = [("machine", "pass", "fail", "error", "not applicable", "Lynis", "ssh-audit", "time")]
    works = [
        (
            "machine",
            "login by key",
            "become",
            "ProxyJump",
            "apt",
            "user's login",
            "second run changes nothing",
        )
    ]
    lines = []
    with tempfile.TemporaryDirectory(prefix="cartable-judges-") as name:
        judges = Path(name) / "judges"
        judges.mkdir()
        fetch(judges)
        for asset in args.assets:
            verdicts, tried, unexplained = measure(asset, args.profile, judges, Path(name) / asset)
            rows += verdicts
            works += tried
            names = ", ".join(unexplained) or "none"
            lines.append(f"{asset}: failing rules of {args.profile} without a recorded reason: {names}.")
    versions = ", ".join(f"{name} {version}" for name, version in VERSIONS.items())
    text = [
        f"ANSSI BP-028 {args.profile}; {versions}; {time.strftime('%Y-%m-%d')}.",
        "",
        *table(rows),
        "",
        *table(works),
        "",
        *lines,
    ]
    print("\n".join(text))
    if args.write:
        page = PAGE.read_text(encoding="utf-8")
        before, after = page.split(FROM)[0], page.split(TO)[1]
        PAGE.write_text(f"{before}{FROM}\n\n" + "\n".join(text) + f"\n\n{TO}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
