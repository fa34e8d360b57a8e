"""Packages that the catalogue asked for once: told while they are there, never removed, never forgotten half-way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from plugins.module_utils.asset.left_software import NOTE, Left, left_software, write_note
from plugins.module_utils.asset.machine import Machine


class Debian(Machine):
    """A folder with a dpkg that has these packages, and names that some of them provide."""

    def __init__(self, root: Path, *packages: str, **provided: str) -> None:
        super().__init__(str(root))
        self.packages = dict.fromkeys(packages, "") | {
            name.replace("_", "-"): text for name, text in provided.items()
        }

    def run(self, *command: str, accept: range | None = None) -> str | None:
        assert command[0] == "dpkg-query" and accept is not None and 1 in accept
        asked = command[3:] or tuple(self.packages)
        rows = [f"ii |{name}|{self.packages[name]}" for name in asked if name in self.packages]
        return "".join(f"{row}\n" for row in [*rows, "rc |tuxmath|"])

    def run_role(self, **wanted: str) -> Left:
        """What the module does: compare, then keep."""
        left = left_software(self, {name.replace("_", "-"): entry for name, entry in wanted.items()})
        write_note(left.noted, f"{self.root}{NOTE}")
        return left

    def note(self) -> dict[str, str]:
        return json.loads((self.root / NOTE.lstrip("/")).read_text())


@pytest.mark.parametrize("package", ["tuxpaint", "gcompris-qt"])
def test_a_package_that_left_the_catalogue_is_told_until_it_is_removed(tmp_path: Path, package: str) -> None:
    name = package.replace("-", "_")
    machine = Debian(tmp_path, package, "qpdf")
    assert machine.run_role(**{name: "dessin", "qpdf": "pdf"}) == (
        {package: "dessin", "qpdf": "pdf"},
        True,
        [],
    )
    assert not machine.run_role(**{name: "dessin", "qpdf": "pdf"}).changed
    for _ in range(2):
        left = machine.run_role(qpdf="pdf")
        assert not left.changed
        [said] = left.findings
        assert f"the package {package} any more, which dessin did" in said
        assert said.endswith(f"apt-get remove {package}")
    assert Debian(tmp_path, "qpdf").run_role(qpdf="pdf") == ({"qpdf": "pdf"}, True, [])


def test_the_last_entry_may_leave_as_well(tmp_path: Path) -> None:
    machine = Debian(tmp_path, "tuxpaint")
    machine.run_role(tuxpaint="dessin")
    assert len(machine.run_role().findings) == 1


def test_a_package_that_comes_back_or_changes_its_entry_is_no_left_over(tmp_path: Path) -> None:
    machine = Debian(tmp_path, "tuxpaint")
    machine.run_role(tuxpaint="dessin")
    machine.run_role()
    assert machine.run_role(tuxpaint="peinture") == ({"tuxpaint": "peinture"}, True, [])


def test_what_was_never_installed_is_not_noted(tmp_path: Path) -> None:
    machine = Debian(tmp_path, "qpdf")
    assert (
        machine.run_role(tuxpaint="dessin", tuxmath="calcul").noted == {}
    )  # tuxmath has only left its settings
    assert machine.run_role().findings == []


@pytest.mark.parametrize("provides", ["ssh-client", "rsh-client, ssh-client", "ssh-client (= 1:9.2), x:any"])
def test_a_name_that_one_package_provides_is_noted_as_that_package(tmp_path: Path, provides: str) -> None:
    machine = Debian(tmp_path, openssh_client=provides)
    assert machine.run_role(ssh_client="ssh").noted == {"openssh-client": "ssh"}
    assert "apt-get remove openssh-client" in machine.run_role().findings[0]
    two = Debian(tmp_path, openssh_client=provides, dropbear_client=provides)
    (tmp_path / NOTE.lstrip("/")).unlink()
    assert two.run_role(ssh_client="ssh").noted == {}, "nobody can tell which of them it was"


@pytest.mark.parametrize("text", ["{", "[]", '{"-o APT::x": "a"}', '{"tuxpaint": 1}', "[" * 200_000])
def test_a_note_that_is_none_is_said_and_made_anew(tmp_path: Path, text: str) -> None:
    machine = Debian(tmp_path, "qpdf")
    machine.run_role()
    (tmp_path / NOTE.lstrip("/")).write_text(text)
    left = machine.run_role(qpdf="pdf")
    assert left.changed and NOTE in left.findings[0]
    assert machine.run_role(qpdf="pdf") == ({"qpdf": "pdf"}, False, [])


def test_a_note_is_replaced_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Debian(tmp_path, "qpdf")
    machine.run_role(qpdf="pdf")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("plugins.module_utils.asset.left_software.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        machine.run_role(tuxpaint="dessin", qpdf="pdf")
    assert machine.note() == {"qpdf": "pdf"}
    assert [path.name for path in (tmp_path / NOTE.lstrip("/")).parent.iterdir()] == ["software.json"]
