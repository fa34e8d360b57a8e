"""The market's data belongs to its owner alone, whatever the umask was."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from reversibility.errors import CartableError
from reversibility.records.modes import secure_data
from reversibility.records.state import State
from tests.project import PROJECT


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_state_made_without_a_umask_is_for_its_owner(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from reversibility.records.state import State\n"
        "os.umask(0); state = State.create(Path(sys.argv[1]))\n"
        "state.write('a', 'UC250001', 'x.json', {}); state.commit('x')"
    )
    data = tmp_path / "var" / "demo"
    subprocess.run([sys.executable, "-c", script, str(data / "state")], check=True, cwd=PROJECT)
    assert mode(data) == mode(data / "state") == mode(data / "state" / "a") == 0o700
    assert mode(data / "state" / "a" / "UC250001" / "x.json") & 0o022 == 0


def test_what_others_could_write_is_taken_from_them_at_each_start(tmp_path: Path) -> None:
    data = tmp_path / "demo"
    State.create(data / "state")
    for name in ("keys", "bundles"):
        (data / name).mkdir()
    (data / "vault.kdbx").write_bytes(b"x")
    for path in (data, *data.iterdir()):
        path.chmod(0o777 if path.is_dir() else 0o666)
    (data / "link").symlink_to(tmp_path)
    before = mode(tmp_path)
    secure_data(data)
    assert {mode(path) for path in (data, data / "state", data / "keys", data / "bundles")} == {0o700}
    assert mode(data / "vault.kdbx") == 0o600
    assert mode(tmp_path) == before
    secure_data(tmp_path / "absent")


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a folder to another user")
@pytest.mark.parametrize("name", ["", "keys"])
def test_another_user_s_open_folder_is_refused(tmp_path: Path, name: str) -> None:
    data = tmp_path / "demo"
    (data / "keys").mkdir(parents=True)
    os.chown(data / name, 12345, 12345)
    (data / name).chmod(0o777)
    with pytest.raises(CartableError, match=r"Others may write to .*chmod 700"):
        secure_data(data)
