"""The simulator beside what real Windows hosts answered."""

from __future__ import annotations

import json
import re
import secrets
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.simulators.windows import PC, new_pc
from tests.simulators.windows.direct import run_module
from tests.simulators.windows.replay import Recording
from tests.simulators.windows.wsman import soap
from tests.simulators.windows.wsman.soap import NAMESPACES, Request, WsmanFault

RECORDED = Path(__file__).parent / "recorded"
SESSIONS = sorted(RECORDED.glob("test_*.json"))


def shape(node: ET.Element) -> object:
    """Tags and attribute names, without texts and values; an ActivityId comes from newer hosts only."""
    children = [shape(child) for child in node if not child.tag.endswith("}ActivityId")]
    return (node.tag, sorted(name for name in node.attrib if not name.endswith("}space")), children)


@pytest.mark.parametrize("path", SESSIONS, ids=lambda path: path.stem)
def test_recorded_sessions_get_answers_of_the_same_shape(path: Path) -> None:
    """The recorded requests go to the simulator, with its own identifiers in place of the recorded ones."""
    pc = PC(new_pc("PC-A01", password=secrets.token_urlsafe(8)))
    pc.shells._execute = lambda line, stdin, user: (0, b"hi\r\n" if stdin or "hi" in line else b"", b"")
    known: dict[str, str] = {}
    compared = 0
    for message in json.loads(path.read_text())["messages"]:
        text = message["request"]
        for recorded, ours in known.items():
            text = text.replace(recorded, ours)
        answer = pc.shells.answer(Request.parse(text.encode()), "vagrant")
        ours, theirs = ET.fromstring(answer), ET.fromstring(message["response"])
        for name in ("ShellId", "CommandId"):
            pairs = [
                re.findall(rf"{name}(?:\"|)>([0-9A-F-]{{36}})<", source)
                for source in (message["response"], answer.decode())
            ]
            known |= dict(zip(*pairs, strict=False))
        body = [root.find("s:Body", NAMESPACES) for root in (ours, theirs)]
        assert body[0] is not None and body[1] is not None
        if "Receive" not in (theirs.findtext(".//{*}Action") or ""):  # how much is sent at once is free
            assert shape(body[0]) == shape(body[1])
            compared += 1
    assert compared >= 4


@pytest.mark.parametrize(
    "fault",
    [
        soap.invalid_selectors(),
        soap.unknown_command(),
        soap.timed_out(),
        soap.invalid_timeout("PT-1S"),
        soap.shell_quota(5),
        soap.operation_quota(15),
    ],
    ids=lambda fault: str(fault.code),
)
def test_faults_have_the_recorded_codes_and_texts(fault: WsmanFault) -> None:
    recorded = [
        row for row in json.loads((RECORDED / "wsman_faults.json").read_text()) if row["code"] == fault.code
    ]
    assert recorded
    for row in recorded:
        if "subcode" in row:
            assert (row["subcode"], row["value"] == "s:Sender", row["reason"]) == (
                fault.subcode,
                fault.sender,
                fault.reason,
            )
    texts = {row["message"] for row in recorded}
    assert fault.detail in texts or fault.reason in texts or not fault.detail


def test_recorded_answers_of_a_real_pc_come_before_the_models() -> None:
    pc = PC(new_pc("PC-A01", password=secrets.token_urlsafe(8)))
    run = {"module": "ansible.windows.win_timezone", "arguments": {"timezone": "UTC"}}
    answers = [{"changed": True, "previous_timezone": "Tokyo Standard Time"}, {"changed": False}]
    pc.recording = Recording([run | {"result": answer} for answer in answers])
    assert run_module(pc, run["module"], run["arguments"])["previous_timezone"] == "Tokyo Standard Time"
    assert [run_module(pc, run["module"], run["arguments"])["changed"] for _ in range(2)] == [False, False]
    assert (
        run_module(pc, run["module"], {"timezone": "GMT Standard Time"})["previous_timezone"]
        == "Romance Standard Time"
    )
    with pytest.raises(ValueError, match="a record lacks result"):
        Recording([run])
