"""The command ``scripts/lab``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from reversibility.errors import CartableError
from tests.lab import locks, machine, places
from tests.lab.detect import detect
from tests.lab.podman import Podman, require_root
from tests.lab.progress import Progress

if TYPE_CHECKING:
    from reversibility.market.paths import MarketPaths

_DESCRIPTION = """\
A virtual school on this machine: systemd containers for its computers, a switch that switches, a router that
filters by network.yml. The controller sits in the administration VLAN and reaches the hosts by SSH."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status (2 for an error that the operator can act upon)."""
    own, words = _split(list(sys.argv[1:] if arguments is None else arguments))
    options = _parser().parse_args(own)
    options.command = words
    os.environ["PATH"] = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"
    try:
        status: int = options.func(options)
    except CartableError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; scripts/lab up or scripts/lab down cleans what is half-made.", file=sys.stderr)
        return 130
    return status


# Commands that run another one, and how many words are their own: everything after is passed on untouched, options
# included.
_OWN_WORDS = {"run": 1, "podman": 1, "podman-env": 1, "shell": 2, "probe": 2, "probes": 2}


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """The lab's own arguments, and the command to run (without the ``--`` that may stand before it)."""
    own = _OWN_WORDS.get(arguments[0], len(arguments)) if arguments else 0
    if arguments[1:2] in (["-h"], ["--help"]) and arguments[0] != "podman":
        return arguments, []
    words = arguments[own:]
    return arguments[:own], words[1:] if words[:1] == ["--"] else words


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/lab", description=_DESCRIPTION)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, func: object, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(func=func)
        return command

    up = add("up", _up, "start the school (again: repair what is missing)")
    up.add_argument(
        "-i",
        "--inventory",
        type=Path,
        default=Path(os.environ.get("CARTABLE_INVENTORY", places.PROJECT / "inventories/demo")),
        help="the market whose managed assets become containers (default: inventories/demo)",
    )
    add("down", _down, "stop the school and remove everything but the images and the cached packages")
    add("status", _status, "say how this machine runs the lab, and the state of each host")
    shell = add("shell", _shell, "a root shell on HOST, or CMD on it")
    shell.add_argument("host", metavar="HOST", help="an asset tag, such as UC250001")
    add("run", _run, "run CMD on the controller, in the administration VLAN")
    probe = add("probe", _probe, "run CMD from a fresh machine plugged into a VLAN")
    probe.add_argument("vlan", metavar="VLAN", help="a name of network.yml, such as pupils")
    several = add("probes", _probes, "run CMD while a fresh machine is in each VLAN, for check_isolation.yml")
    several.add_argument("file", metavar="FILE", type=Path, help="where to write their variables, as JSON")
    add("windows", _windows, "run the simulated Windows PCs of the demo's school until Enter or Ctrl-C")
    add(
        "access-points",
        _access_points,
        "run the simulated access points of the demo's school until Enter or Ctrl-C",
    )
    add("image", _image, "build the images that are missing or out of date")
    add("packages", _packages, "install the system packages that the lab needs")
    add("podman", _podman_command, "podman, in the way that works on this machine")
    add(
        "podman-env",
        _podman_env,
        "run CMD (Molecule) where `podman` simply works and containers find the apt cache",
    )
    return parser


def _podman() -> Podman:
    require_root()
    return Podman(machine.check())


def _command(options: argparse.Namespace) -> list[str]:
    """The command to run; an interactive shell where none was given."""
    words: list[str] = options.command
    return words or [os.environ.get("SHELL", "/bin/sh")]


def _image(_: argparse.Namespace) -> int:
    podman, say = _podman(), Progress()
    # The lock as well: what a build leaves is removed by whoever holds it.
    with machine.services(podman), locks.exclusive(places.LOCK, "scripts/lab up or down"):
        machine.ensure_images(podman, say)
    say("the images are there")
    return 0


def _packages(_: argparse.Namespace) -> int:
    machine.install_packages(Progress())
    return 0


def _podman_command(options: argparse.Namespace) -> int:
    podman = _podman()
    return machine.podman_environment(podman, ["podman", *options.command])


def _podman_env(options: argparse.Namespace) -> int:
    return machine.podman_environment(_podman(), _command(options))


# Imported where they are used: the image and podman commands need nothing of the market's libraries.


def _up(options: argparse.Namespace) -> int:
    from tests.lab import school

    progress = Progress()
    progress(detect().sentence())
    school.up(_podman(), options.inventory, progress)
    return 0


def _down(_: argparse.Namespace) -> int:
    from tests.lab import school

    school.down(_podman(), Progress())
    return 0


def _status(_: argparse.Namespace) -> int:
    from tests.lab import visit

    found = detect()
    print(found.sentence())
    return 2 if found.problem() else visit.status(Podman(found))


def _shell(options: argparse.Namespace) -> int:
    from tests.lab import visit

    return visit.shell(_podman(), options.host, options.command)


def _run(options: argparse.Namespace) -> int:
    from tests.lab import visit

    visit.run_on_controller(_command(options))


def _probes(options: argparse.Namespace) -> int:
    from tests.lab.probes import with_probes

    return with_probes(_podman(), options.file, _command(options))


def _probe(options: argparse.Namespace) -> int:
    from tests.lab import visit

    return visit.probe(_podman(), options.vlan, _command(options))


def _windows(_: argparse.Namespace) -> int:
    from tests.lab.windows import simulated_pcs

    return _until_enter(simulated_pcs)


def _access_points(_: argparse.Namespace) -> int:
    from tests.lab.access_points import simulated_access_points

    return _until_enter(simulated_access_points)


def _until_enter(simulated: Callable[[MarketPaths], AbstractContextManager[list[str]]]) -> int:
    from reversibility.market.paths import MarketPaths

    with simulated(MarketPaths.for_inventory(places.PROJECT / "inventories/demo")) as tags:
        print(f"{', '.join(tags)} answer, simulated, until Enter.", flush=True)
        sys.stdin.readline()
    return 0
