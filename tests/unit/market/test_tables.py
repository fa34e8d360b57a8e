"""kinds.yml and platforms.yml: their content, and the error for an invalid one."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
import yaml

from reversibility.errors import CartableError
from reversibility.market import tables
from reversibility.market.kinds import kind_groups, kind_label, kind_table, kinds_in
from reversibility.market.platforms import (
    care_of,
    os_pattern,
    platform_of,
    platform_table,
    support_of,
    support_of_record,
    version_of,
)

SYSTEMS = {
    "debian-13": ("debian", "linux", "13"),
    "ubuntu-24.04": ("ubuntu", "linux", "24.04"),
    "windows-11": ("windows", "windows", "11"),
    "windows-8.1": ("windows", "windows", "8.1"),
    "windows-server-2012-r2": ("windows", "windows", "server-2012-r2"),
    "cisco-ios-15.2": ("cisco_ios", "network", "15.2"),
    "nx-os": ("cisco_nxos", "network", ""),
    "aos-s-16": ("aruba_aoss", "network", "16"),
    "procurve": ("aruba_aoss", "network", ""),
    "aos-cx-10.13": ("aruba_aoscx", "network", "10.13"),
    "unifi-6": ("unifi", "api", "6"),
    "android-14": ("android", "unmanaged", "14"),
    "thinclient": ("thin_client", "unmanaged", ""),
}


@pytest.mark.parametrize(("os", "expected"), SYSTEMS.items())
def test_a_system_is_one_platform(os: str, expected: tuple[str, str, str]) -> None:
    platform = platform_of(os)
    assert (platform.name, platform.family, version_of(os)) == expected
    assert re.fullmatch(os_pattern(), os)
    assert [one.name for one in platform_table().platforms.values() if one.match(os)] == [expected[0]]


@pytest.mark.parametrize("os", ["", "debian", "debian-13.1", "windows-12", "aos", "plan9-4", "none-1"])
def test_what_no_pattern_matches_is_no_platform(os: str) -> None:
    assert (platform_of(os).name, platform_of(os).family, version_of(os)) == ("none", "unmanaged", "")
    assert not re.fullmatch(os_pattern(), os)


def test_no_system_is_no_platform() -> None:
    assert platform_of(None) is platform_of("none")
    assert platform_of(None).connection.host_key == "none"


def test_each_version_of_the_table_is_one_that_its_pattern_gives() -> None:
    for platform in platform_table().platforms.values():
        for version in platform.versions:
            assert version_of(f"{platform.name}-{version}") == version


@pytest.mark.parametrize(
    ("os", "ends", "last"),
    [
        ("windows-7", date(2020, 1, 14), date(2023, 1, 10)),
        ("windows-10", date(2025, 10, 14), date(2028, 10, 10)),
        ("windows-11", date(2028, 10, 10), date(2028, 10, 10)),
        ("debian-12", date(2028, 6, 30), date(2028, 6, 30)),
        ("debian-99", None, None),
        ("aos-s-16", None, None),
    ],
)
def test_until_when_a_declared_system_is_supported(os: str, ends: date | None, last: date | None) -> None:
    assert (support_of(os).ends, support_of(os).last) == (ends, last)


@pytest.mark.parametrize(
    ("release", "edition", "ends"),
    [
        ("24H2", "", date(2026, 10, 13)),
        ("24h2", "professional", date(2026, 10, 13)),
        ("24H2", "Education", date(2027, 10, 12)),
        ("99H9", "education", None),
    ],
)
def test_the_end_of_a_release_depends_on_the_edition(release: str, edition: str, ends: date | None) -> None:
    assert platform_of("windows-11").support("11", release, edition).ends == ends


@pytest.mark.parametrize(
    ("name", "full_name", "version", "ends"),
    [
        ("Debian", "Debian GNU/Linux 13 (trixie)", "13.2", date(2030, 6, 30)),
        ("Debian", "Debian GNU/Linux 12 (bookworm)", "12", date(2028, 6, 30)),
        ("Ubuntu", "Ubuntu 24.04.1 LTS", "24.04", date(2029, 5, 31)),
        ("Windows", "Microsoft Windows XP Professional", "", date(2014, 4, 8)),
        ("Windows", "Microsoft Windows 7 Professionnel", "", date(2020, 1, 14)),
        ("Windows", "Microsoft Windows 8.1 Pro", "", date(2023, 1, 10)),
        ("Windows", "Microsoft Windows 10 Pro", "22H2", date(2025, 10, 14)),
        ("Windows", "Microsoft Windows 11 Professionnel", "24H2", date(2026, 10, 13)),
        ("Windows", "Microsoft Windows 11 Éducation", "24H2", date(2027, 10, 12)),
        ("Windows", "Microsoft Windows 11 Entreprise", "24H2", date(2027, 10, 12)),
        ("Windows", "Microsoft Windows 11 Pro", "99H9", None),
        ("Windows", "Microsoft Windows Server 2012 R2 Standard", "", date(2023, 10, 10)),
        ("BeOS", "BeOS", "5", None),
        ("Debian", "Debian GNU/Linux forky/sid", "", None),
    ],
)
def test_the_end_of_support_of_what_was_seen(
    name: str, full_name: str, version: str, ends: date | None
) -> None:
    found = support_of_record({"name": name, "full_name": full_name, "version": version})
    assert found.ends == ends
    assert support_of_record({}).ends is None


def test_kinds_and_their_groups() -> None:
    assert "classroom_pc" in kinds_in("computers") and "switch" not in kinds_in("computers")
    assert kinds_in("file_servers") == ("nas",)
    assert kind_groups("no_such_kind") == () and kind_label("no_such_kind") == "no such kind"
    with pytest.raises(CartableError, match="no group of kinds nowhere"):
        kinds_in("nowhere")
    for group in kind_table().groups:
        assert kinds_in(group), f"the group {group} has no kind"


@pytest.mark.parametrize(
    ("table", "path", "value", "said"),
    [
        ("kinds", ("kinds", "ups", "itemtype"), "Toaster", "'Toaster' is not one of"),
        ("kinds", ("kinds", "ups", "colour"), "red", "'colour' was unexpected"),
        ("kinds", ("kinds", "ups", "groups"), ["nowhere"], "ups has the group nowhere"),
        ("kinds", ("kinds", "ups", "prefix"), "UC", "ups has the prefix of classroom_pc"),
        ("kinds", ("kinds", "ups", "mandatory"), ["colour"], "ups has the attribute colour"),
        (
            "platforms",
            ("platforms", "dsm", "family"),
            "mainframe",
            "the family mainframe of dsm is not listed",
        ),
        (
            "platforms",
            ("platforms", "dsm", "connection"),
            "telnet",
            "the connection telnet of dsm is not listed",
        ),
        ("platforms", ("platforms", "dsm", "os"), ["dsm"], "each os of dsm needs one group"),
        ("platforms", ("platforms", "debian", "versions", "13", "ends"), "soon", "'soon' does not match"),
    ],
)
def test_a_wrong_table_is_refused(
    table: str,
    path: tuple[str, ...],
    value: object,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for source in tables.FOLDER.glob("*.yml"):
        content = yaml.safe_load(source.read_text(encoding="utf-8"))
        if source.stem == table:
            place = content
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = value
        (tmp_path / source.name).write_text(yaml.safe_dump(content))
    (tmp_path / "schemas").symlink_to(tables.FOLDER / "schemas")
    monkeypatch.setattr(tables, "FOLDER", tmp_path)
    read = kind_table if table == "kinds" else platform_table
    with pytest.raises(CartableError, match=re.escape(said)):
        read.__wrapped__()


def test_a_table_that_is_no_yaml_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kinds.yml").write_text("kinds: [")
    monkeypatch.setattr(tables, "FOLDER", tmp_path)
    with pytest.raises(CartableError, match=r"kinds\.yml cannot be read"):
        kind_table.__wrapped__()


@pytest.mark.parametrize(
    ("os", "ended", "antivirus"),
    [
        ("windows-xp", date(2014, 4, 8), "impossible"),
        ("windows-7", date(2023, 1, 10), "possible"),
        ("windows-server-2012-r2", date(2026, 10, 13), "possible"),
    ],
)
def test_what_is_left_to_be_done_for_a_system_without_updates(os: str, ended: date, antivirus: str) -> None:
    care = care_of(os)
    assert care is not None
    assert care.ended == ended
    assert "antivirus" in getattr(care, antivirus)
    assert "mises à jour de sécurité" in care.impossible


@pytest.mark.parametrize("os", ["windows-10", "windows-11", "debian-13", None])
def test_a_system_with_updates_needs_no_such_words(os: str | None) -> None:
    assert care_of(os) is None
