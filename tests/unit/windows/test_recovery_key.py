"""Recovery keys of BitLocker: a key with a wrong digit is refused before it is kept."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reversibility.platforms.windows_recovery_key import is_recovery_key
from tests.simulators.windows.models.own.win_bitlocker import recovery_password

groups = st.lists(st.integers(0, 65535), min_size=8, max_size=8)


@given(groups)
def test_every_key_that_windows_makes_is_taken(numbers: list[int]) -> None:
    assert is_recovery_key("-".join(f"{number * 11:06d}" for number in numbers))
    assert is_recovery_key(recovery_password())


@given(groups, st.integers(0, 7), st.integers(0, 5), st.integers(1, 9))
def test_one_wrong_digit_is_seen(numbers: list[int], group: int, place: int, shift: int) -> None:
    texts = [f"{number * 11:06d}" for number in numbers]
    digits = list(texts[group])
    digits[place] = str((int(digits[place]) + shift) % 10)
    texts[group] = "".join(digits)
    assert not is_recovery_key("-".join(texts))


@given(st.text())
def test_anything_else_is_refused(text: str) -> None:
    assert not is_recovery_key(text)
    assert not is_recovery_key("000000-" * 8)
    assert not is_recovery_key("-".join(["720896"] * 8))
