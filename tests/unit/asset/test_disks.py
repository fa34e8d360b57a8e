"""Which disks are built in, and what of a tool cannot be read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from plugins.module_utils.asset import network, openvswitch, storage
from plugins.module_utils.asset.machine import Machine, NoAnswer


class Asked(Machine):
    """A machine whose commands answer what the test says, by their first word."""

    def __init__(self, root, **answers: str) -> None:
        super().__init__(str(root))
        self.answers = answers

    def run(self, *command, accept=None):
        return self.answers.get(command[0].replace("-", "_"))


def disk(name: str, tran: str | None = None, rm: bool = False, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": "disk", "size": 1 << 34, "tran": tran, "rm": rm, **more}


def names(tmp_path, *devices: dict[str, Any]) -> list[str]:
    machine = Asked(tmp_path, lsblk=json.dumps({"blockdevices": devices}))
    return [found["name"] for found in storage.storages(machine)[0]]


def kind_of_card(tmp_path, name: str, kind: str) -> None:
    folder = tmp_path / "sys/block" / name / "device"
    folder.mkdir(parents=True)
    (folder / "type").write_text(kind + "\n")


def test_the_areas_of_an_emmc_are_one_disk_and_a_card_is_none(tmp_path):
    kind_of_card(tmp_path, "mmcblk0", "MMC")
    kind_of_card(tmp_path, "mmcblk2", "SD")
    areas = [disk(f"mmcblk0{area}") for area in ("", "boot0", "boot1", "rpmb", "gp0")]
    assert names(tmp_path, *areas, disk("mmcblk2"), disk("sdb", "usb")) == ["mmcblk0"]


@pytest.mark.parametrize(
    ("device", "built_in"),
    [
        (disk("sda", "sata", rm=True), True),  # a bay whose disk can be swapped
        (disk("nvme0n1", "nvme"), True),
        (disk("vda", "virtio"), True),
        (disk("xvda"), True),
        (disk("sdb", "usb"), False),
        (disk("sdc", "USB", rm=True), False),
        (disk("sdd", "iscsi"), False),
        (disk("sde", rm=True), False),
        (disk("nbd0"), False),
        (disk("mtdblock0"), False),
        (disk("ram15"), False),
        (disk("mmcblk1", rm=True), False),
        ({"name": "sr0", "type": "rom", "size": 0, "tran": "sata", "rm": True}, True),
        ({"name": "sr1", "type": "rom", "size": 0, "tran": "usb", "rm": True}, False),
        (disk("sdf", "usb", children=[{"name": "sdf2", "mountpoint": "/"}]), True),  # the system runs from it
        (disk("sdg", "usb", children=[{"name": "sdg1", "mountpoint": "/media/eleve/CLE"}]), False),
    ],
)
def test_what_a_disk_hangs_on_tells_whether_it_is_built_in(tmp_path, device, built_in):
    assert names(tmp_path, device) == ([device["name"]] if built_in else [])


@pytest.mark.parametrize(
    ("raw", "label"),
    [
        (b"\x90L\xd4VES", "\\x90L\\xd4VES"),
        (b"SAUVEGARD\xc9E", "SAUVEGARD\\xc9E"),
        (b"\\x8aLEVES", "\\x8aLEVES"),  # as some versions of lsblk print it themselves
        (b"a\\\\x41", "a\\x41"),  # a label of these very signs
        (b"\\ud83d", "\\ud83d"),
        (b"\\u00e9t\\u00e9", "été"),
    ],
)
def test_a_label_in_another_code_page_is_escaped(tmp_path, raw, label):
    device = b'{"name":"sda1","type":"part","size":1073741824,"mountpoint":"/","label":"' + raw + b'"}'
    said = (
        b'{"blockdevices":[{"name":"sda","type":"disk","size":1073741824,"tran":"sata","children":['
        + device
        + b"]}]}"
    )
    (tmp_path / "said").write_bytes(said)
    machine = Asked(tmp_path, lsblk=Machine().run("cat", str(tmp_path / "said")) or "")
    assert storage.drives(machine)[0][0]["label"] == label
    assert [found["name"] for found in storage.storages(machine)[0]] == ["sda"]


@pytest.mark.parametrize("said", ["lsblk: oops", '{"blockdevices": [', "[" * 150_000, '{"blockdevices": 7}'])
def test_what_cannot_be_read_is_no_answer_and_never_none(tmp_path, said):
    with pytest.raises(NoAnswer, match=r"lsblk .*the last record stays"):
        storage.storages(Asked(tmp_path, lsblk=said))
    with pytest.raises(NoAnswer, match=r"lsblk .*the last record stays"):
        storage.drives(Asked(tmp_path, lsblk=said))


@pytest.mark.parametrize("said", ["[{", "ip: unknown option"])
def test_interfaces_and_switches_that_cannot_be_read_are_no_answer(tmp_path, said):
    with pytest.raises(NoAnswer, match="What ip prints cannot be read"):
        network.interfaces(Asked(tmp_path, ip=said))
    with pytest.raises(NoAnswer, match="What ovs-vsctl prints cannot be read"):
        openvswitch.open_vswitch(Asked(tmp_path, ovs_vsctl=said))


def test_a_tool_that_is_not_there_says_nothing(tmp_path):
    assert storage.storages(Asked(tmp_path)) == ([], {})
    assert network.interfaces(Asked(tmp_path)) == ([], {})
