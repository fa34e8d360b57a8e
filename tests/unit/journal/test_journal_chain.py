"""The walk over the lines of a journal: which problem each fault makes, where, and no other."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reversibility.records.journal_chain import (
    GENESIS,
    HEAD_LOST,
    REPAIRED,
    ChainCheck,
    Head,
    canonical,
    follows,
    is_sound,
    line_hash,
    parse,
)

FILE = "2026-11.jsonl"
Line = tuple[dict[str, Any], bytes]


def line(seq: Any, prev: str, time: str = "2026-11-30T12:00:00Z", **more: Any) -> Line:
    entry = {"seq": seq, "prev": prev, "time": time, "event": "command", **more}
    entry["hash"] = line_hash(entry)
    return entry, canonical(entry) + b"\n"


def chain(*seqs: Any, **more: Any) -> list[Line]:
    """Sound lines with these numbers, each after the one before it."""
    found: list[Line] = []
    for seq in seqs:
        found.append(line(seq, found[-1][0]["hash"] if found else GENESIS, **more))
    return found


def walk(
    lines: list[bytes], head: Head | None, committed: dict[int, str] | None = None, file: str = FILE
) -> ChainCheck:
    check, end = ChainCheck(committed or {}), 0
    for number, raw in enumerate(lines, 1):
        end += len(raw)
        check.line(file, number, raw, end)
    check.end(head)
    return check


def head_of(lines: list[Line], count: int | None = None) -> Head:
    """The head that names the line ``count``, the last by default."""
    count = len(lines) if count is None else count
    size = sum(len(raw) for _, raw in lines[:count])
    return Head(count, lines[count - 1][0]["hash"] if count else GENESIS, FILE if count else "", size)


def raws(lines: list[Line]) -> list[bytes]:
    return [raw for _, raw in lines]


def words(check: ChainCheck) -> list[tuple[str, str]]:
    """Where each problem is, and its first words that tell it from others."""
    found = []
    for problem in check.report.problems:
        place, _, text = problem.partition(": ")
        found.append((place, text))
    return found


def test_a_sound_chain_has_neither_problems_nor_notes() -> None:
    lines = chain(1, 2, 3)
    check = walk(raws(lines), head_of(lines), {1: lines[0][0]["hash"], 3: lines[2][0]["hash"]})
    assert (check.report.lines, check.report.problems, check.report.notes) == (3, [], [])


@pytest.mark.parametrize("jump", [2, 4, 0, -1])
def test_a_number_that_jumps_is_told_once_and_the_walk_goes_on_from_it(jump: int) -> None:
    first, second = chain(1, 2)
    third = line(2 + jump, second[0]["hash"])
    fourth = line(3 + jump, third[0]["hash"])
    check = walk(raws([first, second, third, fourth]), Head(3 + jump, fourth[0]["hash"], FILE, sum(map(len, raws([first, second, third, fourth])))))  # fmt: skip # noqa: E501
    [(place, text)] = words(check)
    assert (place, f"number {2 + jump}, expected 3" in text) == (f"{FILE}:3", True)


@pytest.mark.parametrize("seq", [True, "3", 3.0, None])
def test_a_number_of_another_kind_counts_as_the_next_one(seq: Any) -> None:
    first, second = chain(1, 2)
    odd = line(seq, second[0]["hash"])
    lines = [first, second, odd, line(4, odd[0]["hash"])]
    check = walk(raws(lines), head_of(lines))
    assert [place for place, _ in words(check)] == ([] if seq == 3.0 else [f"{FILE}:3"])


def test_the_head_and_the_end_of_the_lines() -> None:
    lines = chain(1, 2, 3)
    adopted = walk(raws(lines), head_of(lines, 2))
    assert (adopted.report.problems, len(adopted.report.notes)) == ([], 1)
    assert "one line after the head" in adopted.report.notes[0]
    [(place, text)] = words(walk(raws(lines), head_of(lines, 1)))
    assert (place, "number 3, head.json counts 1" in text) == (f"{FILE}:3", True)
    [(place, text)] = words(walk(raws(lines[:2]), head_of(lines)))
    assert (place, "the last lines were removed" in text) == (f"{FILE}:2", True)
    [(place, _)] = words(walk(raws(lines), None))
    assert place == "head.json"
    assert walk([], None).report.problems == []
    assert [place for place, _ in words(walk([], head_of(lines)))] == ["head.json"]
    for wrong in (
        Head(3, "0" * 63 + "1", FILE, head_of(lines).size),
        Head(3, lines[2][0]["hash"], "2026-10.jsonl", head_of(lines).size),
        Head(3, lines[2][0]["hash"], FILE, head_of(lines).size + 1),
        Head(2, lines[0][0]["hash"], FILE, head_of(lines, 2).size),
    ):
        [(place, text)] = words(walk(raws(lines), wrong))
        assert "does not name this line as the last" in text


def test_an_unfinished_line_is_a_note_at_the_end_and_a_problem_before_others() -> None:
    lines = chain(1, 2)
    cut = walk([lines[0][1], lines[1][1], b'{"seq": 3'], head_of(lines))
    assert (cut.report.problems, cut.report.lines) == ([], 2)
    assert cut.report.notes[0].startswith(f"{FILE}:3: an unfinished last line")
    middle = walk([lines[0][1], b'{"seq": 2', lines[1][1]], head_of(lines))
    assert (f"{FILE}:2", "the line has no end: it was cut") in words(middle)
    assert middle.report.notes == []
    assert [place for place, _ in words(walk([b"{"], None))] == ["head.json"]


def test_a_line_that_is_no_object_spares_the_one_after_it_the_comparison_of_hashes() -> None:
    first, _, third, fourth = chain(1, 2, 3, 4)
    check = walk([first[1], b"[]\n", third[1], fourth[1]], Head(4, fourth[0]["hash"], FILE, len(first[1]) + 3 + len(third[1]) + len(fourth[1])))  # fmt: skip # noqa: E501
    assert words(check) == [(f"{FILE}:2", "the line is not a JSON object: it was altered")]
    replaced = line(4, "f" * 64)
    both = walk([first[1], b"[]\n", third[1], replaced[1]], None)
    assert f"{FILE}:4" in [place for place, _ in words(both)], "the comparison is taken up again"


def test_a_changed_line_is_told_by_its_own_hash_and_a_replaced_one_by_the_next() -> None:
    first, second, third = chain(1, 2, 3)
    altered = canonical({**second[0], "event": "other"}) + b"\n"
    assert [
        place for place, _ in words(walk([first[1], altered, third[1]], head_of([first, second, third])))
    ] != []
    spaced = json.dumps(second[0]).encode() + b"\n"
    assert not is_sound(second[0], spaced)
    replaced = line(2, first[0]["hash"], more="x")
    places = [place for place, _ in words(walk([first[1], replaced[1], third[1]], None))]
    assert places[0] == f"{FILE}:3"


def test_gits_history_tells_the_first_line_that_differs_and_missing_last_lines() -> None:
    lines = chain(1, 2, 3)
    other = {2: "a" * 64, 3: "b" * 64}
    assert [place for place, text in words(walk(raws(lines), head_of(lines), other))] == [f"{FILE}:2"]
    missing = words(walk(raws(lines), head_of(lines), {4: "c" * 64}))
    assert [(place, "has line number 4" in text) for place, text in missing] == [(f"{FILE}:3", True)]
    assert words(walk(raws(lines), head_of(lines), {3: lines[2][0]["hash"]})) == []


def test_a_file_begins_with_its_month_and_never_holds_a_later_one() -> None:
    older = chain(1, time="2026-10-31T23:59:00Z")
    assert [place for place, _ in words(walk(raws(older), head_of(older)))] == [f"{FILE}:1"]
    newer = [*chain(1), line(2, chain(1)[0][0]["hash"], time="2026-12-01T00:00:00Z")]
    assert [place for place, _ in words(walk(raws(newer), head_of(newer)))] == [f"{FILE}:2"]
    set_back = [*chain(1), line(2, chain(1)[0][0]["hash"], time="2026-10-31T23:59:00Z")]
    assert words(walk(raws(set_back), head_of(set_back))) == []


def test_a_repair_is_noted_and_a_lost_head_stays_a_problem() -> None:
    repaired = chain(1, event=REPAIRED, detail="put aside 12 bytes")
    check = walk(raws(repaired), head_of(repaired))
    assert (check.report.problems, check.report.notes) == ([], [f"{FILE}:1: put aside 12 bytes"])
    lost = chain(1, event=HEAD_LOST, detail="head.json was missing")
    check = walk(raws(lost), head_of(lost))
    assert (len(check.report.problems), check.report.notes) == (1, [])
    assert "head.json was missing; lines before" in check.report.problems[0]


def test_the_form_of_a_line() -> None:
    assert canonical({"b": "é", "a": [1, None]}) == '{"a":[1,null],"b":"é"}'.encode()
    assert canonical({"a": "\ud83d"}) == b'{"a":"\\ud83d"}'
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical({"a": float("nan")})
    entry, raw = chain(1)[0]
    assert Head(0, GENESIS, "", 0) == Head()
    assert follows(entry, raw, Head())
    lines = chain(1, 2, 3, 4)
    for count in range(1, 4):
        assert follows(*lines[count], head_of(lines, count))
    assert not follows(*line(5, lines[2][0]["hash"]), head_of(lines, 3)), "a line is missing between"
    assert not follows(*line(2, lines[2][0]["hash"]), head_of(lines, 3))
    for before in (Head(1), Head(0, "f" * 64)):
        assert not follows(entry, raw, before)
    assert not follows({**entry, "hash": "f" * 64}, raw, Head())
    for bad in (b"[]\n", b"{", b"[" * 100_000, b"\xff"):
        assert parse(bad) is None
    assert Head.read(b'{"count": 2, "hash": "ab", "file": "2026-11.jsonl", "size": 7}') == Head(
        2, "ab", FILE, 7
    )
    for bad in (b"{}", b"[]", b"no", b'{"count": null, "hash": "", "file": "", "size": 0}'):
        with pytest.raises((ValueError, KeyError, TypeError)):
            Head.read(bad)
