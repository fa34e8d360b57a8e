"""HP ProCurve and ArubaOS-Switch (AOS-S): the running configuration, complete only with ``include-credentials``."""

from __future__ import annotations

from collections.abc import Mapping

from reversibility.platforms import cli_driver
from reversibility.platforms.aruba_aoss_parse import Seen, port_name, read
from reversibility.platforms.aruba_aoss_plan import canonical, plan
from reversibility.platforms.aruba_switch import RUNNING, ArubaSwitch
from reversibility.platforms.aruba_text import classified
from reversibility.platforms.device_identity import patterns
from reversibility.platforms.dialogue import Dialogue, Question, WayBack
from reversibility.platforms.driver import Files
from reversibility.platforms.model import Configuration

MARKS = (
    r"; \w+ Configuration Editor", r";? ?Ver #", r"; hpStack", r"   (?:un)?tagged [A-Z0-9/,-]+", r"   no untagged ",
    r"include-credentials", r"password manager",
)  # fmt: skip

DIALOGUE = Dialogue(
    prompt=r"(?P<name>[A-Za-z0-9][\w.-]*)(?P<mode>\([\w/,-]+\))?(?P<end>[>#])",
    prepare=("no page", "terminal width 511"),
    errors=(
        r"^(?:Invalid|Incomplete|Ambiguous) input",
        r"^Module not present",
        r"too long\. Allowed length",
        r"^Operation is not allowed",
        r"^Port .* (?:is not configured|cannot be removed)",
        r"^Error",
    ),
    configure="configure terminal",
    bye="logout",
    any_key=r"Press any key to continue",
    questions=(
        Question(r"save current configuration \[y/n(?:/\^C)?\]\? ?", "n"),
        Question(r"rebooted at the scheduled time.*\[y/n\]\? ?", "y", r"reload after"),
        Question(r"Device will be rebooted.*\[y/n\]\? ?", "y", r"reload after"),
        Question(r"sensitive information.*Proceed\?\[y/n\] ?", "y", r"include-credentials"),
        Question(r"[\[(]y/n[\])]\?? ?", None),
    ),
    saved=r"\A\s*\Z",  # prints nothing after a save
    startup="show config",
    volatile=(r"(?:Running|Startup) configuration:.*", r"; Ver #.*"),
    separator="exit",
    ways_back=(
        WayBack(
            name="reload after",
            arm="reload after {minutes}",
            armed=r"rebooted",
            disarm="no reload",
            show="show reload after",
            pending=r"(?i)scheduled in|will be",
            restarts=True,
        ),
    ),
    risky=(
        r"(?:no )?ip (?:address|default-gateway|route|routing|authorized-managers|ssh)",
        r"(?:no )?password ", r"no vlan ",
        r"(?:no )?trunk ", r"(?:no )?aaa (?:authentication|port-access)", r"(?:no )?management-vlan", r"(?:no )?tagged",
        r"(?:no )?untagged", r"disable", r"(?:no )?spanning-tree",
    ),
    no_rsa_sha2=True,
)  # fmt: skip


class ArubaAoss(ArubaSwitch[Seen]):
    """Driver of ArubaOS-Switch. A blank switch has all ports in VLAN 1."""

    platform = "aruba_aoss"
    commands: Mapping[str, str] = {RUNNING: "show running-config", "/startup-config": "show config"}
    identity = patterns(
        {
            "serial": r"Serial Number\s*: *(\S+)",
            "model": r'(?:^; (?!hpStack)(?=\w+ Configuration Editor)|^ +member \d+ type ")(\w+)',
            "firmware": r"Software revision\s*: *(\S+)",
            "mac": r"(?:Base )?MAC Addr\w*\s*: *(\S+)",
        }
    )
    dialogue = DIALOGUE
    marks = MARKS
    signs = ("hostname ", "vlan ", "interface ", "snmp-server ", "module ", "ip ")
    blank = "no telnet-server\nno web-management\n"

    def port_name(self, name: str) -> str:
        """The name of a port in the configuration."""
        return port_name(name)

    def read(self, text: str) -> Seen:
        """The configuration's content. Raises ValueError."""
        return read(text)

    def ordered(self, wanted: Configuration, seen: Seen) -> tuple[str, ...]:
        """The commands, in order. Raises ChangeRefused."""
        return plan(wanted, seen)

    def canonical(self, wanted: Configuration) -> Configuration:
        """The wanted configuration in the platform's terms."""
        return canonical(wanted)

    def restore(self, files: Files) -> tuple[str, ...]:
        """The configuration's lines. Without ``include-credentials`` secrets are set again from the vault."""
        lines = [line.text for line in classified(cli_driver.text_of(files, RUNNING))]
        joined: list[str] = []
        for line in lines:
            if line.startswith(' "') and joined:
                joined[-1] += line  # a hash that went to the next line
            elif line.strip() and not line.startswith(";") and line.strip() != "exit":
                joined.append(line)
        # A port that leaves VLAN 1 for tagged VLANs only can do so once these are there.
        left = [line for line in joined if line.strip().startswith("no untagged ")]
        rest = [line for line in joined if line not in left]
        return (*rest, *(("vlan 1", *left) if left else ()))


DRIVER = ArubaAoss()
