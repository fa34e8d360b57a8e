"""Dialogue of a platform's command line: prompts, refusals, questions, saving, and the device's own way back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

# What a device logs over the terminal, in the middle of anything.
SYSLOG = re.compile(
    r"^(?:\*|\.)?(?:\d{4} )?[A-Z][a-z]{2} +\d+ [\d:.]+[^%\n]*: %[A-Z0-9_-]+-\d-[A-Z0-9_]+: .*$", re.MULTILINE
)
SHUTDOWN = re.compile(r"^\*\*\*(?: --- SHUTDOWN .* ---)?\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Question:
    """Text of a question, and the answer that is safe for the one who sent ``after``; None: stop, and say so."""

    text: str
    answer: str | None
    after: str = ""
    """The commands that may be asked this; '' for all."""


@dataclass(frozen=True)
class WayBack:
    """A timer on the device that undoes a change unless it is cancelled after a new login.

    ``arm`` holds ``{minutes}``. ``armed`` is in the answer when it was armed, ``pending`` in the
    answer to ``show`` while it runs.
    """

    name: str
    arm: str
    armed: str
    disarm: str
    show: str = ""
    """The command that tells whether it runs; '' where there is none: then the answers to the other two say it."""
    pending: str = ""
    disarmed: str = ""
    """Is in the answer to disarming."""
    enters_configuration: bool = False
    """Whether arming leaves the session in configuration mode."""
    restarts: bool = False
    """Whether it undoes by a restart, which everybody feels: only for changes that may cut the way in."""
    revert: str = ""
    """The command that undoes at once; '' when there is none."""
    saves: bool = False
    """Whether disarming saves."""


@dataclass(frozen=True)
class Snapshot:
    """Copy of the running configuration on the device, for what no timer undoes; what the answers hold."""

    take: str
    taken: str
    restore: str
    restored: str
    forget: str


@dataclass(frozen=True)
class Dialogue:
    """How one platform talks. Regular expressions are matched against whole lines unless said otherwise."""

    prompt: str
    """The prompt, with the groups ``name``, ``mode`` (in brackets, or nothing) and ``end``."""
    errors: tuple[str, ...]
    """Searched in each line of an answer to a configuring command."""
    harmless: tuple[str, ...] = ()
    """Lines that look like errors and are none."""
    prepare: tuple[str, ...] = ()
    """Commands after the login: no paging, a wide terminal."""
    enable: str = "enable"
    configure: str = "configure terminal"
    leave: str = "end"
    bye: str = "exit"
    any_key: str = ""
    """Text of a page that waits for a key before the first prompt."""
    questions: tuple[Question, ...] = ()
    ends: Mapping[str, str] | None = None
    """By command: the last line of a whole answer."""
    save: str = "write memory"
    saved: str = r"\[OK\]"
    startup: str = ""
    """The command that shows what a restart would load; '' where there is no such thing."""
    running: str = "show running-config"
    volatile: tuple[str, ...] = ()
    """Lines that differ between two readings of the same configuration."""
    separator: str = "!"
    """The line that separates blocks and says nothing."""
    ways_back: tuple[WayBack, ...] = ()
    snapshot: Snapshot | None = None
    risky: tuple[str, ...] = ()
    """Commands, without their indentation, that may cut the way in."""
    literal_next: str = ""
    """Key that takes the special meaning from the next one, needed before ``?``."""
    name_length: int = 255
    """Characters of the host name that a configuration prompt shows."""
    line_length: int = 250
    no_rsa_sha2: bool = False
    """Whether old firmware fails on RSA keys with SHA-2."""

    def stable(self, text: str) -> str:
        """The configuration in the form in which two readings are compared: without empty lines and separators too."""
        return "\n".join(
            line for line in self.kept(text).splitlines() if line.strip() not in ("", self.separator)
        )

    def kept(self, text: str) -> str:
        """The text as it is kept: without lines that change from reading to reading."""
        pattern = re.compile("|".join(f"(?:{line})" for line in self.volatile)) if self.volatile else None
        lines = [line.rstrip() for line in text.splitlines()]
        return (
            "\n".join(line for line in lines if not (pattern and pattern.fullmatch(line))).strip("\n") + "\n"
        )

    def error_in(self, answer: str) -> str | None:
        """The first line of an answer that says that a command was refused."""
        for line in answer.splitlines():
            if any(re.search(error, line) for error in self.errors) and not any(
                re.search(ok, line) for ok in self.harmless
            ):
                return line.strip()
        return None

    def is_risky(self, command: str) -> bool:
        """Whether a command may cut the way in."""
        return any(re.match(pattern, command.strip()) for pattern in self.risky)


IOS = Dialogue(
    prompt=r"(?P<name>[A-Za-z0-9][\w.-]*)(?P<mode>\([\w-]+\))?(?P<end>[>#])",
    prepare=("terminal length 0", "terminal width 511"),
    errors=(r"^\s*%", r"^Command rejected", r"^Command authorization failed", r"^ERROR:", r"^Bad mask"),
    harmless=(
        r"^% Access VLAN does not exist\. Creating vlan",
        r"^% Applying VLAN changes",
        r"^%\s*Warning:",
        r"^%Portfast has been configured",
        r"^%SYS-\d-",
    ),
    questions=(
        Question(r"remove all username related configurations.*\[confirm\]", "", r"no username "),
        Question(r"permanently convert all relevant authentication commands.*\[yes\]: ?", None),
        Question(r"Destination filename \[startup-config\]\? ?", "", r"copy running-config startup-config"),
        Question(r"Destination filename \[cartable-before\.cfg\]\? ?", "", r"copy running-config flash:"),
        Question(r"over ?write\? ?\[confirm\]", "", r"copy running-config flash:cartable-"),
        Question(r"Overwrite the previous NVRAM configuration\?\s*\[confirm\]", "", r"write|copy running-config"),
        Question(r"Truncate config\?\? \[no\]: ?", "no"),
        Question(r"System configuration has been modified\. Save\? \[yes/no\]: ?", "no", r"reload"),
        Question(r"Reload reason: ?", "", r"reload"),
        Question(r"Proceed with reload\? ?\[confirm\]", "", r"reload in "),
        Question(r"\[(?:confirm|yes/no|no|yes)\](?::|\?)? ?", None),
    ),
    ends={"show running-config": "end", "show startup-config": "end"},
    saved=r"^\[OK\]",
    startup="show startup-config",
    volatile=(
        r"Building configuration\.\.\.",
        r"Current configuration ?: \d+ bytes",
        r"Using \d+ (?:out of \d+ )?bytes.*",
        r"! (?:Last configuration change|NVRAM config last updated|No configuration change) .*",
        r"ntp clock-period \d+",
        r"Configuration last modified by .*",
    ),
    ways_back=(
        WayBack(
            name="configure terminal revert timer",
            arm="configure terminal revert timer {minutes}",
            armed=r"Enter configuration commands",
            disarm="configure confirm",
            show="show archive config rollback timer",
            pending=r"(?i)timer (?:type|value)|time configured",
            enters_configuration=True,
            revert="configure revert now",
        ),
        WayBack(
            name="reload in",
            arm="reload in {minutes}",
            armed=r"Proceed with reload|Reload scheduled",
            disarm="reload cancel",
            show="show reload",
            pending=r"Reload scheduled",
            restarts=True,
        ),
    ),
    snapshot=Snapshot(
        take="copy running-config flash:cartable-before.cfg",
        taken=r"bytes copied|\[OK\]",
        restore="configure replace flash:cartable-before.cfg force",
        restored=r"Rollback Done",
        forget="delete /force flash:cartable-before.cfg",
    ),
    risky=(
        r"(?:no )?line vty", r"transport input", r"(?:no )?access-class", r"(?:no )?aaa ", r"(?:no )?username ",
        r"(?:no )?interface Vlan", r"(?:no )?ip (?:default-gateway|route|routing|ssh|access-list|access-group)",
        r"no vlan ", r"(?:no )?crypto key", r"(?:no )?spanning-tree mode", r"vtp ", r"(?:no )?enable ",
        r"(?:no )?login",
    ),
    literal_next="\x16",
    name_length=20,
)  # fmt: skip

AOSS = Dialogue(
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
    saved=r"\A\s*\Z",  # it says nothing when it has saved
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

AOSCX = Dialogue(
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

# Its only timers are dual-stage commits and replacements of the whole configuration, which nothing here does: what may
# cut the way in is refused, the rest has a checkpoint.
NXOS = Dialogue(
    prompt=r"(?P<name>[A-Za-z0-9][\w.-]*)(?P<mode>\([\w-]+\))?(?P<end>[>#])",
    prepare=("terminal length 0", "terminal width 511", "terminal dont-ask"),
    errors=(r"^\s*%", r"^Syntax error while parsing", r"^Invalid number", r"^(?:ERROR|Error|error):", r"^Cannot apply"),
    harmless=(r"^Warning:",),
    questions=(Question(r"[\[(]y(?:es)?/n(?:o)?[\])](?::|\?)? ?(?:\[n\])? ?", None),),
    save="copy running-config startup-config",
    saved=r"^Copy complete",
    startup="show startup-config",
    volatile=(r"!Command: .*", r"!Running configuration last done at: .*", r"!Time: .*", r"!Startup config saved.*"),
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

DIALOGUES: dict[str, Dialogue] = {
    "cisco_ios": IOS,
    "cisco_nxos": NXOS,
    "aruba_aoss": AOSS,
    "aruba_aoscx": AOSCX,
}
"""By the platform's name in market/platforms.yml."""
