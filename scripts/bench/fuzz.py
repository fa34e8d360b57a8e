"""Random answers, records, key files and bundle files against what reads them: none may end in a traceback.

.venv/bin/python scripts/bench/fuzz.py [--inputs 100000] [--seed 20261130]

A reader may refuse an input with an error of the project's own, in one printable line; anything else is a fault, which
is shown with the seed and number that make it again. Results: SECURITY.md.
"""

from __future__ import annotations

import argparse
import base64
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))

from ansible.plugins.loader import init_plugin_loader  # noqa: E402

init_plugin_loader([str(PROJECT / "collections")])

from ansible_collections.cartable.fleet.plugins.plugin_utils import answers  # noqa: E402

from reversibility.bundle import signature, verify  # noqa: E402
from reversibility.bundle.key_files import key_lines  # noqa: E402
from reversibility.bundle.public_keys import canonical  # noqa: E402
from reversibility.console import printable  # noqa: E402
from reversibility.errors import CartableError  # noqa: E402
from reversibility.records.file_names import original_path, recorded_name  # noqa: E402
from reversibility.records.json_text import read_json  # noqa: E402

Random = random.Random
NAMES = (
    "ansible_facts",
    "inventory_hostname",
    "add_host",
    "ansible_stats",
    "cartable_site",
    "ansible_ssh_args",
    "rc",
)
TEXTS = (
    *("", "\x1b[2J", "\ud83d", "é" * 40, "../..", ".GIT", "a:b", "CON", "\u202e", "{{ 1 }}", "x" * 300, "\n"),
    *("=1+1", "\0"),
)
DIGEST = "0" * 64
LINES = tuple(
    f"{DIGEST}{rest}" for rest in ("  data/a", "  ../a", " data/b", "", "  data/é\u0301", "  data/a")
)
KEYS = (
    *("age1qqq", "AGE1QQQ", "ssh-ed25519 AAAA", "ssh-rsa", "# comment", "AGE-SECRET-KEY-1QQ"),
    "-----BEGIN OPENSSH PRIVATE KEY-----",
)


def value(chance: Random, depth: int = 0) -> object:
    """A random JSON value, rather more often a hostile one than a plain one."""
    kind = chance.randrange(8 if depth < 4 else 5)
    if kind == 0:
        return chance.choice((None, True, False, 0, -1, 10**400, 1.5, float("inf")))
    if kind in (1, 2, 3, 4):
        return chance.choice(TEXTS) + chance.choice(TEXTS)
    if kind in (5, 6):
        return {chance.choice(NAMES + TEXTS): value(chance, depth + 1) for _ in range(chance.randrange(4))}
    return [value(chance, depth + 1) for _ in range(chance.randrange(4))]


def noise(chance: Random, words: tuple[str, ...], separator: str) -> bytes:
    """Plausible text with some bytes of it changed, cut or doubled."""
    text = separator.join(chance.choice(words) for _ in range(chance.randrange(8)))
    data = bytearray(text.encode("utf-8", "surrogatepass"))
    for _ in range(chance.randrange(4)):
        if data:
            data[chance.randrange(len(data))] = chance.randrange(256)
    return bytes(data[: chance.randrange(len(data) + 1)] if chance.random() < 0.3 else data)


def module_answer(chance: Random) -> None:
    facts = value(chance)
    refused = answers.refused_names({chance.choice(NAMES): facts, "ansible_facts": value(chance)})
    message = answers.refusal(refused)["msg"]
    assert message.isprintable() and message.isascii()


def record(chance: Random) -> None:
    import json

    text = json.dumps(value(chance), ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
    read_json(text if chance.random() < 0.7 else text[: chance.randrange(len(text) + 1)])


def manifest(chance: Random) -> None:
    report = verify.Report(Path("bundle"))
    verify._read_manifest("manifest-sha256.txt", noise(chance, LINES, "\n"), "sha256", {}, report)
    assert all(printable(problem.problem).isprintable() for problem in report.problems)


def signature_file(chance: Random) -> None:
    body = b"SSHSIG\0\0\0\1" + noise(chance, ("\0\0\0\4abcd", "\0\0\0\0", "\xff\xff\xff\xff"), "")
    text = base64.b64encode(body).decode()
    raw = f"{signature.BEGIN}\n{text}\n{signature.END}\n".encode()
    signature._reserved(
        signature._body(raw if chance.random() < 0.8 else noise(chance, (text, signature.BEGIN), "\n"))
    )


def key_file(chance: Random) -> None:
    for line in key_lines(noise(chance, KEYS, "\n")):
        canonical(line)


def file_name(chance: Random) -> None:
    path = "/" + "/".join(
        chance.choice(TEXTS).replace("/", "") or "x" for _ in range(1 + chance.randrange(5))
    )
    name = recorded_name(path)
    assert name.isascii() and all(0 < len(part) <= 255 for part in name.split("/")), name
    original_path(name)


TARGETS: dict[str, Callable[[Random], None]] = {
    "module answers": module_answer,
    "records": record,
    "manifests": manifest,
    "signatures": signature_file,
    "key files": key_file,
    "file names": file_name,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=20261130)
    args = parser.parse_args()
    refused: Counter[str] = Counter()
    begun = time.monotonic()
    for number in range(args.inputs):
        name = list(TARGETS)[number % len(TARGETS)]
        try:
            TARGETS[name](Random(args.seed * 1_000_003 + number))
        except (CartableError, ValueError) as error:
            refused[name] += 1
            if not printable(error).isprintable():
                print(f"{name}: input {number} of seed {args.seed} makes a message that does not print")
                return 1
        except Exception as error:
            print(f"{name}: input {number} of seed {args.seed}: {type(error).__name__}: {printable(error)}")
            return 1
    share = ", ".join(f"{name} {refused[name]}" for name in TARGETS)
    print(
        f"{args.inputs} inputs, seed {args.seed}: no fault in {time.monotonic() - begun:.0f} s; refused: {share}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
