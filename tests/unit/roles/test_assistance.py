"""What shows the screen of a Linux PC: which one, and whether it asks, by what logind says of the session there."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.project import PROJECT

SCRIPT = PROJECT / "roles/remote_support/files/assistance.sh"
LOGIND = """#!/bin/sh
case $1 in
show-seat) echo "$SESSION" ;;
show-session) case $3 in
  --property=Type) echo "$TYPE" ;; --property=Class) echo "$CLASS" ;; --property=Display) echo "$SCREEN" ;;
  esac ;;
esac
"""

PROCESSES = """#!/bin/sh
echo "/usr/lib/xorg/Xorg :0 -seat seat0 -auth /var/run/lightdm/root/:0 -nolisten tcp vt7"
echo "/usr/lib/xorg/Xorg :1 -seat seat0 -auth /var/run/lightdm/root/:1 -nolisten tcp vt8"
"""


def started(folder: Path, seconds: int, **session: str) -> subprocess.CompletedProcess[str]:
    """Run the script with this session of logind's; it prints the arguments that x11vnc would have."""
    x11vnc = '#!/bin/sh\necho "$@"\n'
    for name, text in {"loginctl": LOGIND, "ps": PROCESSES, "x11vnc": x11vnc}.items():
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o700)
    script = SCRIPT.read_text(encoding="utf-8").replace("/usr/bin/x11vnc", str(folder / "x11vnc"))
    return subprocess.run(
        ["/bin/sh", "-c", script, "assistance", str(seconds)],
        capture_output=True, text=True, check=False, env={"PATH": f"{folder}:/usr/bin:/bin", **session},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("seconds", "session", "display", "asks"),
    [
        (20, {"SESSION": "4", "TYPE": "x11", "CLASS": "user", "SCREEN": ":1"}, ":1", True),
        (20, {"SESSION": "c1", "TYPE": "x11", "CLASS": "greeter", "SCREEN": ":0"}, ":0", False),
        (20, {"SESSION": ""}, ":0", True),  # in doubt
        (0, {"SESSION": "4", "TYPE": "x11", "CLASS": "user", "SCREEN": ":0"}, ":0", False),
    ],
)
def test_who_sits_there_is_asked(
    tmp_path: Path, seconds: int, session: dict[str, str], display: str, asks: bool
) -> None:
    arguments = started(tmp_path, seconds, **session).stdout
    assert f"-auth /var/run/lightdm/root/{display} -display {display}" in arguments
    assert ("-accept popup:20" in arguments) == asks


def test_a_session_of_wayland_ends_with_its_reason(tmp_path: Path) -> None:
    done = started(tmp_path, 20, SESSION="4", TYPE="wayland", CLASS="user", SCREEN="")
    assert done.returncode == 1
    assert "log in to a session of Xorg" in done.stderr
