"""Rollback of a Linux machine with systemd: saved state, and a timer that restores it unless it is cancelled.

A restart before the confirmation restores it as well. One change at a time: a second one is refused.
"""

from __future__ import annotations

FOLDER = "/var/lib/cartable/way-back"
UNIT = "cartable-way-back"
_BOOT = f"/etc/systemd/system/{UNIT}-boot.service"
_LINK = f"/etc/systemd/system/multi-user.target.wants/{UNIT}-boot.service"

BEGIN = f"""set -eu
umask 077
back={FOLDER}
refuse() {{ echo "$1" >&2; exit 1; }}
command -v systemd-run >/dev/null || refuse 'there is no systemd-run: no timer could take the change back'
[ ! -e $back/armed ] || refuse 'another change waits there for its confirmation, or for its timer'
rm -rf $back
mkdir -p $back
"""
"""First lines of a change; the payload's checks and the saved state come after it."""

_FORGET = f"rm -f {FOLDER}/armed {_BOOT} {_LINK}"


def arm(undo: str, order: str) -> str:
    """Lines that arm the rollback: ``undo`` restores the saved state; at boot with this ``order`` in systemd.

    systemd need not be told of the unit for the next boot, and each reload costs a small machine seconds.
    """
    return f"""cat > $back/undo <<'UNDO'
#!/bin/sh
back={FOLDER}
[ -e $back/armed ] || exit 0
{_FORGET}
{undo}
rm -rf {FOLDER}
UNDO
cat > {_BOOT} <<'BOOT'
[Unit]
Description=Change that nobody confirmed before a restart is undone
{order}
[Service]
Type=oneshot
ExecStart=/bin/sh {FOLDER}/undo
BOOT
chmod 644 {_BOOT}
mkdir -p {_LINK.rpartition("/")[0]}
ln -sf {_BOOT} {_LINK}
: > $back/armed
systemd-run --quiet --collect --unit={UNIT} --on-active={{seconds}}s --timer-property=AccuracySec=100ms \\
  /bin/sh $back/undo || {{ {_FORGET}; exit 1; }}
"""


def confirm(healthy: str) -> str:
    """The script that checks and cancels."""
    return f"""set -eu
[ -e {FOLDER}/armed ] || {{ echo 'the change was undone by its timer' >&2; exit 1; }}
{healthy}
systemctl stop {UNIT}.timer
{_FORGET}
! systemctl is-active --quiet {UNIT}.timer
rm -rf {FOLDER}
"""


REVERT = f"""set -eu
[ -e {FOLDER}/armed ] || exit 0
/bin/sh {FOLDER}/undo
systemctl stop {UNIT}.timer 2>/dev/null || :
rm -rf {FOLDER}
"""
