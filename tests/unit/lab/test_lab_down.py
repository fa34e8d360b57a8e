"""What is left by a ``down`` that was killed. What containers really do then is tried in tests/lab."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.lab import places, podman, school
from tests.lab.progress import Progress


class Killed(BaseException):
    """Stands for the end of the process."""


class Podman:
    """Ends the process where a container would be removed."""

    def prepare(self) -> None:
        """Nothing is to be prepared."""

    def containers(self) -> list[dict[str, Any]]:
        return [{"Id": "7ff3"}]

    def remove(self, *names: str) -> None:
        raise Killed


def test_no_host_that_is_half_stopped_is_taken_for_a_whole_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("RUN", "LOCK", "MADE"):
        monkeypatch.setattr(places, name, tmp_path / name.lower())
    monkeypatch.setattr(podman, "inside", lambda: False)
    places.MADE.mkdir()
    (places.MADE / "UC250001").write_text("7ff3")
    with pytest.raises(Killed):
        school.down(Podman(), Progress())  # type: ignore[arg-type]
    assert not places.MADE.exists()
