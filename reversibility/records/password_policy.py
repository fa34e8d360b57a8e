"""The password policies (requirement R33, from contract C 9) and generated passwords that meet them.

| policy | length | valid for | made here |
|---|---|---|---|
| administrator | 14 at least | 6 months | 24 characters |
| user | 12 at least | 1 year | 14 characters, three groups of four that a pupil can type |
| readable | 12 at least | 1 year | five French words and two digits (``readable.py``) |

All: lower case, upper case, digit, symbol; no dictionary word but those of a drawn list, whose entropy is stated.
"""

from __future__ import annotations

import calendar
import re
import secrets
import string
from dataclasses import dataclass
from datetime import UTC, datetime

from reversibility.errors import CartableError
from reversibility.records.readable import SHORTEST, readable_password, readable_problems
from reversibility.records.vault_entry import Entry

# No vowel and no y: what has no vowel holds no word of French or English, so that "no dictionary word" is
# true by construction, without a dictionary that could miss one. Nor what people confuse (l 1 I, O 0), nor
# the digits that stand for vowels (0 1 3 4).
LOWER = "bcdfghjkmnpqrstvwxz"
UPPER = "BCDFGHJKLMNPQRSTVWXZ"
DIGITS = "256789"
# Without an accent key on a French keyboard, and without a meaning in YAML, shells, URLs, XML or PowerShell
# strings.
SYMBOLS = "-+=.:_"

# Letters that people replace by signs.
_UNDISGUISE = str.maketrans("0134578@$!", "oieastbasi")
_WORD_LIKE = re.compile(r"[^\W\d_]{4,}")
_VOWELS = frozenset("aeiouyàâäéèêëîïôöùûüœæ")


@dataclass(frozen=True)
class PasswordPolicy:
    """One line of the rules: lengths in characters, validity in months."""

    name: str
    minimum_length: int
    made_length: int
    valid_months: int
    grouped: bool
    readable: bool = False

    def expiry(self, now: datetime | None = None) -> datetime:
        """Expiry of a password made now: the same day, ``valid_months`` later, UTC."""
        start = now or datetime.now(UTC)
        months = start.month - 1 + self.valid_months
        year, month = start.year + months // 12, months % 12 + 1
        day = min(start.day, calendar.monthrange(year, month)[1])
        return start.replace(year=year, month=month, day=day, microsecond=0)

    def generate(self, at_least: int = 0) -> str:
        """A new random password of the policy: 65 bits for a user, 51 readable, 135 for an administrator.

        ``at_least`` is a length that the market asks for beyond the policy's. Whole passwords are drawn until one has
        all four classes: drawing class by class would make some likelier.

        Raises CartableError when the readable policy cannot give ``at_least``.
        """
        if self.readable and at_least > SHORTEST:
            raise CartableError(
                f"The market asks for passwords of {at_least} characters; a readable one may have {SHORTEST}. Choose "
                "the policy user, or a smaller security_password_length."
            )
        while True:
            password = readable_password() if self.readable else self._drawn(at_least)
            # A first symbol would make it an option of a command, or a formula in a spreadsheet.
            if len(password) >= at_least and password[0].isalnum() and not self.problems(password):
                return password

    def _drawn(self, at_least: int) -> str:
        if not self.grouped:
            length = max(self.made_length, at_least)
            return "".join(secrets.choice(LOWER + UPPER + DIGITS + SYMBOLS) for _ in range(length))
        groups = -(-(max(self.made_length, at_least) + 1) // 5)  # four characters and a hyphen each
        return "-".join(
            "".join(secrets.choice(LOWER + UPPER + DIGITS) for _ in range(4)) for _ in range(groups)
        )

    def problems(self, password: str) -> list[str]:
        """Problems of ``password``, without repeating any of it; empty if it meets the policy.

        Four letters or more in a row with a vowel among them count as a word, also where signs stand for
        letters: harder than any dictionary, which would know some words and miss others.
        """
        if self.readable:
            return readable_problems(password)
        found = []
        if len(password) < self.minimum_length:
            found.append(f"it is shorter than {self.minimum_length} characters")
        classes = (
            ("lower-case letter", str.islower),
            ("upper-case letter", str.isupper),
            ("digit", str.isdigit),
            ("symbol", lambda character: not character.isalnum()),
        )
        found.extend(f"it has no {name}" for name, test in classes if not any(test(c) for c in password))
        readings = (password.casefold(), password.casefold().translate(_UNDISGUISE))
        if any(_VOWELS & set(run) for reading in readings for run in _WORD_LIKE.findall(reading)):
            found.append("it has four letters in a row that may be a word")
        return found


POLICIES = {
    policy.name: policy
    for policy in (
        PasswordPolicy("administrator", minimum_length=14, made_length=24, valid_months=6, grouped=False),
        PasswordPolicy("user", minimum_length=12, made_length=14, valid_months=12, grouped=True),
        PasswordPolicy("readable", 12, made_length=0, valid_months=12, grouped=False, readable=True),
    )
}


USERS = frozenset({"user", "readable"})
"""The policies of people who do not administer."""


def policy_named(name: str) -> PasswordPolicy:
    """The policy of that name; CartableError for a name that is none."""
    if name not in POLICIES:
        raise CartableError(f"{name!r} is no password policy; use one of {', '.join(sorted(POLICIES))}.")
    return POLICIES[name]


def passphrase_problem(passphrase: str) -> str | None:
    """Why ``passphrase`` is too weak to close a vault with, or None.

    Twenty characters (six words, say), or fourteen of all four classes as for an administrator.
    """
    classes = (string.ascii_lowercase, string.ascii_uppercase, string.digits)
    varied = all(set(passphrase) & set(kind) for kind in classes) and any(not c.isalnum() for c in passphrase)
    if len(passphrase) < (14 if varied else 20) or len(set(passphrase)) < 8:
        return (
            "The passphrase is too short for a vault; take six words or more, or 14 characters with lower "
            "and upper "
            "case, digits and symbols."
        )
    return None


def problems_of_entry(entry: Entry, now: datetime) -> list[str]:
    """What is wrong with an entry of the vault: no secret, past its validity, against its policy."""
    where = f"{entry.site}: {entry.title}"
    if entry.flaw:
        return [f"{where}: {entry.flaw}"]
    if not entry.password:
        if entry.pending:
            return [f"{where}: its secret was never checked by a login; run provision."]
        return []  # an entry for recovery keys or attachments
    found = []
    if entry.expired(now):
        found.append(f"{where}: its password has expired on {entry.expires:%Y-%m-%d}; run provision.")
    if entry.pending:
        found.append(f"{where}: a change of its password was cut; run provision.")
    if entry.policy in POLICIES:
        found.extend(
            f"{where}: the password breaks the policy {entry.policy}: {problem}; change it."
            for problem in POLICIES[entry.policy].problems(entry.password)
        )
    return found
