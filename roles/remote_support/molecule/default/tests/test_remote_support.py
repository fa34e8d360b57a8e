"""Who reaches the screen of a Linux PC: the administrator's account, through SSH, when whoever sits there accepts."""

from __future__ import annotations

import json

import pytest

# The beginning of RFB (RFC 6143, 7.1 and 7.3): prints what came of it.
VIEWER = """
import json, socket, struct, sys

def read(count):
    data = b""
    while len(data) < count:
        try:
            piece = stream.recv(count - len(data))
        except ConnectionResetError:
            piece = b""
        if not piece:
            sys.exit(json.dumps({"closed after": len(got), "got": got}))
        data += piece
    return data

got = []
stream = socket.socket(socket.AF_UNIX)
stream.settimeout(30)
try:
    stream.connect("/run/cartable-assistance.sock")
except PermissionError:
    sys.exit(json.dumps({"refused": True}))
got.append(read(12).decode())
stream.sendall(b"RFB 003.008\\n")
kinds = read(read(1)[0])
stream.sendall(b"\\x01")
read(4)
stream.sendall(b"\\x01")
print(json.dumps({"size": struct.unpack(">HH", read(4)), "no password": 1 in kinds}))
"""


def connect(machine, user):
    done = machine.run("python3", "-", user=user, stdin=VIEWER)
    return json.loads(done.stdout or done.stderr.splitlines()[-1])


def test_nobody_else_on_the_machine_reaches_it(machine):
    assert connect(machine, "nobody") == {"refused": True}


def test_without_an_answer_at_the_screen_nobody_is_let_in(machine):
    said = connect(machine, "cartable")
    assert said["got"][0].startswith("RFB 003"), said  # it answered
    assert "size" not in said


def test_who_is_accepted_sees_the_screen(machine):
    find = "xdotool search --sync --onlyvisible --name 'new x11vnc client'"
    accept = f"export DISPLAY=:0 XAUTHORITY=/run/screen.xauth; {find} mousemove --window %1 20 20 key y"
    machine.run("systemd-run", "--quiet", "--collect", "sh", "-c", accept)
    assert connect(machine, "cartable") == {"size": [640, 480], "no password": True}


@pytest.mark.parametrize(
    ("address", "user", "forwarded"),
    [
        ("203.0.113.5", "cartable", "local"),
        ("203.0.113.40", "cartable", "no"),  # a neighbour
        ("203.0.113.5", "enseignant", "no"),
    ],
)
def test_ssh_forwards_the_administrator_from_the_administration_alone(host, address, user, forwarded):
    said = host.check_output(f"/usr/sbin/sshd -T -C user={user},host=test,addr={address}")
    assert f"allowstreamlocalforwarding {forwarded}" in said.splitlines()


def test_nothing_listens_on_the_network(host):
    assert not host.check_output("grep -h ':170C ' /proc/net/tcp /proc/net/tcp6 || true")  # 5900
