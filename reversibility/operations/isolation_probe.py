"""Program of a probe: sends attempts, and reports those that arrive at its interface. Standard library only; as root.

It is sent as text to a Python on the probe. Standard input: a line of JSON (interface, gateway, jobs), the line ``go``
when all probes listen, the line ``stop`` when all have tried. Standard output: a line of JSON after each.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import random
import socket
import struct
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

MAGIC = b"CRTBL-R43:"
PATIENCE = 1.5
OUTGOING = 4


class Listener(threading.Thread):
    """Numbers of the attempts whose packets arrive."""

    def __init__(self, interface: str) -> None:
        super().__init__(daemon=True)
        self.seen: set[int] = set()
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
        self.socket.bind((interface, 0))
        self.start()

    def run(self) -> None:
        while True:
            frame, where = self.socket.recvfrom(65535)
            at = frame.find(MAGIC)
            if at >= 0 and where[2] != OUTGOING:
                self.seen.add(int.from_bytes(frame[at + len(MAGIC) : at + len(MAGIC) + 4], "big"))


def mark(job: dict[str, Any]) -> bytes:
    """The bytes that mark a packet."""
    return MAGIC + int(job["number"]).to_bytes(4, "big")


def checksum(data: bytes) -> int:
    """The checksum of IP, ICMP, TCP and UDP."""
    data += b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def packet(protocol: str, source: str, target: str, port: int, data: bytes) -> bytes:
    """An IPv4 packet with any source address."""
    number = {"icmp": 1, "tcp": 6, "udp": 17}[protocol]
    ends = socket.inet_aton(source) + socket.inet_aton(target)
    if protocol == "icmp":
        head = struct.pack("!BBHHH", 8, 0, 0, 1, 1)
        body = head[:2] + struct.pack("!H", checksum(head + data)) + head[4:] + data
    else:
        own = random.randrange(20000, 60000)
        if protocol == "udp":
            head, at = struct.pack("!HHHH", own, port, 8 + len(data), 0), 6
        else:
            head, at = struct.pack("!HHIIBBHHH", own, port, 1, 0, 5 << 4, 2, 1024, 0, 0), 16
        pseudo = ends + struct.pack("!BBH", 0, number, len(head) + len(data))
        body = head[:at] + struct.pack("!H", checksum(pseudo + head + data)) + head[at + 2 :] + data
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), random.randrange(65536), 0, 64, number, 0) + ends
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body


def hardware_address(interface: str) -> bytes:
    """The MAC address of an interface."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        return bytes(fcntl.ioctl(one.fileno(), 0x8927, struct.pack("256s", interface.encode()))[18:24])


def neighbour_address(address: str) -> bytes:
    """The MAC address of a neighbour; the broadcast address when it does not answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with suppress(OSError):  # no way there
                one.sendto(b"", (address, 9))
            time.sleep(0.05)
            for line in Path("/proc/net/arp").read_text(encoding="ascii").splitlines():
                fields = line.split()
                if fields[0] == address and fields[3] != "00:00:00:00:00:00":
                    return bytes.fromhex(fields[3].replace(":", ""))
    return b"\xff" * 6


async def connect(job: dict[str, Any]) -> int | None:
    """The number of the attempt when the other end answers, also by a refusal."""
    try:
        attempt = asyncio.open_connection(job["address"], job["port"])
        _, writer = await asyncio.wait_for(attempt, PATIENCE)
        writer.close()
    except ConnectionRefusedError:
        pass
    except (TimeoutError, OSError):
        return None
    return int(job["number"])


def send(job: dict[str, Any], interface: str, own: bytes, gateway: bytes) -> None:
    """Send one packet or frame."""
    kind, data = job["kind"], mark(job)
    if kind in ("udp", "icmp"):
        raw = kind == "icmp"
        sort = (socket.SOCK_RAW, socket.IPPROTO_ICMP) if raw else (socket.SOCK_DGRAM, 0)
        with socket.socket(socket.AF_INET, *sort) as one:
            head = struct.pack("!BBHHH", 8, 0, 0, 1, 1)
            head = head[:2] + struct.pack("!H", checksum(head + data)) + head[4:]
            one.sendto(head + data if raw else data, (job["address"], job["port"]))
        return
    tags, ether, target = b"", 0x0800, b"\xff" * 6
    if kind == "spoofed":
        body, target = packet(job["protocol"], job["claimed"], job["address"], job["port"], data), gateway
    elif kind == "dhcp":
        request = struct.pack("!BBBBIHH", 1, 1, 6, 0, random.randrange(1 << 32), 0, 0x8000) + b"\0" * 16
        request += own.ljust(16, b"\0") + b"\0" * 192 + b"\x63\x82\x53\x63\x35\x01\x01"
        request += bytes([12, len(data)]) + data + b"\xff"
        body = packet("udp", "0.0.0.0", "255.255.255.255", 67, request)
    else:
        tags = b"".join(struct.pack("!HH", 0x8100, number) for number in job["tags"])
        body = packet("udp", "0.0.0.0", "255.255.255.255", job["port"] or 9, data)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as one:
        one.bind((interface, 0))
        one.send((target + own + tags + struct.pack("!H", ether) + body).ljust(60, b"\0"))


async def main() -> None:
    """Listen, try, tell."""
    order = json.loads(sys.stdin.readline())
    interface = order["interface"]
    listener = Listener(interface)
    own, gateway = hardware_address(interface), neighbour_address(order["gateway"])
    print(json.dumps({"ready": True}), flush=True)
    sys.stdin.readline()
    for job in order["jobs"]:
        if job["kind"] != "tcp":
            for _ in range(2):  # the first may wait for an answer to ARP, and be lost
                with suppress(OSError):  # no route: blocked
                    send(job, interface, own, gateway)
    answered = await asyncio.gather(*(connect(job) for job in order["jobs"] if job["kind"] == "tcp"))
    print(json.dumps({"answered": [number for number in answered if number is not None]}), flush=True)
    sys.stdin.readline()
    print(json.dumps({"seen": sorted(listener.seen)}), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
