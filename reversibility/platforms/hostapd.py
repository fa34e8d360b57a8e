"""Linux access point by hostapd: ``/etc/hostapd/*.conf``, one ``name=value`` a line, without quotes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from reversibility.market.model import Asset, Market
from reversibility.platforms.differences import NBSP, differences
from reversibility.platforms.driver import ChangeRefused, Files, UnknownGrammar
from reversibility.platforms.model import Configuration, Ssid
from reversibility.platforms.redaction import LONGEST_LINE, MASK, MOST_LINES, looks_secret, mask_shapes
from reversibility.platforms.secret_names import secret
from reversibility.platforms.wanted import wanted_configuration

_PATH = re.compile(r"/etc/hostapd/[\w.-]+\.conf")
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
_WRITTEN = {
    "wpa2-personal": ("WPA-PSK", "1"),
    "wpa3-personal": ("SAE", "2"),
    "owe": ("OWE", "2"),
    "wpa2-enterprise": ("WPA-EAP", "1"),
    "wpa3-enterprise": ("WPA-EAP-SHA256", "2"),
}
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


def quoted(ssid: str) -> str:
    """An SSID's line: in hexadecimal where hostapd would lose something, blanks at the end for example."""
    if re.fullmatch(r"[!-~](?:[ -~]*[!-~])?", ssid):
        return f"ssid={ssid}"
    return f"ssid2={ssid.encode().hex()}"


class Hostapd:
    """Driver of hostapd. The SSID of VLAN n is on the bridge ``brn``."""

    platform = "hostapd"

    def required_files(self, kind: str) -> tuple[str, ...]:
        """The configuration that the service reads."""
        return ("/etc/hostapd/hostapd.conf",)

    def collected(self, kind: str) -> tuple[str, ...]:
        """Every configuration of hostapd."""
        return ("/etc/hostapd/*.conf",)

    def redact(self, path: str, text: str) -> str | None:
        """The settings without secrets, comments left out since old keys stand in them; None for another grammar."""
        if (
            not _PATH.fullmatch(path)
            or text.count("\n") > MOST_LINES
            or re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", text)
        ):
            return None
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
        return Configuration(ssids=tuple(found[name] for name in sorted(found)))

    def render(self, wanted: Configuration) -> str:
        """The blocks of the wanted SSIDs, after the radio's own settings; keys are named, see secret_names.py.

        Raises ChangeRefused for what hostapd takes and does not do: it does not notice an enterprise SSID
        without a server.
        """
        reasons, lines = [], []
        for index, ssid in enumerate(ssid for ssid in wanted.ssids if ssid.enabled):
            if not 0 < len(ssid.name.encode()) <= 32:
                reasons.append(f"{ssid.name}: a name has 1 to 32 bytes")
            lines += [f"interface=wlan{index}" if index == 0 else f"bss=wlan0_{index}"]
            lines += [f"bridge=br{ssid.vlan}"] if ssid.vlan else []
            lines += [
                quoted(ssid.name),
                "utf8_ssid=1",
                f"ap_isolate={int(ssid.isolated)}",
                f"ignore_broadcast_ssid={int(ssid.hidden)}",
            ]
            if ssid.security in _WRITTEN:
                management, protected = _WRITTEN[ssid.security]
                lines += [
                    "wpa=2",
                    "rsn_pairwise=CCMP",
                    f"wpa_key_mgmt={management}",
                    f"ieee80211w={protected}",
                ]
            if ssid.security.endswith("personal"):
                lines.append(f"wpa_passphrase={secret(f'wifi/{ssid.name}')}")
            if ssid.security.endswith("enterprise"):
                if not wanted.radius:
                    reasons.append(f"{ssid.name}: no RADIUS server is declared (network_radius)")
                    continue
                server = wanted.radius[0]
                lines += ["ieee8021x=1", f"auth_server_addr={server}", "auth_server_port=1812"]
                lines.append(f"auth_server_shared_secret={secret(f'radius/{server}')}")
        if reasons:
            raise ChangeRefused(reasons)
        return "\n".join([*lines, ""])

    def problems(self, files: Files) -> list[str]:
        """What hostapd would not say itself: it has no option that only checks, and takes an empty server."""
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
            replace(s, hours="", bands=s.bands or bands.get(s.name, s.bands))
            for s in wanted_configuration(market, asset).ssids
        ]
        found = list(differences(Configuration(ssids=tuple(wanted)), seen))
        return f"{len(found)} différence(s){NBSP}: {'; '.join(found[:3])}" if found else None

    def restore(self, files: Files) -> tuple[str, ...]:
        """The paths of the files to put back, then what applies them."""
        return (*sorted(path for path in files if _PATH.fullmatch(path)), "systemctl restart hostapd")


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


def _masked(name: str, value: str) -> str:
    if (_SECRET.search(name) and name not in _PUBLIC) or len(value) > LONGEST_LINE:
        return MASK
    if name in ("ssid", "ssid2"):
        return value
    return MASK if looks_secret(value) else mask_shapes(value)


DRIVER = Hostapd()
