"""A holiday run at the virtual school: a PC that is off, a bad package, a full disk, one that stays away, two kills."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.e2e.conftest import PROJECT, DemoRun, School
from tests.lab import troubles


def test_a_holiday_run_with_troubles_ends_with_a_right_report(school: School, demo: DemoRun) -> None:
    done = school.run(PROJECT / "scripts" / "demo", "holiday")
    first, second = re.findall(r"trois_platanes  ([\w, ]*\w)", done.stdout)
    assert first == "2 done, 3 failed, 1 off"
    assert second == "6 done"
    assert "Nothing was done twice: yes" in done.stdout
    for tag, said in {
        troubles.BROKEN: "package_script",
        troubles.FULL: "disk_full",
        troubles.OFF: "wake",
        troubles.LOST: "reboot",
    }.items():
        assert re.search(rf"{tag} .*{said}", done.stdout), done.stdout

    report = max((school.paths.data / "holiday").glob("essai-*/trois_platanes/compte-rendu.json"))
    rows: dict[str, dict[str, Any]] = {row["asset"]: row for row in json.loads(report.read_bytes())["assets"]}
    for tag in troubles.COMPUTERS:  # on one of them the upgrade that left it failed, and a later one did not
        assert rows[tag]["conffiles"] == ["/etc/essai.conf.dpkg-dist"], tag
    assert school.on_host(troubles.EDITED, "cat /etc/essai.conf") == "version=la nôtre\n"
    for tag, version in {**dict.fromkeys(troubles.COMPUTERS, "1.1"), troubles.BROKEN: "1.2"}.items():
        shown = school.on_host(
            tag, "dpkg-query --show --showformat='${Version} ${db:Status-Status}' " + troubles.PACKAGE
        )
        assert shown == f"{version} installed", tag
