#!/usr/bin/python3 -I
# Written by Cartable (role security). Looks at a new password, which pam_exec hands over on standard input.
# "cartable-password-check build" writes the list of words from the dictionaries of Debian's packages.
"""Check of a new password for what pam_pwquality is blind to: words between digits and signs (``Bibliotheque-2026``).

A password counts by its effective length: a known word counts as two characters (a word of a list of 8,000 is as
hard to guess), a year or a run such as ``aaaa`` or ``1234`` as one. That length must reach the minimum, which is
higher for administrators.
"""

import grp
import json
import os
import re
import sys
import unicodedata
from pathlib import Path

SETTINGS = Path("/etc/security/cartable-passwords.json")
WORDS = Path("/var/lib/cartable/words")
DICTIONARIES = Path("/usr/share/dict")
UNDISGUISE = str.maketrans("0134578@$!€", "oieastbasie")
SHORTEST = 4


def folded(text):
    """Lower case, without accents."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("œ", "oe").replace("æ", "ae"))
    return "".join(character for character in plain if not unicodedata.combining(character))


def spans(password, words):
    """Pieces of the password that count less than their length: start, end, weight; the longest first."""
    found = [(*match.span(), 1) for match in re.finditer(r"(19|20)\d\d|(.)\2{2,}", password)]
    for start in range(len(password) - 2):
        end = start + 1
        while end < len(password) and ord(password[end]) - ord(password[end - 1]) == 1:
            end += 1
        if end - start > 2:
            found.append((start, end, 1))
    readings = {folded(password), folded(password).translate(UNDISGUISE)}
    for reading in readings:
        if len(reading) != len(password):  # a letter that is two without its accent: read as a whole below
            continue
        for start in range(len(reading)):
            for end in range(len(reading), start + SHORTEST - 1, -1):
                if reading[start:end] in words:
                    found.append((start, end, 2))
                    break
    return sorted(found, key=lambda span: span[0] - span[1])


def effective_length(password, words):
    """The length in characters, words and runs counted as what they are worth."""
    taken, length = [False] * len(password), len(password)
    for start, end, weight in spans(password, words):
        if not any(taken[start:end]):
            taken[start:end] = [True] * (end - start)
            length -= (end - start) - weight
    return length


def names_of(settings, user):
    """The names of the school, and the account's own."""
    return {folded(name) for name in [*settings["words"], user] if len(name) >= SHORTEST}


def problem(password, user, administrator, settings, words):
    """What is wrong, in French, or None."""
    minimum = settings["administrator_length"] if administrator else settings["length"]
    if len(password) < minimum:
        return f"Le mot de passe a moins de {minimum} caractères."
    if effective_length(password, words | names_of(settings, user)) < minimum:
        return "Le mot de passe est fait d’un mot, d’un nom, d’une année ou d’une suite que l’on devine."
    return None


def build():
    """Write the list of words: of each dictionary, without accents, of four letters or more."""
    words = set()
    for path in DICTIONARIES.iterdir():
        if path.is_file() and not path.name.startswith(("README", "cracklib")):
            words |= {folded(line) for line in path.read_text(encoding="utf-8", errors="ignore").split("\n")}
    kept = sorted(word for word in words if len(word) >= SHORTEST and word.isascii() and word.isalpha())
    WORDS.parent.mkdir(parents=True, exist_ok=True)
    temporary = WORDS.with_suffix(".new")
    temporary.write_text("\n".join(kept) + "\n", encoding="ascii")
    temporary.chmod(0o644)
    temporary.replace(WORDS)


def main():
    if sys.argv[1:] == ["build"]:
        return build()
    user = os.environ.get("PAM_USER", "")
    password = sys.stdin.buffer.read().rstrip(b"\0\n").decode("utf-8", "replace")
    settings = json.loads(SETTINGS.read_text(encoding="utf-8"))
    try:
        administrator = user in grp.getgrnam("sudo").gr_mem
    except KeyError:
        administrator = False
    found = problem(
        password, user, administrator, settings, frozenset(WORDS.read_text(encoding="ascii").split())
    )
    if found:
        print(found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
