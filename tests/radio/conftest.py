"""A school with radio: the lab's switch, router and server, and an emulated access point with its stations."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reversibility.market.load import load_market
from tests.lab import access, school
from tests.lab.detect import detect
from tests.lab.plan import plan
from tests.lab.podman import Podman
from tests.lab.probes import plugged
from tests.lab.progress import Progress
from tests.radio.credentials import revoked
from tests.radio.emulator import Emulator, host_key
from tests.radio.image import image
from tests.radio.machine_files import machine_files
from tests.radio.radio import ADDRESS, HERE, TAG, Radio, make_market
from tests.radio.stations import Shell


@pytest.fixture(scope="session")
def radio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Radio]:
    """The school, with an access point that has just been installed: it has no SSID."""
    folder = tmp_path_factory.mktemp("radio")
    built = image(Progress())
    podman = Podman(detect())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CARTABLE_DATA_DIR", str(folder / "var"))
        paths, passphrase = make_market(folder)
        school.up(podman, paths.inventory, Progress())
        try:
            planned = plan(load_market(paths.inventory))
            private, public = host_key(folder)
            known = {
                line.split()[0]: line.split(maxsplit=1)[1]
                for line in paths.known_hosts.read_text().splitlines()
            }
            access.write_known_hosts(paths.known_hosts, {**known, ADDRESS: public})
            management = planned.vlan("administration")
            operator = access.operator_key(paths.keys)
            files = machine_files(TAG, private, operator, planned.vlans.values(), management, ADDRESS)
            port = next(port for port in planned.ports if port.peer == TAG)
            key = paths.keys / access.OPERATOR_KEY
            shell = Shell(ADDRESS, key, paths.known_hosts, folder)
            with (
                Emulator(podman, planned, port, built, files, folder) as machine,
                plugged(podman, planned) as probes,
            ):
                wired = {probe["name"]: probe["address"] for probe in probes}
                made = Radio(paths, planned, passphrase, shell, wired)
                made.stolen = revoked("UC990002", paths.inventory, folder, made.environment)
                made.play(HERE / "radius.yml")  # the machine starts meanwhile
                print(f"the access point answers after {machine.await_ssh(ADDRESS):.0f} s")
                yield made
                shell.close()
        finally:
            school.down(podman, Progress())
