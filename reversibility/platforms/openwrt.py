"""OpenWrt access points: the files of ``/etc/config``, read and written as UCI."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from reversibility.market.model import Asset, Market
from reversibility.platforms import openwrt_plan, openwrt_scripts, shell_driver, uci
from reversibility.platforms.device_identity import Unidentified
from reversibility.platforms.differences import NBSP, differences
from reversibility.platforms.driver import ChangeRefused, Files, UnknownGrammar
from reversibility.platforms.model import Account, Configuration, Ssid, Vlan
from reversibility.platforms.openwrt_plan import CRONTAB, NETWORK, SHADOW, SYSTEM, WIRELESS, read
from reversibility.platforms.redaction import LONGEST_LINE, MASK, MOST_LINES, looks_secret, mask_shapes
from reversibility.platforms.secret_names import fill, names_in
from reversibility.platforms.shell_driver import Goal
from reversibility.platforms.wanted import wanted_configuration

_PATH = re.compile(r"/etc/config/[A-Za-z0-9_-]+")
_ACCOUNT = re.compile(r"([a-z_][a-z0-9_-]{0,31}):([^:]*)((?::[0-9]*){7})")
_NO_HASH = frozenset({"", "*", "!", "!!", "x"})
_SECRET = re.compile(
    r"passw|passphrase|secret|psk|token|credential|community|(?:^|_)key\d*$|^key|_key|r[01]kh|sae|^pins?$|_pins?$|wps_pin|^auth$|hash|cookie"
    r"|pwd|^value$|apikey|cipherkey|_pass$|^pass$"
)
_PUBLIC = frozenset(
    [
        "public_key",
        "ssh_public_key",
        "keepalive",
        "key_mgmt",
        "keyfile",
        "key_direction",
        "sae_require_mfp",
        "sae_pwe",
    ]
)
_ENCRYPTION = {
    "none": "open",
    "owe": "owe",
    "psk2": "wpa2-personal",
    "psk-mixed": "wpa2-personal",
    "psk": "wpa2-personal",
    "sae": "wpa3-personal",
    "sae-mixed": "wpa3-personal",
    "wpa2": "wpa2-enterprise",
    "wpa": "wpa2-enterprise",
    "wpa3": "wpa3-enterprise",
    "wpa3-mixed": "wpa3-enterprise",
    "wpa3-192": "wpa3-enterprise",
}


class Openwrt(Unidentified):
    """Driver of OpenWrt. An SSID is on the network ``vlan<number>``; each band has a section of its own."""

    platform = "openwrt"

    def required_files(self, kind: str) -> tuple[str, ...]:
        """The files needed to restore an access point."""
        return (WIRELESS, NETWORK, SYSTEM)

    def collected(self, kind: str) -> tuple[str, ...]:
        """Every file of UCI, the hours of the SSIDs, and the accounts."""
        return ("/etc/config/*", CRONTAB, SHADOW)

    def redact(self, path: str, text: str) -> str | None:
        """The file written anew without secrets; None when libuci would refuse it."""
        if path == CRONTAB:
            return "".join(
                f"{mask_shapes(line)}\n" for line in text.splitlines() if line.endswith("# cartable")
            )
        if path == SHADOW:
            return _without_hashes(text)
        if not _PATH.fullmatch(path) or text.count("\n") > MOST_LINES:
            return None
        try:
            sections = uci.read(text)
            for section in sections:
                for name, value in section.options.items():
                    section.options[name] = (
                        _masked(name, value) if isinstance(value, str) else [_masked(name, v) for v in value]
                    )
            return uci.write(sections).lstrip("\n")
        except uci.UciError:
            return None

    def parse(self, files: Files) -> Configuration:
        """Name, SSIDs, log host and accounts."""
        wireless = read(files, WIRELESS)
        radios = openwrt_plan.radios_of(wireless)
        names = [s for s in read(files, SYSTEM) if s.type == "system"]
        found: dict[str, Ssid] = {}
        for section in wireless:
            if section.type != "wifi-iface" or section.text("mode", "ap") != "ap":
                continue
            ssid = _ssid(section, radios)
            known = found.get(ssid.name)
            found[ssid.name] = replace(ssid, bands=ssid.bands | known.bands) if known else ssid
        return Configuration(
            hostname=names[0].text("hostname") if names else "",
            vlans=tuple(Vlan(number) for number in sorted({s.vlan for s in found.values() if s.vlan})),
            ssids=tuple(found[name] for name in sorted(found)),
            syslog=openwrt_plan.log_hosts(read(files, SYSTEM)),
            accounts=tuple(_accounts(files.get(SHADOW, b"").decode("utf-8", "replace"))),
        )

    def render(self, wanted: Configuration) -> str:
        """The sections ``wifi-iface`` of ``/etc/config/wireless``; keys are named, see secret_names.py."""
        radios = {radio.name: radio.band for radio in wanted.radios} or {"radio0": "2.4", "radio1": "5"}
        return uci.write(openwrt_plan.wireless_interfaces(wanted, radios, {}))

    scripts = openwrt_scripts.SCRIPTS

    def received(self, output: bytes) -> dict[str, bytes]:
        """The files of the archive that the device sent."""
        return shell_driver.unpacked(output)

    def planned(self, wanted: Configuration, files: Files) -> Goal:
        """Wi-Fi, the networks of its VLANs, the hours in the crontab, and the log host."""
        return openwrt_plan.goal(wanted, files)

    def names(self, path: str, text: str) -> tuple[str, ...]:
        """The names of the secrets that a planned file needs."""
        if not _PATH.fullmatch(path):
            return ()
        values = (value for section in uci.read(text) for value in section.options.values())
        return tuple(dict.fromkeys(n for value in values if isinstance(value, str) for n in names_in(value)))

    def filled(self, path: str, text: str, secrets: Mapping[str, str]) -> str:
        """The file with the secrets themselves, quoted as UCI needs it. Raises KeyError and ChangeRefused."""
        if not _PATH.fullmatch(path):
            return text
        for name in self.names(path, text):
            if name.startswith("wifi/") and not 8 <= len(secrets[name].encode()) <= 63:
                raise ChangeRefused([f"the vault's {name} is no key of 8 to 63 bytes"])
        sections = uci.read(text)
        for section in sections:
            for option, value in section.options.items():
                if isinstance(value, str):
                    section.options[option] = fill(value, secrets)
        try:
            return uci.write(sections)
        except uci.UciError as error:
            raise ChangeRefused([f"{path}: {error}"]) from None

    def same(self, path: str, one: str, other: str) -> bool:
        """Whether two contents of a file say the same. Raises UnknownGrammar."""
        try:
            return openwrt_plan.same(one, other) if _PATH.fullmatch(path) else one == other
        except uci.UciError as error:
            raise UnknownGrammar(f"{path}: {error}") from error

    def payload(self, files: Files, changed: Goal) -> bytes:
        """The lines of ``uci batch``, and the crontab where it changes."""
        lines: list[str] = []
        parts: dict[str, str | None] = {}
        for path, text in changed.items():
            if path == CRONTAB:
                parts["/crontab"] = text
            elif text is not None:
                config = path.rpartition("/")[2]
                lines += openwrt_plan.batch(config, read(files, path), uci.read(text))
        if lines:
            parts["/batch"] = "".join(f"{line}\n" for line in lines)
        return shell_driver.archive(parts)

    def problems(self, files: Files) -> list[str]:
        """Each file that libuci would refuse."""
        found = []
        for path in sorted(files):
            if _PATH.fullmatch(path):
                try:
                    read(files, path)
                except UnknownGrammar as error:
                    found.append(str(error))
        return found

    def compare(self, market: Market, asset: Asset, files: Files) -> str | None:
        """The differences from what is declared, in French."""
        absent = [path for path in self.required_files(asset.kind) if not files.get(path, b"").strip()]
        if absent:
            return f"la configuration ne contient pas de quoi restaurer l’équipement{NBSP}: manque {', '.join(absent)}"
        wanted = wanted_configuration(market, asset)
        wanted = Configuration(hostname=wanted.hostname, ssids=wanted.ssids, syslog=wanted.syslog)
        try:
            seen = self.parse(files)
        except UnknownGrammar as error:
            return f"configuration illisible ({error})"
        bands = {ssid.name: ssid.bands for ssid in seen.ssids}
        goal = tuple(
            ssid if ssid.bands else replace(ssid, bands=bands.get(ssid.name, ssid.bands))
            for ssid in wanted.ssids
        )
        found = list(differences(replace(wanted, ssids=goal), seen))
        return f"{len(found)} différence(s){NBSP}: {'; '.join(found[:3])}" if found else None

    def restore(self, files: Files) -> tuple[str, ...]:
        """The paths of the files to put back, then what applies them."""
        return (*sorted(path for path in files if _PATH.fullmatch(path) or path == CRONTAB), "reload_config")


def _accounts(shadow: str) -> Iterator[Account]:
    """The accounts of ``/etc/shadow``. One whose hash is ``*`` or begins with ``!`` is opened by no password."""
    for line in shadow.splitlines():
        name, _, rest = line.partition(":")
        if name and rest:
            yield Account(name, "admin" if name == "root" else "", enabled=rest[0] not in "*!")


def _without_hashes(shadow: str) -> str | None:
    """``/etc/shadow`` without its hashes, but with what says that there is none; None for anything else."""
    lines = [_ACCOUNT.fullmatch(line) for line in shadow.splitlines()]
    if not all(lines):
        return None
    return "".join(
        f"{line[1]}:{line[2] if line[2] in _NO_HASH else MASK}{line[3]}\n" for line in lines if line
    )


def _ssid(section: uci.Section, radios: Mapping[str, str]) -> Ssid:
    match = re.fullmatch(r"vlan(\d+)", section.text("network"))
    band = radios.get(section.text("device"), "")
    return Ssid(
        section.text("ssid"),
        vlan=int(match[1]) if match else None,
        security=_ENCRYPTION.get(
            section.text("encryption", "none").partition("+")[0], section.text("encryption")
        ),
        isolated=section.on("isolate"),
        hidden=section.on("hidden"),
        enabled=bool(section.text(openwrt_plan.HOURS)) or not section.on("disabled"),
        hours=section.text(openwrt_plan.HOURS),
        bands=frozenset({band} if band else ()),
    )


def _masked(name: str, value: str) -> str:
    lower = name.lower()
    if (
        (_SECRET.search(lower) and lower not in _PUBLIC)
        or len(value) > LONGEST_LINE
        or "\n" in value
        or "-----BEGIN" in value
    ):
        return MASK if value not in ("0", "1") else value
    return MASK if looks_secret(value) else mask_shapes(value)


DRIVER = Openwrt()
