"""What ``asset_configuration`` collects, and what of it the state keeps."""

from __future__ import annotations

import base64
import json
import os
import re
from pathlib import Path

import pytest

from plugins.module_utils.asset.configuration import LARGEST, collect
from plugins.module_utils.asset.openvswitch import open_vswitch, stable_database
from reversibility.platforms.openvswitch import port_differences
from reversibility.platforms.openvswitch_plan import received
from reversibility.platforms.registry import driver
from reversibility.records.configuration import pack, read_items, readable_copies
from tests.unit.asset.recorded import RecordedMachine

DEBIAN = driver("debian")
DEBIAN_PATHS = DEBIAN.collected("classroom_pc")
SWITCH = Path(__file__).parent / "switches" / "openvswitch-3.5"


@pytest.fixture
def root(tmp_path):
    (tmp_path / "etc/ssh/sshd_config.d").mkdir(parents=True)
    (tmp_path / "etc/default").mkdir()
    (tmp_path / "etc/hostname").write_bytes(b"uc250001\n")
    (tmp_path / "etc/shadow").write_text("root:*:1::::::\n")
    (tmp_path / "etc/shadow").chmod(0o640)
    (tmp_path / "etc/ssh/sshd_config.d/10.conf").write_bytes(b"X11Forwarding no\n\xff\x00")
    (tmp_path / "etc/default/locale").symlink_to("/etc/shadow")
    (tmp_path / "etc/default/old~").write_text("left by an editor")
    (tmp_path / "etc/default/large").write_bytes(b"x" * (LARGEST + 1))
    (tmp_path / "etc/elsewhere").write_text("nobody asked for it")
    return str(tmp_path)


def test_the_files_are_read_as_they_are(root):
    files, left_out = collect(root, DEBIAN_PATHS)
    assert [file["path"] for file in files] == [
        "/etc/default/locale",
        "/etc/hostname",
        "/etc/shadow",
        "/etc/ssh/sshd_config.d/10.conf",
    ]
    assert left_out == ["/etc/default/large"]
    assert base64.b64decode(files[3]["content_b64"]) == b"X11Forwarding no\n\xff\x00"
    assert files[2]["mode"] == "0640"
    assert collect(root, reversed(DEBIAN_PATHS)) == (files, left_out)


def test_who_may_log_in_with_a_key_is_read_and_shown(root):
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl alex\n"
    homes = ("home/cartable", "home/eleve", "root")
    for home in homes:
        (Path(root) / home / ".ssh").mkdir(parents=True)
        for name in ("authorized_keys", "authorized_keys2", "id_ed25519"):
            (Path(root) / home / ".ssh" / name).write_text(key)
    shown = readable_copies(read_items(collect(root, DEBIAN_PATHS)[0]), frozenset(), DEBIAN.redact)
    assert {name: text for name, text in shown.items() if ".ssh" in name} == {
        f"config/{home}/.ssh/{name}": key
        for home in homes
        for name in ("authorized_keys", "authorized_keys2")
    }


def test_a_link_is_not_followed(root):
    """It could lead to the hashes from a place whose content is shown to people."""
    files, _ = collect(root, ["/etc/default/**"])
    assert files == [{"path": "/etc/default/locale", "link": "/etc/shadow"}]


def test_what_is_collected_is_what_the_state_keeps(root):
    files, _ = collect(root, DEBIAN_PATHS)
    kept = read_items(files)
    assert [file.path for file in kept] == [file["path"] for file in files]
    assert pack(kept) == pack(read_items(collect(root, DEBIAN_PATHS)[0]))


def test_this_machine_is_read_without_an_error():
    files, _ = collect("/", ["/etc/hostname", "/etc/passwd"])
    assert "/etc/passwd" in [file["path"] for file in files]
    assert DEBIAN.problems({f["path"]: base64.b64decode(f["content_b64"]) for f in files}) == []


def read_switch() -> dict[str, bytes]:
    return {
        item["path"]: base64.b64decode(item["content_b64"]) for item in open_vswitch(RecordedMachine(SWITCH))
    }


def test_a_recorded_switch_is_read():
    switch = json.loads(read_switch()["/switch.json"])
    assert switch["bridges"] == [{"name": "br0", "ports": ["br0", "mgmt", "p_fw", "p_pc1"]}]
    assert {port["name"]: (port["tag"], port["trunks"], port["internal"]) for port in switch["ports"]} == {
        "br0": (None, [], True),
        "mgmt": (10, [], True),
        "p_fw": (None, [10, 20, 40], False),
        "p_pc1": (40, [], False),
    }


def test_a_switch_is_the_same_read_on_it_and_by_the_action():
    """What runs on a machine has the standard library alone, and the package imports no plugin: hence two readers."""
    answers = json.loads((SWITCH / "commands.json").read_text())
    tables = {
        command.rpartition(" ")[2]: json.loads((SWITCH / "commands" / file).read_text())
        for command, file in answers.items()
        if command.startswith("ovs-vsctl")
    }
    tables["Port"]["headings"] += ["vlan_mode", "protected"]
    for row in tables["Port"]["data"]:
        row += [["set", []], False]
    output = "\n".join(json.dumps(tables[name]) for name in ("Bridge", "Port", "Interface"))
    assert received(output.encode())["/switch.json"] == read_switch()["/switch.json"]


def test_a_recorded_switch_is_what_was_declared():
    vlans = {"administration": {"id": 10}, "direction": {"id": 20}, "pupils": {"id": 40}}
    ports = {
        "p_pc1": {"mode": "access", "vlan": "pupils"},
        "p_fw": {"mode": "trunk", "vlans": ["administration", "direction", "pupils"]},
    }
    assert port_differences(json.loads(read_switch()["/switch.json"]), ports, vlans) == []


def test_the_database_of_a_switch_parses_and_a_damaged_one_does_not():
    files = read_switch()
    assert DEBIAN.problems(files) == []
    database = files["/openvswitch/conf.db"]
    for broken in (
        database[:-2],
        database.replace(b"p_pc1", b"p_pc2"),
        database[: database.index(b"\n{") + 1],
        b"",
    ):
        assert DEBIAN.problems({**files, "/openvswitch/conf.db": broken})


def test_the_same_database_gives_the_same_bytes_at_another_time():
    name = next(path for path in (SWITCH / "commands").iterdir() if path.name.startswith("ovsdb-client"))
    backup = name.read_bytes()
    later = re.sub(rb'"_date":\d+', b'"_date":1234567890123', backup)
    assert b'"_date"' in backup
    assert stable_database(later) == stable_database(backup) == stable_database(stable_database(backup))


def test_a_machine_without_a_switch_has_no_switch(tmp_path):
    (tmp_path / "commands.json").write_text("{}")
    assert open_vswitch(RecordedMachine(tmp_path)) == []


def test_names_that_are_not_utf_8_are_written_out_and_no_two_become_one(tmp_path):
    for number, name in enumerate((b"caf\xe9.conf", b"caf\\xe9.conf", b"\xffa", "été.conf".encode())):
        (tmp_path / os.fsdecode(name)).write_bytes(b"%d" % number)
    (tmp_path / "link").symlink_to(os.fsdecode(b"caf\xe8"))
    found, _ = collect(str(tmp_path), ["/**"])
    paths = {item["path"]: base64.b64decode(item.get("content_b64", "")) for item in found}
    assert paths == {
        "/caf\\xe9.conf~": b"0",
        "/caf\\xe9.conf": b"1",
        "/\\xffa": b"2",
        "/été.conf": b"3",
        "/link": b"",
    }
    assert next(item["link"] for item in found if "link" in item) == "caf\\xe8"
    json.dumps(found, ensure_ascii=False).encode()  # every text can be kept
