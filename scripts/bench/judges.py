"""Outside judges of the role security: OpenSCAP (ANSSI BP-028), Lynis and ssh-audit, before and after.

    scripts/lab podman-env $PWD/.venv/bin/python $PWD/scripts/bench/judges.py [--assets UC990007 NA990001] [--write]

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
from typing import Any

import yaml
from judges_explained import EXPLAINED
from judges_lynis import points, with_own_kernel
from judges_lynis import rows as lynis_rows

PROJECT = Path(__file__).resolve().parents[2]
MARKET = PROJECT / "tests" / "molecule" / "market"
PAGE = PROJECT / "docs" / "security.md"
VERSIONS = {"ssg-debian": "0.1.82-1", "lynis": "3.1.7-1", "ssh-audit": "3.9.0"}
FROM, TO = "<!-- judges: made by scripts/bench/judges.py -->", "<!-- end of judges -->"
XCCDF = "{http://checklists.nist.gov/xccdf/1.2}"
ROLE, REMEDIATION = "role security", "oscap --remediate"
SECURED = PROJECT / "scripts/bench/judges.yml"
EICAR = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE".hex()


@dataclass
class Verdict:
    """The judges' results for a machine at one moment."""

    openscap: Counter[str] = field(default_factory=Counter)
    failing: list[str] = field(default_factory=list)
    lynis: int | None = None
    lynis_short: dict[str, tuple[int, int]] = field(default_factory=dict)
    lynis_own_kernel: int = 0
    ssh_fail: int | None = None
    ssh_warn: int | None = None


class Container:
    """A container of the lab's image, made by the scenario's own create.yml."""

    def __init__(self, asset: str, folder: Path) -> None:
        self.asset, self.folder = asset, folder
        self.name = f"cartable-molecule-{asset.lower()}"
        self.environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
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
        # ClamAV's own signatures come from the internet. Its units want files of the names "main" and "daily".
        self.run(
            "mkdir -p /var/lib/clamav && cd /var/lib/clamav && touch main.inc daily.inc && "
            f"echo 'Cartable.EICAR:0:*:{EICAR}' > essai.ndb"
        )
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


def remediate(container: Container, profile: str) -> None:
    """Debian's own way: what the guide's rules do by themselves."""
    _oscap(container, profile, "--remediate")


def _oscap(container: Container, profile: str, words: str = "") -> None:
    name = f"xccdf_org.ssgproject.content_profile_anssi_bp28_{profile}"
    container.run(
        f"TMPDIR=/var/oscap oscap xccdf eval {words} --profile {name} --results /opt/judges/r.xml /opt/judges/ds.xml"
    )


def judge(container: Container, profile: str) -> Verdict:
    """Ask all three."""
    found = Verdict()
    _oscap(container, profile)
    root = ET.fromstring(container.run("cat /opt/judges/r.xml").stdout)
    for result in root.iter(f"{XCCDF}rule-result"):
        state = (result.findtext(f"{XCCDF}result") or "").strip()
        if state != "notselected":
            found.openscap[state] += 1
            if state in ("fail", "error"):
                found.failing.append(result.get("idref", "").rpartition("_rule_")[2])
    container.run("cd /opt/judges/lynis && ./lynis audit system --quick --no-colors --quiet")
    report = container.run("cat /var/log/lynis-report.dat").stdout
    index = re.search(r"^hardening_index=(\d+)", report, re.M)
    found.lynis = int(index[1]) if index else None
    log = container.run("cat /var/log/lynis.log").stdout
    found.lynis_short, found.lynis_own_kernel = points(log), with_own_kernel(log)[1]
    # Each of its connections counts as one without a login: a server that has met it before answers no more
    # (PerSourcePenalties) until it is started again.
    said = container.run(
        "systemctl restart ssh && PYTHONPATH=/opt/judges/ssh-audit "
        "python3 -m ssh_audit.ssh_audit --skip-rate-test -j 127.0.0.1"
    ).stdout
    answer = json.loads(said) if said.startswith("{") else {}
    if answer.get("banner"):  # a server that closed the connection was not judged
        recommended = answer.get("recommendations", {})
        found.ssh_fail, found.ssh_warn = (
            _count(recommended.get(level, {})) for level in ("critical", "warning")
        )
    return found


def _count(actions: dict[str, dict[str, list[object]]]) -> int:
    return sum(len(items) for kinds in actions.values() for items in kinds.values())


def _is_rule(value: object) -> bool:
    return isinstance(value, dict)  # others are made by a template, and kept


def reasons() -> dict[str, str]:
    """Rule of the guide → why this project does not keep it, from the role's own data; and what was explained above."""
    found = dict(EXPLAINED)
    for path in sorted((PROJECT / "roles/security/vars/main").glob("linux*.yml")):
        for value in yaml.safe_load(path.read_text(encoding="utf-8")).values():
            for rule in filter(_is_rule, value if isinstance(value, list) else ()):
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


def _note(text: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def table(rows: list[tuple[str, ...]]) -> list[str]:
    """A Markdown table."""
    head, *body = rows
    lines = [head, tuple("---" for _ in head), *body]
    return [f"| {' | '.join(row)} |" for row in lines]


def cells(verdict: Verdict) -> tuple[str, ...]:
    counts = verdict.openscap
    numbers = (counts["pass"], counts["fail"], counts["error"], counts["notapplicable"])
    lynis = "not judged" if verdict.lynis is None else str(verdict.lynis)
    ssh = "not judged" if verdict.ssh_fail is None else f"{verdict.ssh_fail} fail, {verdict.ssh_warn} warn"
    return (*map(str, numbers), lynis, ssh)


def measure(asset: str, way: str, profile: str, judges: Path, folder: Path) -> dict[str, Any]:
    """One asset before and after one way: its rows, what works, and (of the role) what fails without a reason."""
    folder.mkdir()
    container = Container(asset, folder)
    inventory = ["ansible-inventory", "-i", MARKET, "--host", asset]
    asked = subprocess.run(
        inventory, env=container.environment, capture_output=True, text=True, check=True, cwd=PROJECT
    )
    system = json.loads(asked.stdout)["asset"]["os"].replace("-", "")
    _note(f"{asset}: as installed")
    container.make()
    install(container, judges, system)
    found: dict[str, Any] = {"rows": []}
    if way == ROLE:
        found["rows"].append((f"{asset}, as installed", *cells(judge(container, profile)), ""))
    _note(f"{asset}: {way}")
    started = time.monotonic()
    remediate(container, profile) if way == REMEDIATION else container.play(SECURED)
    seconds = time.monotonic() - started
    again = "no check mode" if way == REMEDIATION else _unchanged(container.play(SECURED))
    _note(f"{asset}: judged again")
    after = judge(container, profile)
    found["rows"].append((f"{asset}, {way}", *cells(after), f"{seconds:.0f} s"))
    if way == ROLE:
        found["lynis_short"], found["lynis_own_kernel"] = after.lynis_short, after.lynis_own_kernel
        found["failing"] = after.failing
    tried = ("yes" if good else "**no**" for good in breakage(container).values())
    found["works"] = (f"{asset}, {way}", *tried, again)
    container.remove()
    return found


def _unchanged(said: str) -> str:
    return "yes" if "changed=0" in said else "**no**"


def report(kept: dict[str, Any], profile: str) -> list[str]:
    """The tables, and what fails."""
    rows = [("machine", "pass", "fail", "error", "not applicable", "Lynis", "ssh-audit", "time")]
    tried = ("login by key", "become", "ProxyJump", "apt", "user's login", "second run changes nothing")
    works = [("machine", *tried)]
    lines, reasoned, short, known = [], {}, [], reasons()
    for name, found in kept.items():
        rows += map(tuple, found["rows"])
        works.append(tuple(found["works"]))
        if "failing" in found:
            asset = name.split()[0]
            short += [(asset, *row) for row in lynis_rows(found["lynis_short"])]
            for rule in found["failing"]:
                if rule in known:
                    reasoned.setdefault(known[rule], set()).add(rule)
            open_rules = [f"`{rule}`" for rule in found["failing"] if rule not in known]
            own_kernel = found.get("lynis_own_kernel") or "more"
            lines += [
                f"- {asset}: failing rules of {profile} without a recorded reason: {', '.join(open_rules) or 'none'}.",
                f"- {asset}: Lynis would say {own_kernel} with the points that a container cannot have.",
            ]
    versions = ", ".join(f"{name} {version}" for name, version in VERSIONS.items())
    reasoned_rows = [("reason", "rules that fail with it")]
    reasoned_rows += [
        (reason, ", ".join(f"`{r}`" for r in sorted(rules))) for reason, rules in reasoned.items()
    ]
    day = time.strftime("%Y-%m-%d")
    head = f"ANSSI BP-028 {profile}; {versions}; {day}."
    lynis = table([("machine", "Lynis", "points missing", "why"), *short])
    return [head, "", *table(rows), "", *table(works), "", *lines, "", *table(reasoned_rows), "", *lynis]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--assets", nargs="+", default=["UC990007", "NA990001"])
    parser.add_argument("--ways", nargs="+", default=[ROLE, REMEDIATION], choices=(ROLE, REMEDIATION))
    parser.add_argument(
        "--profile", default="enhanced", choices=("minimal", "intermediary", "enhanced", "high")
    )
    parser.add_argument("--write", action="store_true", help="put the tables into docs/security.md")
    parser.add_argument("--keep", type=Path, help="results, so that assets and ways can be runs of their own")
    args = parser.parse_args()
    kept = json.loads(args.keep.read_text(encoding="utf-8")) if args.keep and args.keep.exists() else {}
    with tempfile.TemporaryDirectory(prefix="cartable-judges-") as name:
        judges = Path(name) / "judges"
        judges.mkdir()
        if args.assets != ["none"]:
            fetch(judges)
        for asset, way in ((asset, way) for asset in args.assets if asset != "none" for way in args.ways):
            folder = Path(name) / f"{asset}-{way.replace(' ', '')}"
            kept[f"{asset} {way}"] = measure(asset, way, args.profile, judges, folder)
            if args.keep:
                args.keep.write_text(json.dumps(kept), encoding="utf-8")
    text = report(kept, args.profile)
    print("\n".join(text))
    if args.write:
        page = PAGE.read_text(encoding="utf-8")
        before, after = page.split(FROM)[0], page.split(TO)[1]
        PAGE.write_text(f"{before}{FROM}\n\n" + "\n".join(text) + f"\n\n{TO}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
