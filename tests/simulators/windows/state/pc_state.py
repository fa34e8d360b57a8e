"""Whole state of one PC: new, to JSON and back."""

from __future__ import annotations

import base64
import dataclasses
import types
import typing
from dataclasses import dataclass, field
from typing import Any

from .accounts import Accounts
from .files import Files
from .registry import Registry
from .system import (
    Adapter,
    Defender,
    Disk,
    FirewallProfile,
    FirewallRule,
    Printer,
    PrinterPort,
    Product,
    Service,
    Share,
    StoredCertificate,
    System,
    Task,
    Update,
    Volume,
)


@dataclass
class PCState:
    """What a model reads and changes. Installed software lives in the registry (both views): see software.py."""

    system: System
    accounts: Accounts
    registry: Registry = field(default_factory=Registry)
    files: Files = field(default_factory=Files)
    services: dict[str, Service] = field(default_factory=dict)  # by lower-case name
    security_policy: dict[str, Any] = field(
        default_factory=dict
    )  # [System Access] as `secedit /export` writes it
    user_rights: dict[str, list[str]] = field(default_factory=dict)  # right -> SIDs
    audit_policy: dict[str, int] = field(
        default_factory=dict
    )  # subcategory GUID -> 0 none, 1 success, 2 failure, 3 both
    firewall: dict[str, FirewallProfile] = field(default_factory=dict)
    firewall_rules: list[FirewallRule] = field(default_factory=list)
    updates: list[Update] = field(default_factory=list)
    volumes: list[Volume] = field(default_factory=list)
    defender: Defender = field(default_factory=Defender)
    antivirus: list[Product] = field(default_factory=list)
    certificates: list[StoredCertificate] = field(default_factory=list)
    features: dict[str, str] = field(
        default_factory=dict
    )  # optional feature -> Enabled, Disabled, EnablePending, DisablePending
    features_removed: list[str] = field(default_factory=list)
    printers: list[Printer] = field(default_factory=list)
    printer_ports: list[PrinterPort] = field(default_factory=list)
    printer_drivers: list[str] = field(default_factory=list)
    shares: list[Share] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    power_plans: dict[str, str] = field(default_factory=dict)  # GUID -> name
    active_power_plan: str = ""
    power_settings: dict[str, dict[str, int]] = field(default_factory=dict)  # setting GUID -> {ac, dc}
    adapters: list[Adapter] = field(default_factory=list)
    disks: list[Disk] = field(default_factory=list)
    chocolatey: dict[str, Any] = field(default_factory=dict)  # empty: not installed
    feeds: dict[str, Any] = field(
        default_factory=dict
    )  # Chocolatey source -> package -> name, version, key of its entry
    store_apps: list[dict[str, str]] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)  # machine variables
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)  # async results
    extra: dict[str, Any] = field(default_factory=dict)  # for models that need a part that is not here

    def to_json(self) -> dict[str, Any]:
        return typing.cast("dict[str, Any]", _encode(self))

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> PCState:
        return typing.cast(PCState, _decode(cls, data))


def _encode(value: Any) -> Any:
    if isinstance(value, Registry):
        return value.to_json()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: _encode(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {key: _encode(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_encode(item) for item in value]
    return value


def _decode(kind: Any, data: Any) -> Any:
    if kind is Registry:
        return Registry.from_json(data)
    if kind is bytes:
        return base64.b64decode(data)
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        known = {item.name for item in dataclasses.fields(kind)}
        return kind(**{name: _decode(hints[name], value) for name, value in data.items() if name in known})  # type: ignore[operator]
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return data
    if origin is list:
        return [_decode(arguments[0], item) for item in data]
    if origin is dict:
        return {key: _decode(arguments[1], item) for key, item in data.items()}
    return data
