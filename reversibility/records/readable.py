"""Passwords that a pupil can read and type: random French words of a list (diceware).

The list has 512 common words of four to seven letters without accents: 9 bits a word. Five words and two digits give
51 bits against somebody who knows the list; which word has the capital is not counted.
"""

from __future__ import annotations

import math
import re
import secrets
from functools import cache
from pathlib import Path

WORDS = 5
SHORTEST = 5 * 4 + 5 + 2  # characters: five words of four letters, hyphens, two digits
DIGITS = "23456789"  # 0 and 1 are read as O and l
NO_CAPITAL = "ilo"  # I is read as l, O as 0
SHAPE = re.compile(rf"[A-Za-z]+(?:-[A-Za-z]+){{{WORDS - 1}}}-[{DIGITS}]{{2}}")


@cache
def word_list() -> tuple[str, ...]:
    """The words, each once, in alphabetical order."""
    return tuple(Path(__file__).with_name("readable_words.txt").read_text(encoding="ascii").split())


def entropy() -> float:
    """Entropy of a password in bits, against somebody who knows the list and the method."""
    return WORDS * math.log2(len(word_list())) + 2 * math.log2(len(DIGITS))


def readable_password() -> str:
    """A new one, such as ``lampe-Tigre-nuage-poire-flute-47``."""
    while True:
        words = [secrets.choice(word_list()) for _ in range(WORDS)]
        capital = [number for number, word in enumerate(words) if word[0] not in NO_CAPITAL]
        if capital and len(set(words)) == WORDS:
            chosen = secrets.choice(capital)
            words[chosen] = words[chosen].capitalize()
            return "-".join([*words, "".join(secrets.choice(DIGITS) for _ in range(2))])


def readable_problems(password: str) -> list[str]:
    """Differences of ``password`` from this format, without repeating any of it."""
    if not SHAPE.fullmatch(password):
        return [f"it is not {WORDS} words and two digits"]
    words = password.split("-")[:-1]
    found = []
    if len({word.lower() for word in words}) < WORDS:
        found.append("it has a word twice")
    if not {word.lower() for word in words} <= set(word_list()):
        found.append("it has a word that is not in the list")
    if not any(word[0].isupper() for word in words):
        found.append("it has no upper-case letter")
    return found
