"""Cisco IOS and IOS-XE switches: running configuration, and the VLANs that only ``show vlan`` knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from reversibility.market.model import Asset, Market
from reversibility.platforms import cli_driver
from reversibility.platforms.cisco_grammar import GRAMMAR
from reversibility.platforms.cisco_parse import Seen, read, with_vlan_table
from reversibility.platforms.cisco_plan import canonical, plan
from reversibility.platforms.cisco_text import classified
from reversibility.platforms.device_identity import patterns
from reversibility.platforms.dialogue import Dialogue, Question, Snapshot, WayBack
from reversibility.platforms.driver import Files, UnknownGrammar
from reversibility.platforms.interface_names import ios_name
from reversibility.platforms.model import Configuration
from reversibility.platforms.redaction import clean

RUNNING = "/running-config"

MARKS = (
    r"Building configuration\.\.\.", r"Current configuration : \d+ bytes", r"version 1[0-9]\.\d+$", r"end$",
    r"boot-(?:start|end)-marker", r"line vty \d+ \d+$", r"service timestamps ",
)  # fmt: skip

DIALOGUE = Dialogue(
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


class CiscoIos:
    """Driver of Cisco IOS and IOS-XE."""

    platform = "cisco_ios"
    marks: tuple[str, ...] = MARKS
    dialogue = DIALOGUE
    nxos = False
    signs: tuple[str, ...] = ("version ", "hostname ", "interface ", "service ")
    last_line = "end"
    commands: Mapping[str, str] = {
        RUNNING: "show running-config",
        "/startup-config": "show startup-config",
        "/vlan": "show vlan brief",
        "/vtp-status": "show vtp status",
        "/snmp-users": "show snmp user",
    }
    about: Sequence[str] = ("show version",)
    identity = patterns(
        {
            "serial": r"(?i)^System Serial Number\s*: *(\S+)",
            "model": r"(?i)^Model Number\s*: *(\S+)",
            "firmware": r"^(?:Cisco )?IOS (?!XE).*, Version ([^\s,]+)",
            "mac": r"^Base Ethernet MAC Address\s*: *(\S+)",
        }
    )
    manufacturer = "Cisco"

    def required_files(self, kind: str) -> tuple[str, ...]:
        """The running configuration and the VLANs."""
        return (RUNNING, "/vlan")

    def collected(self, kind: str) -> tuple[str, ...]:
        """The commands whose answers are kept."""
        return tuple(self.commands.values())

    def port_name(self, name: str) -> str:
        """The long name of an interface."""
        return ios_name(name)

    def redact(self, path: str, text: str) -> str | None:
        """The text without secrets; None when it is no IOS configuration."""
        if path in (RUNNING, "/startup-config"):
            return cli_driver.redact(GRAMMAR, classified, text, self.signs)
        return cli_driver.redact_table(GRAMMAR, text) if path in self.commands else None

    def redact_commands(self, commands: Sequence[str]) -> tuple[str, ...]:
        """The commands without secrets."""
        return cli_driver.redact_commands(GRAMMAR, commands)

    def parse(self, files: Files) -> Configuration:
        """The configuration in the common model."""
        return self._seen(files).configuration

    def render(self, wanted: Configuration) -> str:
        """The commands for a device without configuration, which are its configuration's text."""
        commands = plan(wanted, read("", nxos=self.nxos), nxos=self.nxos)
        return "\n".join([*commands, *filter(None, [self.last_line]), ""])

    def plan(self, wanted: Configuration, files: Files) -> tuple[str, ...]:
        """The commands for the wanted configuration."""
        return plan(wanted, self._seen(files), nxos=self.nxos)

    def problems(self, files: Files) -> list[str]:
        """A configuration without a final ``end`` is truncated; one that the grammar refuses is invalid."""
        return cli_driver.problems(self, files, RUNNING, last_line=self.last_line)

    def compare(self, market: Market, asset: Asset, files: Files) -> str | None:
        """The differences from what is declared, in French."""
        return cli_driver.compare(
            self, market, asset, files, lambda wanted: canonical(wanted, nxos=self.nxos)
        )

    def restore(self, files: Files) -> tuple[str, ...]:
        """The configuration's lines, after the VLANs that it does not have.

        SNMPv3 users, host keys and type 6 keys are not in it: they are set again from the vault.
        """
        text = cli_driver.text_of(files, RUNNING)
        shown = {vlan.number for vlan in read(text, nxos=self.nxos).configuration.vlans}
        missing = [vlan for vlan in self.parse(files).vlans if vlan.number not in shown]
        vlans = replace(Configuration(), vlans=tuple(missing))
        skipped = ("end", "version ", "boot-start-marker", "boot-end-marker", "switch ")
        lines = [line for line in classified(text) if line.kind in ("config", "text")]
        kept = [line.text for line in lines if line.text.strip(" !") and not line.text.startswith(skipped)]
        return (
            *plan(vlans, read("", nxos=self.nxos), nxos=self.nxos),
            *cli_driver.joined_banners(_without_certificates(kept)),
        )

    def _seen(self, files: Files) -> Seen:
        text = clean(cli_driver.text_of(files, RUNNING))
        if text is None or not any(line.startswith(self.signs) for line in text.split("\n")):
            raise UnknownGrammar(f"{RUNNING} is no configuration of {self.platform}")
        try:
            seen = read(text, nxos=self.nxos)
            configuration = seen.configuration
            if "/vlan" in files:
                configuration = with_vlan_table(configuration, cli_driver.text_of(files, "/vlan"))
        except ValueError as error:
            raise UnknownGrammar(f"{RUNNING}: {error}") from error
        users = cli_driver.text_of(files, "/snmp-users").splitlines()
        named = {line.partition(":")[2].strip() for line in users if line.startswith("User name:")}
        configuration = replace(
            configuration, snmp_users=tuple(sorted(named | set(configuration.snmp_users or ())))
        )
        return replace(seen, configuration=configuration)


def _without_certificates(lines: list[str]) -> list[str]:
    """Self-signed certificates belong to a key that never leaves the device."""
    kept, inside = [], False
    for line in lines:
        if not line.startswith(" "):
            inside = line.startswith("crypto pki certificate chain")
        if not inside:
            kept.append(line)
    return kept


DRIVER = CiscoIos()
