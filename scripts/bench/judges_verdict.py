"""The judges of scripts/bench/judges.py: fetched, put onto a machine, and asked. OpenSCAP, Lynis and ssh-audit."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from judges_explained import EXPLAINED
from judges_lynis import points, with_own_kernel
from judges_machine import PROJECT, Judged

VERSIONS = {"ssg-debian": "0.1.82-1", "lynis": "3.1.7-1", "ssh-audit": "3.9.0"}
XCCDF = "{http://checklists.nist.gov/xccdf/1.2}"


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


def install(container: Judged, folder: Path, system: str) -> None:
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


def remediate(container: Judged, profile: str) -> None:
    """Debian's own way: what the guide's rules do by themselves."""
    _oscap(container, profile, "--remediate")


def _oscap(container: Judged, profile: str, words: str = "") -> None:
    name = f"xccdf_org.ssgproject.content_profile_anssi_bp28_{profile}"
    container.run(
        f"TMPDIR=/var/oscap oscap xccdf eval {words} --profile {name} --results /opt/judges/r.xml /opt/judges/ds.xml"
    )


def judge(container: Judged, profile: str) -> Verdict:
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
