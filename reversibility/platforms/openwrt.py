"""OpenWrt access points: the files of ``/etc/config``, read and written as UCI."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from reversibility.market.model import Asset, Market
from reversibility.platforms import uci
from reversibility.platforms.differences import NBSP, differences
from reversibility.platforms.driver import ChangeRefused, Files, UnknownGrammar
from reversibility.platforms.model import Configuration, Ssid, Vlan
from reversibility.platforms.redaction import LONGEST_LINE, MASK, MOST_LINES, looks_secret, mask_shapes
from reversibility.platforms.secret_names import fill, secret
from reversibility.platforms.wanted import wanted_configuration

WIRELESS, NETWORK, SYSTEM = "/etc/config/wireless", "/etc/config/network", "/etc/config/system"
_PATH = re.compile(r"/etc/config/[A-Za-z0-9_-]+")
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
_WRITTEN = {
    "open": "none",
    "owe": "owe",
    "wpa2-personal": "psk2+ccmp",
    "wpa3-personal": "sae+ccmp",
    "wpa2-enterprise": "wpa2+ccmp",
    "wpa3-enterprise": "wpa3+ccmp",
}
_BANDS = {"2g": "2.4", "5g": "5", "6g": "6", "11g": "2.4", "11a": "5"}


class Openwrt:
    """Driver of OpenWrt. An SSID is on the network ``vlan<number>``; each band has a section of its own."""

    platform = "openwrt"

    def required_files(self, kind: str) -> tuple[str, ...]:
        """What an access point cannot do without."""
        return (WIRELESS, NETWORK, SYSTEM)

    def collected(self, kind: str) -> tuple[str, ...]:
        """Every file of UCI."""
        return ("/etc/config/*",)

    def redact(self, path: str, text: str) -> str | None:
        """The file written anew without secrets; None when libuci would refuse it."""
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
        """Name and SSIDs."""
        wireless = _read(files, WIRELESS)
        radios = {
            s.name: _BANDS.get(s.text("band") or s.text("hwmode"), "")
            for s in wireless
            if s.type == "wifi-device"
        }
        names = [s for s in _read(files, SYSTEM) if s.type == "system"]
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
        )

    def render(self, wanted: Configuration) -> str:
        """The sections ``wifi-iface`` of ``/etc/config/wireless``; keys are named, see secret_names.py."""
        return uci.write(interfaces(wanted, {"radio0": "2.4", "radio1": "5"}))

    def plan_wireless(self, wanted: Configuration, files: Files) -> str:
        """The whole wanted ``/etc/config/wireless``: the radios as they are, and the wanted SSIDs."""
        sections = _read(files, WIRELESS)
        radios = {
            s.name: _BANDS.get(s.text("band") or s.text("hwmode"), "")
            for s in sections
            if s.type == "wifi-device"
        }
        kept = [s for s in sections if s.type != "wifi-iface" or s.text("mode", "ap") != "ap"]
        return uci.write([*kept, *interfaces(wanted, radios)])

    def with_secrets(self, text: str, secrets: Mapping[str, str]) -> str:
        """The file with the secrets themselves, quoted as UCI needs it. Raises KeyError and UciError."""
        sections = uci.read(text)
        for section in sections:
            for name, value in section.options.items():
                if isinstance(value, str):
                    section.options[name] = fill(value, secrets)
        return uci.write(sections)

    def problems(self, files: Files) -> list[str]:
        """Each file that libuci would refuse."""
        found = []
        for path in sorted(files):
            if _PATH.fullmatch(path):
                try:
                    _read(files, path)
                except UnknownGrammar as error:
                    found.append(str(error))
        return found

    def compare(self, market: Market, asset: Asset, files: Files) -> str | None:
        """The differences from what is declared, in French."""
        absent = [path for path in self.required_files(asset.kind) if not files.get(path, b"").strip()]
        if absent:
            return f"la configuration ne contient pas de quoi restaurer l’équipement{NBSP}: manque {', '.join(absent)}"
        wanted = wanted_configuration(market, asset)
        wanted = Configuration(hostname=wanted.hostname, ssids=comparable(wanted).ssids)
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
        return (*sorted(path for path in files if _PATH.fullmatch(path)), "reload_config")


def comparable(wanted: Configuration) -> Configuration:
    """The wanted SSIDs as far as UCI says them: hours are kept by cron."""
    return replace(wanted, ssids=tuple(replace(ssid, hours="") for ssid in wanted.ssids))


def interfaces(wanted: Configuration, radios: Mapping[str, str]) -> list[uci.Section]:
    """One section for each SSID and band. Raises ChangeRefused."""
    reasons = [
        f"{ssid.name}: a name has 1 to 32 bytes"
        for ssid in wanted.ssids
        if not 0 < len(ssid.name.encode()) <= 32
    ]
    sections = []
    for index, ssid in enumerate(wanted.ssids):
        for radio in sorted(radios):
            if ssid.bands and radios[radio] not in ssid.bands:
                continue
            options: dict[str, str | list[str]] = {
                "device": radio,
                "mode": "ap",
                "network": f"vlan{ssid.vlan}" if ssid.vlan else "lan",
                "ssid": ssid.name,
                "encryption": _WRITTEN[ssid.security],
            }
            if ssid.security.endswith("personal"):
                options["key"] = secret(f"wifi/{ssid.name}")
            if ssid.security.endswith("enterprise"):
                servers = wanted.radius or ()
                if not servers:
                    reasons.append(f"{ssid.name}: no RADIUS server is declared (network_radius)")
                    break
                options |= {
                    "auth_server": servers[0],
                    "auth_port": "1812",
                    "auth_secret": secret(f"radius/{servers[0]}"),
                }
            options |= {name: "1" for name, on in (("isolate", ssid.isolated), ("hidden", ssid.hidden)) if on}
            if not ssid.enabled:
                options["disabled"] = "1"
            sections.append(
                uci.Section("wifi-iface", f"cartable_{index}_{re.sub('[^A-Za-z0-9_]', '_', radio)}", options)
            )
    if reasons:
        raise ChangeRefused(reasons)
    return sections


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
        enabled=not section.on("disabled"),
        bands=frozenset({band} if band else ()),
    )


def _read(files: Files, path: str) -> list[uci.Section]:
    try:
        return uci.read(files.get(path, b"").decode("utf-8", "replace"))
    except uci.UciError as error:
        raise UnknownGrammar(f"{path}: {error}") from error


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
