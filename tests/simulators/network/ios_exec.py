"""Privileged commands of IOS: saving, the rollback timer, the scheduled reload, and ``show``.

The text of a full flash is ours, since no recording of it was found; the others are those of vendor documents.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.simulators.network import ios_lines, ios_show
from tests.simulators.network.cisco_secret import opens
from tests.simulators.network.device import Timer
from tests.simulators.network.grammar import Command as C
from tests.simulators.network.grammar import Match, Mode
from tests.simulators.network.ios_grammar import TYPES
from tests.simulators.network.shell import Disconnect

if TYPE_CHECKING:
    from tests.simulators.network.ios import IosDevice, IosShell


def enable(shell: IosShell, match: Match) -> None:
    tries = [0]

    def answer(password: str) -> str | None:
        kept = (shell.device.running.get("enable secret") or "").removeprefix("enable secret ")
        if kept and opens(kept, password):
            shell.mode = shell.first_mode = "exec"
            return None
        tries[0] += 1
        if tries[0] == 3:
            return "% Bad secrets\n"
        shell.ask("Password: ", answer, hidden=True)
        return None

    if not shell.device.running.get("enable secret"):
        return "% No password set\n"
    shell.ask("Password: ", answer, hidden=True)
    return None


def disable(shell: IosShell, match: Match) -> None:
    shell.mode = shell.first_mode = "user"


def leave(shell: IosShell, match: Match) -> None:
    raise Disconnect


def terminal_length(shell: IosShell, match: Match) -> None:
    shell.page = int(match.words[-1])


ENTERED = "Enter configuration commands, one per line.  End with CNTL/Z.\n"


def configure(shell: IosShell, match: Match) -> str:
    shell.enter("config", (shell.device.running,))
    return ENTERED


def configure_revert(shell: IosShell, match: Match) -> str:
    device = shell.device
    archive = device.running.child("archive")
    path = archive.get("path") if archive else None
    if not path:
        return "%Please turn config archive on\n"
    if device.rollback:
        return "%Rollback Confirmed Change already pending\n"
    target = f"{path.partition(' ')[2]}-Nov-30-08-00-00.000-{len(device.events)}"
    first = f"Rollback Confirmed Change: Backing up current running config to {target}\n"
    if device.faults.flash_full:
        return f"{first}%Error writing {target} (No space left on device)\n"
    minutes = int(match.words[-1])
    timer = Timer(minutes * device.minute, device.roll_back)
    device.rollback = (timer, device.running.copy(), device.vlans.copy())
    shell.enter("config", (device.running,))
    return first + ENTERED


def confirm(shell: IosShell, match: Match) -> str:
    device = shell.device
    if device.rollback is None:
        return "%No Rollback Confirmed Change pending\n"
    device.rollback[0].cancel()
    device.rollback = None
    return ""


def revert_now(shell: IosShell, match: Match) -> str:
    if shell.device.rollback is None:
        return "%No Rollback Confirmed Change pending\n"
    shell.device.rollback[0].cancel()
    shell.device.roll_back()
    return "Rollback Confirmed Change: rolling to: flash:\n\nTotal number of passes: 1\nRollback Done\n"


def save(shell: IosShell, match: Match) -> str | None:
    device = shell.device
    if device.faults.startup_busy:
        return "startup-config file open failed (Device or resource busy)\n"

    def write(_: str = "") -> str:
        device.write_startup()
        return "Building configuration...\n[OK]\n"

    def named(_: str) -> str | None:
        if not device.faults.overwrite_question:
            return write()
        shell.ask("Overwrite the previous NVRAM configuration?[confirm]", write)
        return None

    if match.words[0] == "copy":
        shell.ask("Destination filename [startup-config]? ", named)
        return None
    return named("")


def copy_to_flash(shell: IosShell, match: Match) -> None:
    device, name = shell.device, match.words[-1]

    def written(_: str) -> str:
        if device.faults.flash_full:
            return f"%Error opening {name} (No space left on device)\n"
        device.flash[name] = (device.running.copy(), device.vlans.copy())
        return "1722 bytes copied in 0.338 secs (5095 bytes/sec)\n"

    shell.ask(f"Destination filename [{name.removeprefix('flash:')}]? ", written)


def replace(shell: IosShell, match: Match) -> str:
    device = shell.device
    kept = device.flash.get(match.words[2])
    if kept is None:
        return f"%Error opening {match.words[2]} (No such file or directory)\n"
    device.running = kept[0].copy()
    if device.vlans_are_configuration:
        device.vlans = kept[1].copy()
    return "\nTotal number of passes: 1\nRollback Done\n\n"


def delete(shell: IosShell, match: Match) -> str | None:
    gone = shell.device.flash.pop(match.words[-1], None)
    return None if gone else f"%Error deleting {match.words[-1]} (No such file or directory)\n"


def erase_startup(shell: IosShell, match: Match) -> None:
    def erased(_: str) -> str:
        shell.device.startup = None
        return "[OK]\nErase of nvram: complete\n"

    shell.ask("Erasing the nvram filesystem will remove all configuration files! Continue? [confirm]", erased)


def reload(shell: IosShell, match: Match) -> None:
    device = shell.device
    minutes = int(match.words[2].partition(":")[0]) if "in" in match.words else None

    def proceed(_: str) -> str:
        if minutes is None:
            device.restart()
            raise Disconnect
        device.reload_timer = Timer(minutes * device.minute, device.restart)
        return ""

    def last(_: str = "") -> None:
        if minutes is not None:
            text = f"Reload scheduled in {minutes} minutes by admin on vty0\nReload reason: Reload Command\n"
            shell.ask(f"{text}Proceed with reload? [confirm]", proceed)
        else:
            shell.ask("Proceed with reload? [confirm]", proceed)

    def saving(answer: str) -> str | None:
        word = answer.strip().lower()
        if not word or not ("yes".startswith(word) or "no".startswith(word)):
            shell.ask(
                "% Please answer 'yes' or 'no'.\nSystem configuration has been modified. Save? [yes/no]: ",
                saving,
            )
            return None
        if "yes".startswith(word):
            device.write_startup()
        last()
        return None

    if device.changed_since_save:
        shell.ask("System configuration has been modified. Save? [yes/no]: ", saving)
    else:
        last()


def reload_cancel(shell: IosShell, match: Match) -> str:
    if shell.device.reload_timer is None:
        return "%No reload is scheduled.\n"
    shell.device.reload_timer.cancel()
    shell.device.reload_timer = None
    return f"{shell.prompt()}\n\n***\n*** --- SHUTDOWN ABORTED ---\n***\n"


def show_reload(shell: IosShell, match: Match) -> str:
    timer = shell.device.reload_timer
    if timer is None:
        return "No reload is scheduled.\n"
    return (
        f"Reload scheduled for 08:00:00 UTC Mon Nov 30 2026 (in {int(timer.left)} seconds) by admin on vty0\n"
    )


def show_rollback(shell: IosShell, match: Match) -> str:
    rollback = shell.device.rollback
    if rollback is None:
        return "No Rollback Confirmed Change pending\n"
    left = int(rollback[0].left)
    return f"Time configured(minutes): 5\nTimer type: absolute timer\nTimer value: {left} seconds left\n"


SHOWS: dict[str, Callable[[IosDevice], str]] = {
    "show running-config [ all ]": ios_show.running,
    "show startup-config": ios_show.startup,
    "show version": ios_show.version,
    "show vlan [ brief ]": ios_show.vlan,
    "show vtp status": ios_show.vtp_status,
    "show vtp password": ios_show.vtp_password,
    "show interfaces switchport": ios_show.switchport,
    "show interfaces status": ios_show.status,
    "show snmp user": ios_show.snmp_user,
    "show authentication display config": lambda device: "Current display mode is legacy\n",
    "show archive": ios_show.archive,
    "show inventory": ios_show.inventory,
    "show switch": ios_show.switch,
    "show etherchannel summary": ios_show.etherchannel,
    "show lldp neighbors detail": lambda device: "% LLDP is not enabled\n"
    if not device.running.get("lldp run") else "\nTotal entries displayed: 0\n",
    "show mac address-table": ios_show.mac_table,
    "dir flash:": lambda device: "Directory of flash:/\n\n11353194496 bytes total (0 bytes free)\n"
    if device.faults.flash_full else "Directory of flash:/\n\n11353194496 bytes total (7341101056 bytes free)\n",
}  # fmt: skip


def _show(read: Callable[[IosDevice], str]) -> Callable[[Any, Match], str]:
    return lambda shell, match: read(shell.device)


def running_interface(shell: IosShell, match: Match) -> str:
    return ios_show.running_interface(shell.device, match.words[-1])


COMMON = [
    C("terminal length <0-512>", terminal_length),
    C("terminal width <0-512>", ios_lines.nothing),
    C("exit", leave),
    C("logout", leave),
    C("quit", leave),
]
EXEC = [
    *COMMON,
    C("enable", ios_lines.nothing),
    C("disable", disable),
    C("configure terminal", configure),
    C("configure terminal revert timer <1-120>", configure_revert),
    C("configure confirm", confirm),
    C("configure revert now", revert_now),
    C("write [ memory ]", save),
    C("copy running-config startup-config", save),
    C("copy running-config <flash>", copy_to_flash),
    C("configure replace <flash> force", replace),
    C("delete /force <flash>", delete),
    C("write erase", erase_startup),
    C("erase startup-config", erase_startup),
    C("reload", reload),
    C("reload in <word>", reload),
    C("reload cancel", reload_cancel),
    C("show reload", show_reload),
    C("show archive config rollback timer", show_rollback),
    C("show running-config interface <interface>", running_interface),
    *[C(pattern, _show(read)) for pattern, read in SHOWS.items()],
]
USER = [*COMMON, C("enable", enable), C("show version", _show(ios_show.version))]
EXEC_MODES = {"exec": Mode("exec", "", EXEC, TYPES), "user": Mode("user", "", USER, TYPES)}
