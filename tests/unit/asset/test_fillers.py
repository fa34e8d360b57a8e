"""Serial numbers and identifiers that identify nothing are left out, on Linux as on Windows."""

from __future__ import annotations

import pytest

from plugins.module_utils.asset import fillers, identity
from plugins.module_utils.asset.machine import Machine
from reversibility.platforms import fillers as of_the_controller

REAL_SERIALS = ["7XK2QZ3", "PF3A1B2C", "1", "11", "S4EVNX0R", "MP1.2AB34", "CZC1234567", "00000000001A"]
LEFT_OUT = ["1", "11"]


@pytest.mark.parametrize(
    "value",
    ["0123456789", "SYS-9876543210", "sn-12345", "111111", "0000000000", "0101", "IATPASS", "OEM_Serial", "EVAL", "2.0",
     "1.0.2", "xxxxxxx", "ZZZZZZ", "Tulip Computers", "(null string)", "Unknow", "To be filled by O.E.M.", "....", ""],
)  # fmt: skip
def test_a_filler_is_no_serial_number(value):
    assert fillers.serial(value) == of_the_controller.serial(value) == ""


@pytest.mark.parametrize("value", REAL_SERIALS)
def test_a_serial_number_stays(value):
    expected = "" if value in LEFT_OUT else value
    assert fillers.serial(f" {value} ") == of_the_controller.serial(value) == expected


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("03000200-0400-0500-0006-000700080009", ""),
        ("6AB5B300-538D-1014-9FB5-B0684D007B53", ""),
        ("00000000-0000-0000-0000-000000000000", ""),
        ("{FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF}", ""),
        ("01010101-0101-0101-0101-010101010101", ""),
        ("aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa", ""),
        ("Not Settable", ""),
        ("4C4C4544-0042-3510-8052-B3C04F4B4E32", "4c4c4544-0042-3510-8052-b3c04f4b4e32"),
    ],
)
def test_the_identifier_of_a_machine(value, kept):
    assert fillers.identifier(value) == of_the_controller.identifier(value) == kept


def test_controller_and_targets_know_the_same_fillers():
    for name in ("TEXTS", "SERIALS", "SERIAL_PATTERN", "UUIDS", "UUID_PATTERN"):
        assert getattr(fillers, name) == getattr(of_the_controller, name)


def test_firmware_of_fillers_gives_an_asset_without_identity(tmp_path):
    values = {
        "product_serial": "0123456789",
        "board_serial": "NNNNNNN",
        "chassis_serial": "R90XYZ12",
        "product_uuid": "03000200-0400-0500-0006-000700080009",
        "chassis_type": "11",
    }
    (tmp_path / "sys/class/dmi/id").mkdir(parents=True)
    for name, value in values.items():
        (tmp_path / "sys/class/dmi/id" / name).write_text(value + "\n")

    class Silent(Machine):
        def run(self, *command, accept=None):
            return None

    machine = Silent(str(tmp_path))
    assert identity.bios(machine) == {"enclosureserial": "R90XYZ12"}
    assert identity.hardware(machine) == {"chassis_type": "Hand Held", "vmsystem": "Physical"}
