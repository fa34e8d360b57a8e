"""AOS-CX switches: the running configuration, whose secrets are bound to the switch's export password."""

from __future__ import annotations

from collections.abc import Mapping

from reversibility.platforms import cli_driver
from reversibility.platforms.aruba_aoscx_parse import Seen, port_name, read
from reversibility.platforms.aruba_aoscx_plan import canonical, plan
from reversibility.platforms.aruba_switch import RUNNING, ArubaSwitch
from reversibility.platforms.aruba_text import classified
from reversibility.platforms.device_identity import patterns
from reversibility.platforms.dialogue import Dialogue, Question, WayBack
from reversibility.platforms.driver import Files
from reversibility.platforms.model import Configuration

MARKS = (
    r"!Version ArubaOS-CX", r"!export-password:", r"ssh server vrf ", r"    vlan (?:access|trunk) ",
    r"    no shutdown$", r"user \S+ group \S+", r"https-server vrf ",
)  # fmt: skip

DIALOGUE = Dialogue(
    prompt=r"(?P<name>[A-Za-z0-9][\w.-]*)(?P<mode>\([\w<>/,-]+\))?(?P<end>[>#])",
    prepare=("no page",),
    errors=(r"^Invalid input", r"^\s*%", r"does(?:n't| not) exist", r"^Error", r"cannot be"),
    configure="configure terminal",
    questions=(Question(r"[\[(]y/n[\])]\?? ?", None),),
    saved=r"\[Success\]",
    startup="show startup-config",
    volatile=(r"(?:Current|Startup) configuration: *", r"Building configuration.*"),
    ways_back=(
        WayBack(
            name="checkpoint auto",
            arm="checkpoint auto {minutes}",
            armed=r"expires in \d+ minute",
            disarm="checkpoint auto confirm",
            disarmed=r"checkpoint \S+ created",
        ),
    ),
    risky=(
        r"interface vlan", r"(?:no )?ip (?:address|route|dhcp)", r"(?:no )?user ", r"no vlan ", r"(?:no )?ssh server",
        r"(?:no )?aaa ", r"(?:no )?vlan (?:access|trunk)", r"shutdown", r"(?:no )?access-list",
        r"(?:no )?spanning-tree",
    ),
)  # fmt: skip


class ArubaAoscx(ArubaSwitch[Seen]):
    """Driver of AOS-CX."""

    platform = "aruba_aoscx"
    commands: Mapping[str, str] = {RUNNING: "show running-config", "/startup-config": "show startup-config"}
    identity = patterns(
        {
            "serial": r"^Chassis Serial Nbr\s*: *(\S+)",
            "model": r"^Product Name\s*: *(\S.*)",
            "firmware": r"^A(?:ruba)?OS-CX Version\s*: *(\S+)",
            "mac": r"^Base MAC Address\s*: *(\S+)",
        }
    )
    dialogue = DIALOGUE
    marks = MARKS
    signs = ("hostname ", "vlan ", "interface ", "user ", "ntp ", "ssh ")

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
        """The configuration's lines. Ciphertext is good only where the export password is the same."""
        lines = [line for line in classified(cli_driver.text_of(files, RUNNING)) if line.text.strip()]
        kept = [line.text for line in lines if line.kind == "text" or line.text.strip()[0] != "!"]
        # The native VLAN alone lets all VLANs through, and the list would then only add to them.
        for at, line in enumerate(kept[1:], start=1):
            if line.strip().startswith("vlan trunk allowed ") and kept[at - 1].strip().startswith(
                "vlan trunk native "
            ):
                kept[at - 1 : at + 1] = [line, kept[at - 1]]
        return tuple(cli_driver.joined_banners(line for line in kept if line.strip() != "exit"))


DRIVER = ArubaAoscx()
