"""The password of GRUB's menu, against what ``grub-mkpasswd-pbkdf2`` has made."""

from __future__ import annotations

import pytest

from plugins.plugin_utils.grub_password import grub_hash, grub_opens

# grub-mkpasswd-pbkdf2 of GRUB 2.06, for the password "essai-Kx7".
MADE = (
    "grub.pbkdf2.sha512.10000."
    "E8CD9DABE092F3DF98A3E0C2A682E0C58773D34EF41222E2DC2FCB367689335E40E4E8BAD41479E218FB433FE965C0D0038DBF854866CD57CD194E4059EAB621"
    ".2CE1F292FA92E94DEE8D5CC77A72C1C86EDFB257CB2DF61F34FA1964B94FE0F43CB27646A2050A8A84293A1B2E7E94A2EACA181867A6065782A58CB75C3F6A0B"
)


def menu(line: str, users: str = "grub") -> str:
    return f'set superusers="{users}"\nexport superusers\npassword_pbkdf2 grub {line}\n'


def test_a_hash_of_grubs_own_program_opens_with_its_password_only() -> None:
    assert grub_opens(menu(MADE), "grub", "essai-Kx7")
    assert not grub_opens(menu(MADE), "grub", "essai-Kx8")
    assert not grub_opens(menu(MADE), "autre", "essai-Kx7")


def test_what_we_make_opens_and_is_another_one_each_time() -> None:
    first, second = grub_hash("wR4k-Zt8s"), grub_hash("wR4k-Zt8s")
    assert first != second
    assert all(grub_opens(menu(line), "grub", "wR4k-Zt8s") for line in (first, second))


@pytest.mark.parametrize("users", ["grub root", "root", ""])
def test_another_superuser_is_another_way_in(users: str) -> None:
    assert not grub_opens(menu(MADE, users), "grub", "essai-Kx7")


def test_a_second_password_is_another_way_in() -> None:
    assert not grub_opens(f"{menu(MADE)}password_pbkdf2 grub {grub_hash('autre')}\n", "grub", "essai-Kx7")
