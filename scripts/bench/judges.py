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
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from judges_lynis import rows as lynis_rows
from judges_machine import MARKET, PROJECT, Container, breakage
from judges_verdict import VERSIONS, Verdict, fetch, install, judge, reasons, remediate

PAGE = PROJECT / "docs" / "security.md"
FROM, TO = "<!-- judges: made by scripts/bench/judges.py -->", "<!-- end of judges -->"
ROLE, REMEDIATION = "role security", "oscap --remediate"
SECURED = PROJECT / "scripts/bench/judges.yml"


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
