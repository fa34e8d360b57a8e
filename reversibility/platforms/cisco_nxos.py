"""Cisco NX-OS switches: the grammar of IOS, other commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reversibility.platforms.cisco_ios import RUNNING, CiscoIos
from reversibility.platforms.device_identity import patterns
from reversibility.platforms.dialogue import Dialogue, Question, Snapshot, WayBack
from reversibility.platforms.interface_names import nxos_name

MARKS = (
    r"!Command: show ", r"!Running configuration last done", r"version \d+\.\d+\(\d+\)", r"vdc \S+ id \d+",
    r"feature \S+", r"vrf context \S+", r"interface mgmt0$",
)  # fmt: skip

# A checkpoint has no timer: it is for changes that cannot cut the way in. Others are staged and committed with a timer,
# which releases before 10 do not know: there they are refused.
DIALOGUE = Dialogue(
    prompt=r"(?P<name>[A-Za-z0-9][\w.-]*)(?P<mode>\([\w-]+\))?(?P<end>[>#])",
    prepare=("terminal length 0", "terminal width 511", "terminal dont-ask"),
    errors=(r"^\s*%", r"^Syntax error while parsing", r"^Invalid number", r"^(?:ERROR|Error|error):", r"^Cannot apply",
            r"^Failed\. err=", r"^commit verification failed"),
    harmless=(r"^Warning:",),
    questions=(Question(r"[\[(]y(?:es)?/n(?:o)?[\])](?::|\?)? ?(?:\[n\])? ?", None),),
    save="copy running-config startup-config",
    saved=r"^Copy complete",
    startup="show startup-config",
    volatile=(r"!Command: .*", r"!Running configuration last done at: .*", r"!Time: .*", r"!Startup config saved.*"),
    ways_back=(
        WayBack(
            name="commit confirmed",
            arm="configure dual-stage",
            armed="",
            disarm="commit",
            enters_configuration=True,
            commit="commit confirmed {seconds}",
            abandon="abort",
            before=r"feature ",
        ),
    ),
    snapshot=Snapshot(
        take="checkpoint cartable-before",
        taken=r"Done",
        restore="rollback running-config checkpoint cartable-before atomic",
        restored=r"completed successfully",
        forget="no checkpoint cartable-before",
    ),
    risky=(
        r"(?:no )?interface Vlan", r"(?:no )?ip (?:address|route|access-list|access-class)", r"no vlan ",
        r"no username ", r"(?:no )?aaa ", r"(?:no )?line vty", r"no feature (?:ssh|interface-vlan)", r"(?:no )?ssh ",
        r"(?:no )?vrf ",
    ),
    literal_next="\x16",
)  # fmt: skip


class CiscoNxos(CiscoIos):
    """Driver of Cisco NX-OS. Each CLI account is an SNMPv3 user too, with the same password."""

    platform = "cisco_nxos"
    marks: tuple[str, ...] = MARKS
    dialogue = DIALOGUE
    nxos = True
    signs = ("version ", "hostname ", "interface ", "feature ", "vdc ")
    last_line = ""  # nothing says that a configuration is whole: the session compares its last block
    commands: Mapping[str, str] = {RUNNING: "show running-config", "/startup-config": "show startup-config"}
    about: Sequence[str] = ("show version", "show inventory")
    identity = patterns(
        {
            "serial": r'^NAME: "Chassis".*\n *PID: .*\bSN: (\S+)',
            "model": r'^NAME: "Chassis".*\n *PID: (\S+)',
            "firmware": r"^ *(?:NXOS|system): +version (\S+)",
        }
    )

    def required_files(self, kind: str) -> tuple[str, ...]:
        """The running configuration, which has the VLANs."""
        return (RUNNING,)

    def port_name(self, name: str) -> str:
        """The long name of an interface."""
        return nxos_name(name)


DRIVER = CiscoNxos()
