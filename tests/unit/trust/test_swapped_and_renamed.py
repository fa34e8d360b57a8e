"""What is swapped while it is verified, and an old bundle under a new name: refused by both verifiers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reversibility.bundle import verify
from tests.unit.bundle.conftest import bag, keys, make_bag, sealed
from tests.unit.bundle.judges import alone, by_command, by_file, run_file
from tests.unit.trust.command import reversibility

__all__ = ["bag", "keys", "sealed"]  # fixtures

JUDGES = {"the command": by_command, "the file in the bag": by_file}
PAYLOAD = "data/completude.json"
NEWER = "cartable-essai-20270101T083000Z"


def rewrite(bag: Path, *names: str) -> None:
    """Put the digests of ``names``, as they are now, into the manifests that list them."""
    for kind in ("manifest", "tagmanifest"):
        for algorithm in ("sha256", "sha512"):
            manifest = bag / f"{kind}-{algorithm}.txt"
            lines = dict(
                reversed(line.split("  ", 1)) for line in manifest.read_text(encoding="utf-8").splitlines()
            )
            for name in (*names, f"manifest-{algorithm}.txt", "manifest-sha256.txt", "manifest-sha512.txt"):
                if name in lines:
                    lines[name] = hashlib.new(algorithm, (bag / name).read_bytes()).hexdigest()
            manifest.write_text(
                "".join(f"{digest}  {name}\n" for name, digest in lines.items()), encoding="utf-8"
            )


def put_back_before(monkeypatch: pytest.MonkeyPatch, moment: str, files: dict[Path, bytes]) -> None:
    """Have the contents that were signed put back at a moment of the verification."""
    places = {
        "the signature": [(verify, "signer_fingerprint"), (alone(), "signataire")],
        "the digests": [(verify, "digests"), (alone(), "lire_tout")],
    }[moment]
    for module, name in places:
        monkeypatch.setattr(module, name, putting_back(files, getattr(module, name)))


def putting_back(files: dict[Path, bytes], real: Callable[..., Any]) -> Callable[..., Any]:
    def put_back(*arguments: Any, **named: Any) -> Any:
        for path, content in files.items():
            path.write_bytes(content)
        return real(*arguments, **named)

    return put_back


@pytest.mark.parametrize("judge", JUDGES.values(), ids=JUDGES)
@pytest.mark.parametrize(
    ("moment", "signed"),
    [
        ("the signature", ["tagmanifest-sha256.txt", "tagmanifest-sha512.txt"]),
        ("the signature", ["tagmanifest-sha512.txt", "tagmanifest-sha256.txt", "bag-info.txt"]),
        ("the digests", ["manifest-sha256.txt", "manifest-sha512.txt"]),
    ],
)
def test_what_is_swapped_back_before_it_is_compared_is_refused(
    bag: Path,
    monkeypatch: pytest.MonkeyPatch,
    judge: Callable[[Path], set[str]],
    moment: str,
    signed: list[str],
) -> None:
    """Forged lists are parsed; what was signed is there again when a program looks for the second time."""
    genuine = {bag / name: (bag / name).read_bytes() for name in signed}
    whole = {name: (bag / name).read_bytes() for name in ("tagmanifest-sha256.txt", "tagmanifest-sha512.txt")}
    (bag / PAYLOAD).write_bytes(b'{"forged": true}\n')
    if "bag-info.txt" in signed:
        (bag / "bag-info.txt").write_bytes(genuine[bag / "bag-info.txt"] + b"Forged: yes\n")
    rewrite(bag, PAYLOAD, "bag-info.txt")
    if moment == "the digests":  # the lists of the lists stay as they were signed
        for name, content in whole.items():
            (bag / name).write_bytes(content)
    put_back_before(monkeypatch, moment, genuine)
    assert judge(bag)
    assert all(path.read_bytes() == content for path, content in genuine.items()), "nothing was swapped"


@pytest.mark.parametrize("judge", JUDGES.values(), ids=JUDGES)
def test_an_older_bundle_under_a_newer_name_is_refused(
    bag: Path, judge: Callable[[Path], set[str]], tmp_path: Path
) -> None:
    assert judge(bag) == set()
    for name in (NEWER, NEWER.upper(), f"{bag.name}-2", "Cartable-autre"):
        renamed = bag.rename(bag.with_name(name))
        assert judge(renamed) == {"bag-info.txt"}, name
        renamed.rename(bag)
    aside = bag.rename(tmp_path / "archive")  # a name of somebody's own says nothing
    assert judge(aside) == set()
    link = tmp_path / NEWER
    link.symlink_to(aside)
    assert judge(link) == {"bag-info.txt"}


def test_the_name_that_was_signed_is_shown(bag: Path, tmp_path: Path) -> None:
    aside = bag.rename(tmp_path / "archive")
    assert f"bundle {bag.name}\n" in reversibility("verify", aside).stdout
    assert f"Nom signé\u00a0: {bag.name}\n" in run_file(aside)[1]


@pytest.mark.parametrize("judge", JUDGES.values(), ids=JUDGES)
def test_a_bundle_that_does_not_say_which_it_is_is_refused(
    keys: Path, judge: Callable[[Path], set[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reversibility.bundle.seal._bag_info", lambda *_: b"Bag-Size: 1 KB\n")
    nameless = make_bag(tmp_path / "nameless", keys / "town")
    assert judge(nameless) == {"bag-info.txt"}
