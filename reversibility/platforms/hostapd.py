"""Linux access point by hostapd: ``/etc/hostapd/*.conf``, one ``name=value`` a line, without quotes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from reversibility.market.model import Asset, Market
from reversibility.platforms import hostapd_files, hostapd_scripts, shell_driver, wifi_hours
from reversibility.platforms.device_identity import Unidentified
from reversibility.platforms.differences import NBSP, differences
from reversibility.platforms.driver import ChangeRefused, Files, UnknownGrammar
from reversibility.platforms.model import Configuration, Ssid
from reversibility.platforms.redaction import LONGEST_LINE, MASK, MOST_LINES, looks_secret, mask_shapes
from reversibility.platforms.secret_names import fill, names_in
from reversibility.platforms.shell_driver import Goal
from reversibility.platforms.wanted import wanted_configuration

_PLAIN = frozenset(
    {
        hostapd_files.DEFAULTS,
        hostapd_files.DROP_IN,
        hostapd_files.ISOLATION,
        *hostapd_files.TIMERS.values(),
    }
)
_PATH = re.compile(r"/etc/hostapd/[\w.-]+\.conf")
_VLANS = re.compile(r"/etc/hostapd/[\w.-]+\.vlan")
_LINE = re.compile(r"([a-z][a-z0-9_]*)=(.*)")
_SECRET = re.compile(
    r"pass|psk|secret|key|password|r[01]kh|pin|token|das_client|sim_db|eap_user|community|nonce|enrollee|config_data"
)
_PUBLIC = frozenset(
    [
        "wpa_key_mgmt",
        "rsn_pairwise",
        "wpa_group_rekey",
        "wpa_gmk_rekey",
        "wpa_ptk_rekey",
        "wpa_psk_radius",
        "wep_key_len_broadcast",
        "eapol_key_index_workaround",
        "wep_key_len_unicast",
        "wep_rekey_period",
        "okc",
        "sae_pwe",
        "sae_require_mfp",
        "eap_message",
        "ap_isolate",
        "eapol_version",
    ]
)
_MANAGEMENT = {"SAE": "wpa3-personal", "OWE": "owe", "WPA-PSK": "wpa2-personal", "WPA-EAP": "wpa2-enterprise"}
_BANDS = {"g": "2.4", "b": "2.4", "a": "5"}


def lines_of(text: str) -> Iterator[tuple[int, str, str]]:
    """Number, name and value of each setting. Raises UnknownGrammar; comments and empty lines are left out."""
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.rstrip("\r")
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise UnknownGrammar(f"line {number} is no setting of hostapd")
        yield number, match[1], match[2]


class Hostapd(Unidentified):
    """Driver of hostapd. The SSID of VLAN n is on the bridge ``brn``."""

    platform = "hostapd"

    def required_files(self, kind: str) -> tuple[str, ...]:
        """The configuration that the service reads."""
        return ("/etc/hostapd/hostapd.conf",)

    def collected(self, kind: str) -> tuple[str, ...]:
        """Every configuration of hostapd, and what is beside it in systemd."""
        return (
            "/etc/hostapd/*.conf",
            "/etc/hostapd/*.vlan",
            hostapd_files.DROP_IN,
            hostapd_files.ISOLATION,
            *(path for path in hostapd_files.TIMERS.values()),
        )

    def redact(self, path: str, text: str) -> str | None:
        """The settings without secrets, comments left out since old keys stand in them; None for another grammar."""
        if (
            not (_PATH.fullmatch(path) or _is_plain(path))
            or text.count("\n") > MOST_LINES
            or re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", text)
        ):
            return None
        if _is_plain(path):
            return "".join(f"{_masked('', line)}\n" for line in text.splitlines())
        try:
            settings = list(lines_of(text))
        except UnknownGrammar:
            return None
        return "".join(f"{name[:80]}={_masked(name, value)}\n" for _, name, value in settings)

    def parse(self, files: Files) -> Configuration:
        """The SSIDs of every file: one for the interface, one for each ``bss=``."""
        found: dict[str, Ssid] = {}
        for path in sorted(files):
            if not _PATH.fullmatch(path):
                continue
            try:
                for ssid in _ssids(files[path].decode("utf-8", "replace")):
                    known = found.get(ssid.name)
                    found[ssid.name] = replace(ssid, bands=ssid.bands | known.bands) if known else ssid
            except (UnknownGrammar, ValueError) as error:
                raise UnknownGrammar(f"{path}: {error}") from error
        timers = [
            files.get(hostapd_files.TIMERS[verb], b"").decode("utf-8", "replace") for verb in ("on", "off")
        ]
        hours = wifi_hours.from_timers(*timers)
        ssids = (replace(found[name], hours=str(hours or "")) for name in sorted(found))
        return Configuration(ssids=tuple(ssids))

    def render(self, wanted: Configuration) -> str:
        """The configuration of each radio; keys are named, see secret_names.py. Raises ChangeRefused."""
        if not any(ssid.enabled for ssid in wanted.ssids):
            return ""
        files = hostapd_files.goal(wanted)
        return "\n".join(text for path, text in files.items() if text is not None and _PATH.fullmatch(path))

    scripts = hostapd_scripts.SCRIPTS

    def received(self, output: bytes) -> dict[str, bytes]:
        """The files of the archive that the device sent."""
        return shell_driver.unpacked(output)

    def planned(self, wanted: Configuration, files: Files) -> Goal:
        """Every file that is managed."""
        return hostapd_files.goal(wanted)

    def names(self, path: str, text: str) -> tuple[str, ...]:
        """The names of the secrets that a planned file needs."""
        return names_in(text)

    def filled(self, path: str, text: str, secrets: Mapping[str, str]) -> str:
        """The file with its secrets: hostapd has no quotes, what follows ``=`` is the value."""
        for name in names_in(text):
            if problem := _key_problem(name, secrets[name]):
                raise ChangeRefused([f"the vault's {name} {problem}"])
        return fill(text, secrets)

    def same(self, path: str, one: str, other: str) -> bool:
        """Whether two texts are equal."""
        return one == other

    def payload(self, files: Files, changed: Goal) -> bytes:
        """The files as an archive."""
        return shell_driver.archive(changed)

    def problems(self, files: Files) -> list[str]:
        """Errors that hostapd does not report: it has no check option, and accepts an empty server."""
        try:
            self.parse(files)
        except UnknownGrammar as error:
            return [str(error)]
        return []

    def compare(self, market: Market, asset: Asset, files: Files) -> str | None:
        """The differences from what is declared, in French."""
        absent = [path for path in self.required_files(asset.kind) if not files.get(path, b"").strip()]
        if absent:
            return f"la configuration ne contient pas de quoi restaurer l’équipement{NBSP}: manque {', '.join(absent)}"
        try:
            seen = self.parse(files)
        except UnknownGrammar as error:
            return f"configuration illisible ({error})"
        bands = {ssid.name: ssid.bands for ssid in seen.ssids}
        wanted = [
            replace(s, bands=s.bands or bands.get(s.name, s.bands))
            for s in wanted_configuration(market, asset).ssids
        ]
        found = list(differences(Configuration(ssids=tuple(wanted)), seen))
        return f"{len(found)} différence(s){NBSP}: {'; '.join(found[:3])}" if found else None

    def restore(self, files: Files) -> tuple[str, ...]:
        """The paths of the files to put back, then what applies them."""
        paths = sorted(path for path in files if _PATH.fullmatch(path) or _is_plain(path))
        return (*paths, "systemctl restart hostapd")


def _is_plain(path: str) -> bool:
    """Whether a file has no settings of hostapd: units of systemd, VLANs and their bridges."""
    return path in _PLAIN or _VLANS.fullmatch(path) is not None


def _ssids(text: str) -> Iterator[Ssid]:
    blocks: list[dict[str, str]] = []
    for _, name, value in lines_of(text):
        if name in ("interface", "bss"):
            blocks.append({"hw_mode": blocks[0].get("hw_mode", "")} if blocks else {})
        if blocks:
            blocks[-1][name] = value
    for block in blocks:
        name = block.get("ssid", "")
        if "ssid2" in block:
            given = block["ssid2"]
            name = given[1:-1] if given[:1] == '"' else bytes.fromhex(given).decode("utf-8", "replace")
        bridge = re.fullmatch(r"br(\d+)", block.get("bridge", ""))
        band = _BANDS.get(block.get("hw_mode", "") or blocks[0].get("hw_mode", ""), "")
        yield Ssid(
            name,
            vlan=int(bridge[1]) if bridge else None,
            security=_security(block),
            isolated=block.get("ap_isolate") == "1",
            hidden=block.get("ignore_broadcast_ssid", "0") != "0",
            bands=frozenset({band} if band else ()),
        )


def _security(block: dict[str, str]) -> str:
    if block.get("wpa", "0") == "0":
        return "open"
    managements = block.get("wpa_key_mgmt", "WPA-PSK").split()
    if any(name.startswith("WPA-EAP") for name in managements):
        strict = block.get("ieee80211w") == "2" or any(
            "SHA256" in name or "SUITE-B" in name for name in managements
        )
        return "wpa3-enterprise" if strict else "wpa2-enterprise"
    return next((security for name, security in _MANAGEMENT.items() if name in managements), managements[0])


def _key_problem(name: str, value: str) -> str:
    """Problem of a secret for hostapd, which accepts some invalid ones silently; '' if there is none."""
    if any(ord(character) < 32 for character in value):
        return "holds a control character"
    if name.startswith("wifi/") and not (8 <= len(value) <= 63 and value.isascii()):
        return "is no key of 8 to 63 plain characters"
    return ""


def _masked(name: str, value: str) -> str:
    if (_SECRET.search(name) and name not in _PUBLIC) or len(value) > LONGEST_LINE:
        return MASK
    if name in ("ssid", "ssid2"):
        return value
    return MASK if looks_secret(value) else mask_shapes(value)


DRIVER = Hostapd()
