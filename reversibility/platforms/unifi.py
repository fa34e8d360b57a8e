"""UniFi access points: answers of the controller's official API (Network 10 and later) and of its classic one.

Of the official API each SSID and each network is kept whole, by its identifier. A party that only has the classic one
gives the lists ``rest/wlanconf`` and ``rest/networkconf``, which are only read. SSIDs and networks are those of the
controller's site, the same for all its access points.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from reversibility.platforms import unifi_classic, unifi_plan
from reversibility.platforms.api_calls import Call
from reversibility.platforms.api_files import DEVICE, ApiDriver, content
from reversibility.platforms.device_identity import Identity, colons
from reversibility.platforms.driver import Files, UnknownGrammar
from reversibility.platforms.model import Configuration
from reversibility.platforms.unifi_site import Site

WLANS, NETWORKS = "/wlanconf.json", "/networkconf.json"
PROFILES, TAGS = "/radius-profiles.json", "/device-tags.json"


class Unifi(ApiDriver):
    """Driver of UniFi. There is no way back; a RADIUS server's profile is made by a person, the API only lists them."""

    platform = "unifi"
    paths = (DEVICE, NETWORKS, WLANS, PROFILES, TAGS)
    required = (WLANS, NETWORKS)
    manufacturer = "Ubiquiti"

    def identified(self, files: Files) -> Identity:
        """The device's identity in the controller."""
        device = content(files, DEVICE, dict)
        mac = colons(str(device.get("macAddress") or ""))
        return Identity(
            serial=mac.replace(":", "").upper(),
            model=str(device.get("model") or ""),
            firmware=str(device.get("firmwareVersion") or ""),
            mac=mac,
        )

    def parse(self, files: Files) -> Configuration:
        """Name, and the SSIDs that this device sends."""
        if _is_classic(files):
            ssids = unifi_classic.ssids(content(files, WLANS, list), content(files, NETWORKS, list))
        else:
            ssids = (ssid for ssid in _site(files).ssids() if ssid.enabled)
        return Configuration(
            hostname=str(content(files, DEVICE, dict).get("name") or ""),
            ssids=tuple(sorted(ssids, key=lambda ssid: ssid.name)),
        )

    def comparable(self, wanted: Configuration) -> Configuration:
        """The SSIDs; those of every band have both. Hours are compared where the answers are the official API's."""
        every = frozenset({"2.4", "5"})
        return Configuration(ssids=tuple(replace(ssid, bands=ssid.bands or every) for ssid in wanted.ssids))

    def compared(self, wanted: Configuration, files: Files) -> Configuration:
        """The wanted configuration as far as these files express it: classic answers lack hours and portals."""
        goal = self.comparable(wanted)
        if not _is_classic(files):
            return goal
        return Configuration(ssids=tuple(replace(ssid, hours="", portal=False) for ssid in goal.ssids))

    def render(self, wanted: Configuration) -> str:
        """A body for each SSID, with the VLAN in place of the identifier that the network has at a site."""
        bodies = [unifi_plan.body(ssid, {}, unifi_plan.Ids()) for ssid in self.comparable(wanted).ssids]
        return json.dumps(bodies, ensure_ascii=False, indent=2, sort_keys=True) + "\n"

    def reads(self, kind: str) -> Mapping[str, str]:
        """Lists of the site, in which SSIDs and networks are short."""
        return {
            WLANS: "site:/wifi/broadcasts",
            NETWORKS: "site:/networks",
            PROFILES: "site:/radius/profiles",
            TAGS: "site:/device-tags",
        }

    def reads_again(self, files: Files) -> Mapping[str, Mapping[str, str]]:
        """Each SSID and each network, whole."""
        return {
            path: {str(each["id"]): f"{where}/{each['id']}" for each in content(files, path, list)}
            for path, where in ((WLANS, "site:/wifi/broadcasts"), (NETWORKS, "site:/networks"))
        }

    def calls(self, wanted: Configuration, files: Files, kind: str, secrets: Mapping[str, str]) -> list[Call]:
        """Missing networks, SSIDs that differ, then SSIDs to turn off. Raises ChangeRefused."""
        goal = replace(wanted, ssids=self.comparable(wanted).ssids)
        return list(unifi_plan.calls(goal, _site(files), secrets))

    def restoring_calls(self, kept: Files, files: Files, kind: str) -> list[Call]:
        """Networks and SSIDs as they were, with the identifiers that they have now. Raises ChangeRefused."""
        return list(unifi_plan.restoring_calls(_site(kept), _site(files)))


def _is_classic(files: Files) -> bool:
    try:
        return isinstance(json.loads(files.get(WLANS) or b"null"), list)
    except ValueError as error:
        raise UnknownGrammar(f"{WLANS}: {error}") from error


def _site(files: Files) -> Site:
    if _is_classic(files):
        raise UnknownGrammar(f"{WLANS} is an answer of the classic API, which is only read")
    return Site(
        device=content(files, DEVICE, dict),
        networks=dict(_by_id(files, NETWORKS)),
        broadcasts=dict(_by_id(files, WLANS)),
        profiles={str(p.get("name")): str(p.get("id")) for p in content(files, PROFILES, list)},
        tags={str(t.get("id")): frozenset(t.get("deviceIds") or ()) for t in content(files, TAGS, list)},
    )


def _by_id(files: Files, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, value in content(files, path, dict).items():
        if not isinstance(value, dict):
            raise UnknownGrammar(f"{path}: {key} is no object")
        yield str(key), value


DRIVER = Unifi()
