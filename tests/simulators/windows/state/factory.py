"""A PC as Windows Setup leaves it."""

from __future__ import annotations

import zlib

from .accounts import ADMINISTRATORS, USERS, Accounts
from .names import EDITIONS, POWER_PLANS, localized
from .pc_state import PCState
from .system import Adapter, Disk, FirewallProfile, FirewallRule, Product, Service, System, Volume

CURRENT_VERSION = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
POLICIES_SYSTEM = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System"
# name, display name (en, fr), state, start mode
SERVICES = (
    ("WinRM", ("Windows Remote Management (WS-Management)", "Gestion à distance de Windows (Gestion WSM)"), "started", "auto"),
    ("wuauserv", ("Windows Update", "Windows Update"), "stopped", "manual"),
    ("BITS", ("Background Intelligent Transfer Service", "Service de transfert intelligent en arrière-plan"), "stopped", "delayed"),
    ("Spooler", ("Print Spooler", "Spouleur d’impression"), "started", "auto"),
    ("RemoteRegistry", ("Remote Registry", "Registre à distance"), "stopped", "disabled"),
    ("LanmanServer", ("Server", "Serveur"), "started", "auto"),
    ("LanmanWorkstation", ("Workstation", "Station de travail"), "started", "auto"),
    ("Dnscache", ("DNS Client", "Client DNS"), "started", "auto"),
    ("EventLog", ("Windows Event Log", "Journal d’événements Windows"), "started", "auto"),
    ("Schedule", ("Task Scheduler", "Planificateur de tâches"), "started", "auto"),
    ("mpssvc", ("Windows Defender Firewall", "Pare-feu Windows Defender"), "started", "auto"),
    ("W32Time", ("Windows Time", "Temps Windows"), "stopped", "manual"),
    ("Spooler", ("Print Spooler", "Spouleur d’impression"), "started", "auto"),
    ("SSDPSRV", ("SSDP Discovery", "Découverte SSDP"), "started", "manual"),
    ("upnphost", ("UPnP Device Host", "Hôte de périphérique UPnP"), "stopped", "manual"),
    ("fdPHost", ("Function Discovery Provider Host", "Hôte du fournisseur de découverte de fonctions"), "stopped", "manual"),
    ("FDResPub", ("Function Discovery Resource Publication", "Publication des ressources de découverte de fonctions"), "stopped", "manual"),
    ("XblAuthManager", ("Xbox Live Auth Manager", "Gestionnaire d'authentification Xbox Live"), "stopped", "manual"),
    ("XblGameSave", ("Xbox Live Game Save", "Jeu sauvegardé sur Xbox Live"), "stopped", "manual"),
    ("XboxNetApiSvc", ("Xbox Live Networking Service", "Service de mise en réseau Xbox Live"), "stopped", "manual"),
    ("DiagTrack", ("Connected User Experiences and Telemetry", "Expériences des utilisateurs connectés et télémétrie"), "started", "auto"),
    ("lfsvc", ("Geolocation Service", "Service de géolocalisation"), "stopped", "manual"),
    ("MapsBroker", ("Downloaded Maps Manager", "Gestionnaire des cartes téléchargées"), "stopped", "delayed"),
    ("RetailDemo", ("Retail Demo Service", "Service de démo du magasin"), "stopped", "manual"),
    ("WMPNetworkSvc", ("Windows Media Player Network Sharing Service", "Service Partage réseau du Lecteur Windows Media"), "stopped", "manual"),
    ("icssvc", ("Windows Mobile Hotspot Service", "Service Point d'accès sans fil mobile Windows"), "stopped", "manual"),
    ("PhoneSvc", ("Phone Service", "Service téléphonique"), "stopped", "manual"),
    ("Fax", ("Fax", "Télécopie"), "stopped", "manual"),
    ("TermService", ("Remote Desktop Services", "Services Bureau à distance"), "stopped", "manual"),
)  # fmt: skip
PROTECTED = (
    (
        "WinDefend",
        ("Microsoft Defender Antivirus Service", "Service antivirus Microsoft Defender"),
        "started",
        "auto",
    ),
    ("SecurityHealthService", ("Windows Security Service", "Service Sécurité Windows"), "started", "manual"),
)
FEATURES = (
    "SMB1Protocol",
    "SMB1Protocol-Client",
    "SMB1Protocol-Server",
    "TelnetClient",
    "WorkFolders-Client",
    "Printing-PrintToPDFServices-Features",
)
SECURITY_POLICY = {
    "MinimumPasswordAge": 0, "MaximumPasswordAge": 42, "MinimumPasswordLength": 0, "PasswordComplexity": 0,
    "PasswordHistorySize": 0, "LockoutBadCount": 10, "ResetLockoutCount": 10, "LockoutDuration": 10,
    "AllowAdministratorLockout": 1, "RequireLogonToChangePassword": 0, "ForceLogoffWhenHourExpire": 0,
    "ClearTextPassword": 0, "LSAAnonymousNameLookup": 0, "EnableAdminAccount": 0, "EnableGuestAccount": 0,
}  # fmt: skip
# Subcategories of the audit policy, by GUID, with the state of a fresh Windows 11 [K].
AUDIT = {
    "0cce9210-69ae-11d9-bed3-505054503030": 1,  # Security State Change
    "0cce9212-69ae-11d9-bed3-505054503030": 3,  # System Integrity
    "0cce9215-69ae-11d9-bed3-505054503030": 3,  # Logon
    "0cce9216-69ae-11d9-bed3-505054503030": 1,  # Logoff
    "0cce9217-69ae-11d9-bed3-505054503030": 1,  # Account Lockout
    "0cce921b-69ae-11d9-bed3-505054503030": 1,  # Special Logon
    "0cce9213-69ae-11d9-bed3-505054503030": 0,  # IPsec Driver
    "0cce9211-69ae-11d9-bed3-505054503030": 0,  # Security System Extension
    "0cce921c-69ae-11d9-bed3-505054503030": 0,  # Other Logon/Logoff Events
    "0cce9228-69ae-11d9-bed3-505054503030": 0,  # Sensitive Privilege Use
    "0cce922b-69ae-11d9-bed3-505054503030": 0,  # Process Creation
    "0cce9245-69ae-11d9-bed3-505054503030": 0,  # Removable Storage
    "0cce9248-69ae-11d9-bed3-505054503030": 0,  # Plug and Play Events
    "0cce9227-69ae-11d9-bed3-505054503030": 0,  # Other Object Access Events
    "0cce9224-69ae-11d9-bed3-505054503030": 0,  # File Share
    "0cce9244-69ae-11d9-bed3-505054503030": 0,  # Detailed File Share
    "0cce922f-69ae-11d9-bed3-505054503030": 1,  # Audit Policy Change
    "0cce9230-69ae-11d9-bed3-505054503030": 1,  # Authentication Policy Change
    "0cce9231-69ae-11d9-bed3-505054503030": 0,  # Authorization Policy Change
    "0cce9232-69ae-11d9-bed3-505054503030": 0,  # MPSSVC Rule-Level Policy Change
    "0cce9234-69ae-11d9-bed3-505054503030": 0,  # Other Policy Change Events
    "0cce9235-69ae-11d9-bed3-505054503030": 1,  # User Account Management
    "0cce9236-69ae-11d9-bed3-505054503030": 0,  # Computer Account Management
    "0cce9237-69ae-11d9-bed3-505054503030": 1,  # Security Group Management
    "0cce923f-69ae-11d9-bed3-505054503030": 0,  # Credential Validation
    "0cce9249-69ae-11d9-bed3-505054503030": 0,  # Group Membership
}


def new_pc(
    name: str,
    *,
    language: str = "fr-FR",
    user: str = "ansible",
    password: str,
    edition: str = "Professional",
    build: int = 26200,
    display_version: str = "25H2",
    serial: str = "",
    manufacturer: str = "LENOVO",
    model: str = "ThinkCentre M70q Gen 4",
) -> PCState:
    """A workgroup PC with one more administrator, whose token is not filtered over the network."""
    server = edition.startswith("Server")
    system = System(
        name=name, language=language, edition=edition, build=build, display_version=display_version,
        installation_type="Server" if server else "Client", manufacturer=manufacturer, model=model,
        serial=serial or f"SIM{zlib.crc32(name.encode()):010d}",
    )  # fmt: skip
    state = PCState(system, Accounts.new(language))
    state.accounts.add_user(user, password, groups=[ADMINISTRATORS, USERS])
    row = 1 if language == "fr-FR" else 0
    for short, labels, status, mode in SERVICES + PROTECTED:
        state.services[short.lower()] = Service(
            short, labels[row], status, mode, protected=(short, labels, status, mode) in PROTECTED
        )
    state.security_policy = dict(SECURITY_POLICY) | {
        "NewAdministratorName": f'"{state.accounts.users[0].name}"',
        "NewGuestName": f'"{state.accounts.users[1].name}"',
    }
    state.user_rights = {
        "SeNetworkLogonRight": ["S-1-1-0", ADMINISTRATORS, USERS, "S-1-5-32-551"],
        "SeInteractiveLogonRight": [state.accounts.users[1].sid, ADMINISTRATORS, USERS, "S-1-5-32-551"],
        "SeRemoteInteractiveLogonRight": [ADMINISTRATORS, "S-1-5-32-555"],
        "SeDenyNetworkLogonRight": [state.accounts.users[1].sid],
        "SeDenyInteractiveLogonRight": [state.accounts.users[1].sid],
        "SeBatchLogonRight": [ADMINISTRATORS, "S-1-5-32-551", "S-1-5-32-559"],
        "SeShutdownPrivilege": [ADMINISTRATORS, USERS, "S-1-5-32-551"],
    }
    state.audit_policy = dict(AUDIT)
    state.firewall = {profile: FirewallProfile() for profile in ("domain", "private", "public")}
    state.firewall_rules = [
        # The built-in rule's name is localized; its group is an indirect string.
        FirewallRule(
            ("Windows Remote Management (HTTP-In)", "Gestion à distance de Windows (HTTP-Entrée)")[row],
            profiles=["domain", "private"], protocol="tcp", local_ports="5985", group="@FirewallAPI.dll,-30267",
        ),
        FirewallRule("WinRM HTTPS", protocol="tcp", local_ports="5986"),
    ]  # fmt: skip
    state.volumes = [Volume("C:")]
    state.disks = [Disk()]
    state.adapters = [
        Adapter(
            "Ethernet",
            "Intel(R) Ethernet Connection (17) I219-V",
            addresses=["192.0.2.10/24"],
            gateway="192.0.2.1",
            dns=["192.0.2.1"],
        )
    ]
    if not server:
        state.antivirus = [Product(("Microsoft Defender Antivirus", "Antivirus Microsoft Defender")[row])]
    state.features = dict.fromkeys(FEATURES, "Disabled") | {"Printing-PrintToPDFServices-Features": "Enabled"}
    if build < 26100:  # gone since 24H2 and Server 2025
        state.features |= {
            "MicrosoftWindowsPowerShellV2Root": "Enabled",
            "MicrosoftWindowsPowerShellV2": "Enabled",
        }
    state.power_plans = {guid: localized(names, language) for guid, names in POWER_PLANS.items()}
    state.active_power_plan = "381b4222-f694-41f0-9685-ff5bb260df2e"
    state.power_settings = {
        "29f6c1db-86da-48c5-9fdb-f2b67b1f44da": {"ac": 1800, "dc": 900},
        "9d7815a6-7ee4-497e-8888-515a05f02364": {"ac": 0, "dc": 0},
        "3c0bc021-c8a8-4e07-a973-6b14cbcb2b7e": {"ac": 600, "dc": 300},
    }
    _registry(state)
    _folders(state, user)
    return state


def _registry(state: PCState) -> None:
    system, registry = state.system, state.registry
    product = (
        "Windows Server 2022 Standard"
        if system.is_server
        else f"Windows 10 {localized(EDITIONS[system.edition], 'en-US')}"
    )
    values: dict[str, str | int] = {
        "ProductName": product,  # Windows 11 calls itself Windows 10 here
        "EditionID": system.edition,
        "CurrentBuild": str(system.build),
        "CurrentBuildNumber": str(system.build),
        "DisplayVersion": system.display_version,
        "InstallationType": system.installation_type,
        "UBR": system.ubr,
        "RegisteredOwner": "",
        "SystemRoot": r"C:\Windows",
    }
    for name, data in values.items():
        registry.set(CURRENT_VERSION, name, data)
    registry.set(POLICIES_SYSTEM, "EnableLUA", 1)
    registry.set(POLICIES_SYSTEM, "LocalAccountTokenFilterPolicy", 1)
    control = r"HKLM\SYSTEM\CurrentControlSet\Control"
    registry.set(rf"{control}\ComputerName\ComputerName", "ComputerName", system.name)
    registry.set(rf"{control}\ComputerName\ActiveComputerName", "ComputerName", system.name)
    registry.set(rf"{control}\TimeZoneInformation", "TimeZoneKeyName", system.timezone)
    if system.secure_boot is not None:
        registry.set(rf"{control}\SecureBoot\State", "UEFISecureBootEnabled", int(system.secure_boot))
    for short, service in state.services.items():
        start = {"auto": 2, "delayed": 2, "manual": 3, "disabled": 4}[service.start_mode]
        registry.set(rf"HKLM\SYSTEM\CurrentControlSet\Services\{service.name or short}", "Start", start)
    registry.create(r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall")
    registry.create(r"HKLM\SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall")
    registry.create(r"HKLM\SOFTWARE\Policies\Microsoft\Windows")
    registry.create(r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon")
    registry.set(r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon", "AutoLogonChecked", "")
    for user in state.accounts.users:
        if user.enabled:
            registry.create(rf"HKU\{user.sid}\Software\Microsoft\Windows\CurrentVersion")
    registry.create(r"HKU\.DEFAULT\Software")


def _folders(state: PCState, user: str) -> None:
    profiles = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList"
    sid = state.accounts.user(user).sid
    state.registry.set(rf"{profiles}\{sid}", "ProfileImagePath", rf"C:\Users\{user}", "expandstring")
    for path in (
        r"C:\Windows\System32\Sysprep\Panther", r"C:\Windows\Panther", r"C:\Windows\Temp", r"C:\Program Files",
        r"C:\Program Files (x86)", r"C:\ProgramData", r"C:\Users\Public\Desktop", r"C:\Users\Default",
        rf"C:\Users\{user}\AppData\Local\Temp", rf"C:\Users\{user}\AppData\Roaming", rf"C:\Users\{user}\Desktop",
    ):  # fmt: skip
        state.files.make_directory(path)
    state.files.write(r"C:\Users\Default\NTUSER.DAT", b"simulated hive")
    state.files.write(rf"C:\Users\{user}\NTUSER.DAT", b"simulated hive")
