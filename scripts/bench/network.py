"""Reading of network devices: the action switch in a play, against netmiko in threads, on the same simulated devices.

.venv/bin/python scripts/bench/network.py --devices 50 --forks 20

The devices are simulated Catalysts over real SSH in a process of their own, each at its own address of the loopback.
Both sides log in once and ask for the same commands; the play also redacts, encrypts and records what it read.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import secrets
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))

from reversibility.platforms.cisco_ios import DRIVER  # noqa: E402
from tests.simulators.network.ios import IosDevice  # noqa: E402
from tests.simulators.network.market import NETWORK, VLANS, SimulatedMarket  # noqa: E402
from tests.simulators.network.server import Simulators  # noqa: E402

UPLINK = "GigabitEthernet1/0/1"
PORTS = {"Gi1/0/1": {"mode": "trunk", "vlans": list(VLANS), "description": "Routeur"}}
PLAY = """
- hosts: managed
  gather_facts: false
  connection: local
  tasks:
    - cartable.fleet.switch: {state: gathered}
"""


def serve(pipe: Connection, tags: list[str], password: str, ports: int) -> None:
    """Serve the devices until the other end closes."""
    devices = [
        IosDevice(
            tag, password=password, ports=ports, management=(10, f"{NETWORK}.{n}", "255.255.255.0", UPLINK)
        )
        for n, tag in enumerate(tags, start=10)
    ]
    with Simulators(*devices) as simulators:
        pipe.send((simulators.ports, simulators.known_hosts))
        pipe.recv()


class Served:
    """Ports and host keys of devices that another process serves."""

    def __init__(self, ports: dict[str, int], known_hosts: str) -> None:
        self.ports, self.known_hosts = ports, known_hosts

    def port(self, name: str) -> int:
        return self.ports[name]


def by_netmiko(address: str, port: int, password: str) -> int:
    """The characters of the answers that netmiko gives."""
    from netmiko import ConnectHandler

    with ConnectHandler(
        device_type="cisco_ios", host=address, port=port, username="admin", password=password
    ) as connection:
        return sum(
            len(connection.send_command(command)) for command in (*DRIVER.commands.values(), *DRIVER.about)
        )


def _cpu() -> float:
    """Seconds of CPU of the processes that have ended: the play and its workers."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--devices", type=int, default=50)
    parser.add_argument("--forks", type=int, default=20)
    parser.add_argument("--ports", type=int, default=24, help="ports of a device")
    parser.add_argument("--rounds", type=int, default=3, help="the best of so many counts")
    options = parser.parse_args()
    password = f"Aa1-{secrets.token_urlsafe(12)}"
    tags = [f"SW25{number:04}" for number in range(1, options.devices + 1)]
    with tempfile.TemporaryDirectory() as folder:
        market = SimulatedMarket(Path(folder), {tag: {"ports": PORTS} for tag in tags})
        ours, theirs = multiprocessing.get_context("spawn").Pipe()
        process = multiprocessing.get_context("spawn").Process(
            target=serve, args=(theirs, tags, password, options.ports)
        )
        process.start()
        ports, known_hosts = ours.recv()
        market.put_into_service(Served(ports, known_hosts), dict.fromkeys(tags, password))
        play = Path(folder) / "gather.yml"
        play.write_text(PLAY)
        results: dict[str, list[float]] = {"switch": [], "netmiko": []}
        cpu: dict[str, list[float]] = {"switch": [], "netmiko": []}
        for _ in range(options.rounds):
            start, used = time.perf_counter(), _cpu()
            done = market.run(str(play), "--forks", str(options.forks))
            if done.returncode:
                sys.exit(done.stdout + done.stderr)
            cpu["switch"].append((_cpu() - used) / options.devices)
            results["switch"].append(options.devices / (time.perf_counter() - start))
            start, used = time.perf_counter(), time.process_time()
            with ThreadPoolExecutor(options.forks) as pool:
                list(
                    pool.map(
                        lambda n: by_netmiko(f"{NETWORK}.{10 + n}", ports[tags[n]], password),
                        range(len(tags)),
                    )
                )
            cpu["netmiko"].append((time.process_time() - used) / options.devices)
            results["netmiko"].append(options.devices / (time.perf_counter() - start))
        ours.send(None)
        process.join(30)
    best = {name: round(max(rates), 1) for name, rates in results.items()}
    seconds = {name: round(min(spent), 3) for name, spent in cpu.items()}
    found = {
        "devices": options.devices,
        "forks": options.forks,
        "devices_per_second": best,
        "cpu_seconds_per_device": seconds,
        "share_of_netmiko": round(best["switch"] / best["netmiko"], 2),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
