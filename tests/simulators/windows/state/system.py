"""Parts of a PC's state that are plain records: system, services, firewall, updates, disks, printers and the like."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass, field


@dataclass
class System:
    """Computer and Windows installation. Names: the running one, and the one after the next restart."""

    name: str
    pending_name: str = ""
    language: str = "fr-FR"
    edition: str = "Professional"
    build: int = 26200
    ubr: int = 7171
    display_version: str = "25H2"
    installation_type: str = "Client"
    manufacturer: str = "LENOVO"
    model: str = "ThinkCentre M70q Gen 4"
    serial: str = ""
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()).upper())
    bios_version: str = "M4TKT3FA"
    bios_date: str = "2024-03-11"
    memory_mb: int = 16384
    processor: str = "13th Gen Intel(R) Core(TM) i5-13400T"
    cores: int = 10
    has_tpm: bool = True
    secure_boot: bool | None = True  # None: BIOS, not UEFI
    workgroup: str = "WORKGROUP"
    domain: str = ""
    timezone: str = "Romance Standard Time"
    on_battery: bool = False
    clock_offset: float = 0.0  # seconds ahead of the simulator's own clock
    boots: int = 1
    booted_at: float = 0.0  # seconds since 1970, by the PC's clock
    region: dict[str, str] = field(
        default_factory=lambda: {"location": "84", "format": "fr-FR", "unicode_language": "fr-FR"}
    )

    @property
    def is_server(self) -> bool:
        return self.installation_type != "Client"


@dataclass
class Service:
    """One service. start_mode: auto, delayed, manual, disabled; state: started, stopped, paused."""

    name: str
    display_name: str
    state: str = "stopped"
    start_mode: str = "manual"
    path: str = r"C:\Windows\system32\svchost.exe -k netsvcs -p"
    account: str = "LocalSystem"
    description: str = ""
    dependencies: list[str] = field(default_factory=list)
    protected: bool = False  # its own settings are refused, even to administrators


@dataclass
class FirewallRule:
    """One rule, as INetFwRule has it. profiles 0x7fffffff is all; protocol 256 is any."""

    name: str
    description: str = ""
    direction: str = "in"
    action: str = "allow"
    enabled: bool = True
    profiles: list[str] = field(default_factory=lambda: ["domain", "private", "public"])
    protocol: str = "any"
    local_ports: str = "any"
    remote_ports: str = "any"
    local_addresses: str = "any"
    remote_addresses: str = "any"
    program: str = ""
    service: str = ""
    group: str = ""
    interface_types: list[str] = field(default_factory=lambda: ["any"])
    edge: str = "no"
    secure: str = "notrequired"
    icmp: str = ""


@dataclass
class FirewallProfile:
    """One profile: domain, private or public."""

    enabled: bool = True
    inbound: str = "block"
    outbound: str = "allow"


@dataclass
class Update:
    """One update that Microsoft offers this PC, or has."""

    kb: str  # without "KB"
    title: str
    category: str = "0fa1201d-4330-4fa8-8ae9-b877473b6441"
    identifier: str = field(default_factory=lambda: str(uuid.uuid4()))
    installed: bool = False
    downloaded: bool = False
    needs_reboot: bool = False
    pending_reboot: bool = False
    hidden: bool = False
    optional: bool = False
    driver: bool = False
    superseded_by: str = ""  # KB; once that one is installed, this one is offered no more
    failures: int = 0  # installations that still fail
    failure_code: int = 0x80070643
    download_failures: int = 0
    offered_again: bool = False  # says installed, and is offered again after the restart
    installed_at: str = ""
    released: str = ""  # date; deferral policies count from it
    feature_build: int = 0  # a feature update: the build after the restart, and its version
    feature_version: str = ""


@dataclass
class Volume:
    """One BitLocker volume. conversion: FullyDecrypted, EncryptionInProgress, FullyEncrypted, DecryptionInProgress."""

    mount_point: str
    capacity_gb: float = 237.0
    is_system: bool = True
    conversion: str = "FullyDecrypted"
    percentage: int = 0
    method: str = "None"
    protection: str = "Off"
    suspended_boots: int = 0
    lock: str = "Unlocked"
    protectors: list[dict[str, str]] = field(
        default_factory=list
    )  # id, type (Tpm, RecoveryPassword), password

    def go_on(self, percent: int) -> None:
        """Encrypt or decrypt further; protection is on once everything is encrypted, unless it is suspended."""
        if self.conversion == "EncryptionInProgress":
            self.percentage = min(100, self.percentage + percent)
            if self.percentage == 100:
                self.conversion = "FullyEncrypted"
                self.protection = "On" if self.protectors and not self.suspended_boots else "Off"
        elif self.conversion == "DecryptionInProgress":
            self.percentage = max(0, self.percentage - percent)
            if self.percentage == 0:
                self.conversion, self.method, self.protection = "FullyDecrypted", "None", "Off"


@dataclass
class Defender:
    """What Get-MpComputerStatus and Get-MpPreference tell."""

    running: bool = True
    mode: str = "Normal"
    antivirus_enabled: bool = True
    real_time: bool = True
    tamper_protected: bool = False
    signature_version: str = "1.441.312.0"
    signature_age_days: int = 0
    engine_version: str = "1.1.25100.9002"
    product_version: str = "4.18.25100.9008"
    preferences: dict[str, object] = field(default_factory=dict)


@dataclass
class Product:
    """One product of SecurityCenter2 (absent on servers)."""

    name: str
    state: int = 0x61100
    identifier: str = field(default_factory=lambda: "{" + str(uuid.uuid4()).upper() + "}")


@dataclass
class StoredCertificate:
    """One certificate in a store."""

    thumbprint: str
    subject: str
    issuer: str = ""
    not_before: str = ""
    not_after: str = ""
    store: str = "My"
    location: str = "LocalMachine"
    pem: str = ""
    friendly_name: str = ""


@dataclass
class Printer:
    """One print queue."""

    name: str
    driver: str
    port: str
    shared: bool = False
    share_name: str = ""
    duplex: str = "OneSided"
    color: bool = True
    default: bool = False
    comment: str = ""
    location: str = ""


@dataclass
class PrinterPort:
    """One TCP/IP printer port."""

    name: str
    address: str
    number: int = 9100


@dataclass
class Share:
    """One SMB share; access: SID -> full, change, read or deny."""

    name: str
    path: str
    description: str = ""
    access: dict[str, str] = field(default_factory=dict)
    encrypt: bool = False
    caching: str = "manual"
    enumeration: str = "Unrestricted"


@dataclass
class Task:
    """One scheduled task, with the module's own words for actions and triggers."""

    name: str
    path: str = "\\"
    enabled: bool = True
    description: str = ""
    account: str = "S-1-5-18"
    logon_type: str = "service_account"
    run_level: str = "limited"
    password_set: bool = False
    actions: list[dict[str, object]] = field(default_factory=list)
    triggers: list[dict[str, object]] = field(default_factory=list)
    settings: dict[str, object] = field(default_factory=dict)
    registered: str = ""  # when it was made or changed last, by the PC's clock


@dataclass
class Adapter:
    """One network adapter. status: Up, Disconnected, Disabled, Not Present."""

    name: str
    description: str
    guid: str = field(default_factory=lambda: "{" + str(uuid.uuid4()).upper() + "}")
    mac: str = "8C-8C-AA-00-00-01"
    status: str = "Up"
    addresses: list[str] = field(default_factory=list)
    gateway: str = ""
    dns: list[str] = field(default_factory=list)
    dhcp: bool = True
    netbios: int = 0  # TcpipNetbiosOptions: 0 from DHCP, 1 on, 2 off
    wake_on_magic_packet: bool = False
    category: str = "Private"


@dataclass
class Disk:
    """One physical disk. health: 0 healthy, 1 warning, 2 unhealthy; media 3 HDD, 4 SSD; bus 17 NVMe, 11 SATA."""

    model: str = "SAMSUNG MZVL2256HCHQ-00BL7"
    serial: str = "S64CNX0R000001"
    size: int = 256_060_514_304
    health: int = 0
    media: int = 4
    bus: int = 17
    wear: int | None = 3


def iso(moment: float) -> str:
    """ISO 8601 in UTC of seconds since 1970."""
    return datetime.datetime.fromtimestamp(moment, datetime.UTC).isoformat(timespec="seconds")
