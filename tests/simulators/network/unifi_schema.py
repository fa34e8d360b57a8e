"""Schema of request bodies of UniFi's official API: unknown and missing keys are refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

Spec = Mapping[str, tuple[Any, bool]]
"""By key: what the value is (a type, allowed values, or the keys of an object), and whether it is required."""
NUMBER = (int, float)
PMF = ("REQUIRED", "OPTIONAL")
NAS: Spec = {
    "type": (("DERIVED", "USER_DEFINED"), True),
    "source": (("DEVICE_MAC_ADDRESS", "DEVICE_NAME", "SITE_NAME", "BSSID"), False),
    "value": (str, False),
}
MAC_AUTHENTICATION: Spec = {"macAddressFormat": (str, True)}
ENTERPRISE: Spec = {
    "profileId": (str, True),
    "nasId": (NAS, True),
    "macAuthenticationConfiguration": (MAC_AUTHENTICATION, False),
}
BY_MAC: Spec = {**ENTERPRISE, "macAuthenticationConfiguration": (MAC_AUTHENTICATION, True)}
HOTSPOT: Spec = {"type": (("CAPTIVE_PORTAL", "PASSPOINT"), True)}
SAE: Spec = {"anticloggingThresholdSeconds": (int, True), "syncTimeSeconds": (int, True)}
_COMMON: Spec = {
    "type": (str, True),
    "fastRoamingEnabled": (bool, False),
    "groupRekeyIntervalSeconds": (int, False),
}
_PERSONAL: Spec = {**_COMMON, "radiusConfiguration": (BY_MAC, False)}
_ENTERPRISE: Spec = {**_COMMON, "radiusConfiguration": (ENTERPRISE, True), "coaEnabled": (bool, True)}
SECURITY: Mapping[str, Spec] = {
    "OPEN": {
        "type": (str, True),
        "radiusConfiguration": (BY_MAC, False),
        "encryption": (("ENHANCED_OPEN", "ENHANCED_OPEN_WITH_TRANSITION"), False),
    },
    "WPA2_PERSONAL": {
        **_PERSONAL, "passphrase": (str, False), "presharedKeys": (list, False), "pmfMode": (PMF, False)
    },
    "WPA3_PERSONAL": {**_PERSONAL, "passphrase": (str, True), "saeConfiguration": (SAE, True)},
    "WPA2_WPA3_PERSONAL": {
        **_PERSONAL, "passphrase": (str, True), "pmfMode": (PMF, True), "saeConfiguration": (SAE, True),
        "wpa3FastRoamingEnabled": (bool, True),
    },
    "WPA2_ENTERPRISE": {**_ENTERPRISE, "pmfMode": (PMF, False)},
    "WPA3_ENTERPRISE": {**_ENTERPRISE, "securityMode": (("DEFAULT", "HIGH_SECURITY_192_BIT"), True)},
    "WPA2_WPA3_ENTERPRISE": {**_ENTERPRISE, "pmfMode": (PMF, True), "wpa3FastRoamingEnabled": (bool, True)},
}  # fmt: skip
NETWORKS: Mapping[str, Spec] = {
    "UNMANAGED": {
        "management": (str, True), "name": (str, True), "enabled": (bool, True), "vlanId": (int, True),
        "dhcpGuarding": (dict, False),
    },
    "GATEWAY": {
        "management": (str, True), "name": (str, True), "enabled": (bool, True), "vlanId": (int, True),
        "isolationEnabled": (bool, True), "internetAccessEnabled": (bool, True), "cellularBackupEnabled": (bool, True),
        "mdnsForwardingEnabled": (bool, True), "ipv4Configuration": (dict, True), "ipv6Configuration": (dict, False),
        "dhcpGuarding": (dict, False), "zoneId": (str, False),
    },
}  # fmt: skip
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


def broadcast(later: bool) -> Spec:
    """An SSID of the type STANDARD; ``later``: of a release after 10.1."""
    flags = ("enabled", "hideName", "clientIsolationEnabled", "multicastToUnicastConversionEnabled", "uapsdEnabled",
             "arpProxyEnabled", "bssTransitionEnabled", "advertiseDeviceName",
             *(("channel2gLockedTo6", "dtimPeriod2gLockedTo3") if later else ()))  # fmt: skip
    optional = {
        "broadcastingDeviceFilter": dict, "mdnsProxyConfiguration": dict, "multicastFilteringPolicy": dict,
        "basicDataRateKbpsByFrequencyGHz": dict, "clientFilteringPolicy": dict, "hotspotConfiguration": HOTSPOT,
        "dtimPeriodByFrequencyGHzOverride": dict, "mloEnabled": bool, "bandSteeringEnabled": bool,
        "blackoutScheduleConfiguration": {"days": (list, True)},
        "network": {"type": (("NATIVE", "SPECIFIC"), True), "networkId": (str, False)},
    }  # fmt: skip
    return {
        "type": (("STANDARD",), True),
        "name": (str, True),
        "securityConfiguration": (dict, True),
        "broadcastingFrequenciesGHz": (list, True),
        **dict.fromkeys(flags, (bool, True)),
        **{name: (kind, False) for name, kind in optional.items()},
    }


def errors(body: Any, spec: Spec, path: str) -> Iterator[tuple[str, str]]:
    """Code and text of each thing that is wrong."""
    if not isinstance(body, dict):
        yield "api.request.invalid", f"{path} must be an object"
        return
    for key, value in body.items():
        if key not in spec:
            yield "api.request.unknown-property", f"Unknown request body property '{path}.{key}'"
            continue
        kind = spec[key][0]
        if isinstance(kind, Mapping):
            yield from errors(value, kind, f"{path}.{key}")
        elif isinstance(kind, tuple) and isinstance(kind[0], str):
            if value not in kind:
                yield "api.request.unknown-type-id", f"Invalid {path}.{key} value '{value}'"
        elif not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            yield "api.request.invalid", f"{path}.{key} has the wrong type"
    for key, (_, required) in spec.items():
        if required and key not in body:
            yield "api.request.missing-property", f"'{path}.{key}' is required"


def day_errors(day: Any) -> Iterator[tuple[str, str]]:
    """What is wrong with a day of a schedule."""
    spec: Spec = {"day": (_DAYS, True), "type": (("ALL_DAY",), True)}
    if isinstance(day, dict) and day.get("type") == "TIME_RANGE":
        spec = {"day": (_DAYS, True), "type": (("TIME_RANGE",), True), "timeRanges": (list, True)}
    found = list(errors(day, spec, "$.blackoutScheduleConfiguration.days"))
    yield from found
    if found:
        return
    ranges = day.get("timeRanges", [{"startTime": "00:00", "endTime": "23:59"}])
    for one in ranges:
        times = one.get("startTime", ""), one.get("endTime", "")
        clock = all(re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", time) for time in times)
        if set(one) != {"startTime", "endTime"} or not clock or times[0] >= times[1]:
            yield "api.request.invalid", "invalid time range"
    if not ranges:
        yield "api.request.invalid", "timeRanges must not be empty"
