"""Simulated UniFi controller with the official API of Network 10: key, pages, limits, and bodies checked by its schema.

Paths, fields and variants are those of the vendor's documents for 10.1; the refusals of unknown fields and of too many
SSIDs were seen by others on real controllers, the remaining words are ours.
"""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs

from tests.simulators.network import unifi_schema

BELOW = "/proxy/network/integration/v1"
LIMIT = 8
"""SSIDs that the access points take, those that are off among them."""


class Controller:
    """One controller: sites by identifier, each with devices, networks, SSIDs, RADIUS profiles and tags."""

    refused = {"statusCode": 429, "code": "api.request.rate-limited", "message": "Too many requests"}

    def __init__(self, key: str, release: str = "10.1.84") -> None:
        self.key, self.release, self.reading_key = key, release, ""
        self.sites: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []
        self.limited: list[str | None] = []
        self.page = 200
        self.fail_after: int | None = None
        """Changes after which every further one is refused."""

    def add_site(self, name: str) -> str:
        """A site with its default network."""
        key = str(uuid.uuid4())
        default = {"name": "Default", "vlanId": 1, "enabled": True, "management": "GATEWAY"}
        self.sites[key] = {
            "name": name, "devices": [], "profiles": [], "tags": [],
            "networks": {str(uuid.uuid4()): default | {"default": True, "metadata": {"origin": "SYSTEM_DEFINED"}}},
            "broadcasts": {},
        }  # fmt: skip
        return key

    def adopt(self, site: str, name: str, mac: str) -> str:
        """An access point."""
        key = str(uuid.uuid4())
        self.sites[site]["devices"].append(
            {"id": key, "macAddress": mac, "ipAddress": "192.0.2.40", "name": name, "model": "U6 Pro",
             "state": "ONLINE", "supported": True, "firmwareVersion": "6.7.10", "firmwareUpdatable": False,
             "features": ["accessPoint"], "interfaces": ["radios"]}
        )  # fmt: skip
        return key

    def add_profile(self, site: str, name: str) -> str:
        """A RADIUS profile, which a person makes in the controller."""
        key = str(uuid.uuid4())
        self.sites[site]["profiles"].append({"id": key, "name": name, "metadata": {"origin": "USER_DEFINED"}})
        return key

    def named(self, site: str) -> dict[str, dict[str, Any]]:
        """The SSIDs of a site by name."""
        return {each["name"]: each for each in self.sites[site]["broadcasts"].values()}

    def vlan(self, site: str, name: str) -> int:
        """The VLAN in which an SSID is."""
        reference = self.named(site)[name]["network"]
        networks = self.sites[site]["networks"]
        if reference["type"] == "NATIVE":
            return next(n["vlanId"] for n in networks.values() if n["default"])
        return networks[reference["networkId"]]["vlanId"]

    def answered(
        self, method: str, path: str, query: str, headers: Any, body: Any
    ) -> tuple[int, Any, dict[str, str]]:
        """Status, answer and headers; of a list one page."""
        key = headers.get("X-API-KEY")
        if key is None or key not in (self.key, self.reading_key or None):
            code = "missing-credentials" if key is None else "invalid-credentials"
            return *_refusal(401, f"api.authentication.{code}", "Missing or invalid credentials"), {}
        if method != "GET" and key != self.key:
            return *_refusal(403, "api.authorization.denied", "Insufficient permissions"), {}
        words = path.removeprefix(BELOW).strip("/").split("/")
        status, answer = self._answer(method, words, body)
        if status == 200 and isinstance(answer, list):
            return 200, self._page(answer, parse_qs(query)), {}
        return status, answer, {}

    def _page(self, every: list[Any], query: Mapping[str, list[str]]) -> dict[str, Any]:
        offset = int(query.get("offset", ["0"])[0])
        limit = min(int(query.get("limit", ["25"])[0]), 200, self.page)
        data = every[offset : offset + limit]
        return {
            "offset": offset, "limit": limit, "count": len(data), "totalCount": len(every), "data": data
        }  # fmt: skip

    def _answer(self, method: str, words: list[str], body: Any) -> tuple[int, Any]:
        match words:
            case ["info"]:
                return 200, {"applicationVersion": self.release}
            case ["sites"]:
                return 200, [{"id": key, "name": site["name"]} for key, site in self.sites.items()]
            case ["sites", key, *rest] if key in self.sites:
                return self._site(self.sites[key], method, rest, body)
        return _refusal(404, "api.resource.not-found", "Not found")

    def _site(self, site: dict[str, Any], method: str, words: list[str], body: Any) -> tuple[int, Any]:
        lists = {"devices": "devices", "radius/profiles": "profiles", "device-tags": "tags"}
        name = "/".join(words)
        if method == "GET" and name in lists:
            return 200, copy.deepcopy(site[lists[name]])
        match words:
            case ["networks", *rest]:
                return self._objects(site, site["networks"], method, rest, body, _network_errors)
            case ["wifi", "broadcasts", *rest]:
                return self._objects(site, site["broadcasts"], method, rest, body, _broadcast_errors)
        return _refusal(404, "api.resource.not-found", "Not found")

    def _objects(
        self,
        site: dict[str, Any],
        objects: dict[str, Any],
        method: str,
        rest: list[str],
        body: Any,
        check: Any,
    ) -> tuple[int, Any]:
        if rest and rest[0] not in objects:
            return _refusal(404, "api.resource.not-found", "Not found")
        if method == "GET":
            if rest:
                return 200, {"id": rest[0], **copy.deepcopy(objects[rest[0]])}
            return 200, [{"id": key, **_overview(one)} for key, one in objects.items()]
        if method not in (("PUT",) if rest else ("POST",)):
            return _refusal(405, "api.request.method-not-allowed", "Method not allowed")
        if self.fail_after is not None:
            if not self.fail_after:
                return _refusal(500, "api.unexpected-error", "Unexpected error")
            self.fail_after -= 1
        key = rest[0] if rest else str(uuid.uuid4())
        error = next(check(site, body, key, self.release), None)
        if error is not None:
            return _refusal(400, *error)
        before = objects.get(key, {"metadata": {"origin": "USER_DEFINED"}})
        kept = {name: before[name] for name in ("metadata", "default") if name in before}
        if check is _network_errors:
            kept.setdefault("default", False)
        objects[key] = json.loads(json.dumps(body)) | kept
        return (200 if rest else 201), {"id": key, **objects[key]}


def _overview(whole: Mapping[str, Any]) -> dict[str, Any]:
    """An object as a list shows it: without addresses, and without keys."""
    short = {
        name: whole[name]
        for name in ("name", "enabled", "management", "vlanId", "default", "type", "network", "metadata")
        if name in whole
    }
    if "securityConfiguration" in whole:
        short["securityConfiguration"] = {"type": whole["securityConfiguration"]["type"]}
    return short


def _refusal(status: int, code: str, message: str) -> tuple[int, dict[str, Any]]:
    return status, {"statusCode": status, "statusName": "REFUSED", "code": code, "message": message}


def _network_errors(site: dict[str, Any], body: Any, key: str, release: str) -> Iterator[tuple[str, str]]:
    kind = body.get("management")
    if kind not in unifi_schema.NETWORKS:
        yield "api.request.unknown-type-id", f"Invalid $.management value '{kind}'"
        return
    yield from unifi_schema.errors(body, unifi_schema.NETWORKS[kind], "$")
    default = site["networks"].get(key, {}).get("default", False)
    if (body["vlanId"] == 1) is not default or not 1 <= body["vlanId"] <= 4009:
        yield "api.request.invalid", "$.vlanId must be 1 for the default network, and 2 to 4009 for others"
    if any(n["vlanId"] == body["vlanId"] for k, n in site["networks"].items() if k != key):
        yield "api.request.conflict", "VLAN ID is already in use"


def _broadcast_errors(site: dict[str, Any], body: Any, key: str, release: str) -> Iterator[tuple[str, str]]:
    later = tuple(map(int, release.split("."))) >= (10, 2)
    yield from unifi_schema.errors(body, unifi_schema.broadcast(later), "$")
    security = body["securityConfiguration"]
    kind = security.get("type")
    if kind not in unifi_schema.SECURITY:
        yield "api.request.unknown-type-id", f"Invalid $.securityConfiguration.type value '{kind}'"
        return
    yield from unifi_schema.errors(security, unifi_schema.SECURITY[kind], "$.securityConfiguration")
    yield from _rules(site, body, security, key)


def _rules(site: dict[str, Any], body: Any, security: Any, key: str) -> Iterator[tuple[str, str]]:
    """What no schema says."""
    if not 1 <= len(body["name"].encode()) <= 32:
        yield "api.request.invalid", "$.name must be 1 to 32 bytes"
    if "passphrase" in security and not 8 <= len(security["passphrase"]) <= 63:
        yield "api.request.invalid", "$.securityConfiguration.passphrase must be 8 to 63 characters"
    if body["bssTransitionEnabled"] and security["type"] != "OPEN" and "fastRoamingEnabled" not in security:
        yield "api.request.missing-property", "fastRoamingEnabled is required with bssTransitionEnabled"
    bands = body["broadcastingFrequenciesGHz"]
    if not bands or set(bands) - {2.4, 5, 6} or len(set(bands)) != len(bands):
        yield "api.request.invalid", "$.broadcastingFrequenciesGHz"
    if "bandSteeringEnabled" in body and len(bands) < 2:
        yield "api.request.invalid", "band steering setting requires broadcasting on multiple bands"
    reference = body.get("network") or {"type": "NATIVE"}
    if reference["type"] == "SPECIFIC" and reference.get("networkId") not in site["networks"]:
        yield "api.request.invalid", "$.network.networkId: no such network"
    radius = security.get("radiusConfiguration")
    if radius and radius["profileId"] not in {profile["id"] for profile in site["profiles"]}:
        yield "api.request.invalid", "$.securityConfiguration.radiusConfiguration.profileId: no such profile"
    for day in (body.get("blackoutScheduleConfiguration") or {}).get("days", ()):
        yield from unifi_schema.day_errors(day)
    if key not in site["broadcasts"] and len(site["broadcasts"]) >= LIMIT:
        yield "api.wifi.limit", "too many WiFi broadcasts assigned to the device"
