#!powershell

# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#AnsibleRequires -CSharpUtil Ansible.Basic

$spec = @{
    options = @{
        # Read by the action of the same name, on the controller.
        asset = @{ type = 'str'; required = $true }
        declared_accounts = @{ type = 'list'; elements = 'str'; default = @() }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$module.Result.changed = $false
$facts = [ordered]@{}
$problems = [ordered]@{}
$cimv2 = 'root/cimv2'

# Section, namespace, class, filter, properties. Properties with localized texts are not asked for.
$queries = @(
    , @('computer', $cimv2, 'Win32_ComputerSystem', '', 'Name Manufacturer Model SystemSKUNumber TotalPhysicalMemory Domain Workgroup PartOfDomain PCSystemType')
    , @('product', $cimv2, 'Win32_ComputerSystemProduct', '', 'UUID Version Vendor')
    , @('enclosure', $cimv2, 'Win32_SystemEnclosure', '', 'ChassisTypes SMBIOSAssetTag SerialNumber')
    , @('bios', $cimv2, 'Win32_BIOS', '', 'SerialNumber SMBIOSBIOSVersion ReleaseDate Manufacturer')
    , @('board', $cimv2, 'Win32_BaseBoard', '', 'Manufacturer Product SerialNumber')
    , @('system', $cimv2, 'Win32_OperatingSystem', '', 'Caption Version BuildNumber OSLanguage MUILanguages InstallDate LastBootUpTime LocalDateTime OperatingSystemSKU ProductType')
    , @('processors', $cimv2, 'Win32_Processor', '', 'Name Manufacturer NumberOfCores NumberOfLogicalProcessors MaxClockSpeed AddressWidth')
    , @('memories', $cimv2, 'Win32_PhysicalMemory', '', 'Capacity Speed DeviceLocator Manufacturer PartNumber SerialNumber SMBIOSMemoryType')
    , @('disks', $cimv2, 'Win32_DiskDrive', '', 'Index Model SerialNumber Size InterfaceType FirmwareRevision')
    , @('physical_disks', 'root/Microsoft/Windows/Storage', 'MSFT_PhysicalDisk', '', 'DeviceId FriendlyName SerialNumber Size MediaType BusType HealthStatus FirmwareVersion')
    , @('volumes', $cimv2, 'Win32_LogicalDisk', 'DriveType = 3', 'DeviceID FileSystem Size FreeSpace VolumeName VolumeSerialNumber')
    , @('tpm', 'root/cimv2/Security/MicrosoftTpm', 'Win32_Tpm', '', 'IsEnabled_InitialValue IsActivated_InitialValue IsOwned_InitialValue SpecVersion ManufacturerVersion')
    , @('encryption', 'root/cimv2/Security/MicrosoftVolumeEncryption', 'Win32_EncryptableVolume', '', 'DriveLetter ProtectionStatus ConversionStatus EncryptionMethod VolumeType')
    , @('adapters', $cimv2, 'Win32_NetworkAdapter', 'PhysicalAdapter = TRUE', 'Index GUID Name NetConnectionID MACAddress NetConnectionStatus Speed PNPDeviceID')
    , @('addresses', $cimv2, 'Win32_NetworkAdapterConfiguration', 'IPEnabled = TRUE', 'Index IPAddress IPSubnet DefaultIPGateway DHCPEnabled DHCPServer DNSServerSearchOrder')
    , @('users', $cimv2, 'Win32_UserAccount', 'LocalAccount = TRUE', 'Name SID FullName Disabled Lockout PasswordRequired PasswordExpires')
    , @('groups', $cimv2, 'Win32_Group', 'LocalAccount = TRUE', 'Name SID')
    , @('printers', $cimv2, 'Win32_Printer', '', 'Name DriverName PortName Shared Default Network')
    , @('hotfixes', $cimv2, 'Win32_QuickFixEngineering', '', 'HotFixID InstalledOn')
    , @('services', $cimv2, 'Win32_Service', '', 'Name StartMode State')
    , @('antivirus', 'root/SecurityCenter2', 'AntiVirusProduct', '', 'displayName instanceGuid productState')
    , @('defender', 'root/Microsoft/Windows/Defender', 'MSFT_MpComputerStatus', '', 'AMServiceEnabled AntivirusEnabled RealTimeProtectionEnabled AMRunningMode AMProductVersion AntivirusSignatureVersion AntivirusSignatureLastUpdated AntivirusSignatureAge')
)

function ConvertTo-Plain {
    # Numbers, texts, booleans and lists of them; times in ISO 8601.
    param ($Value)
    if ($Value -is [datetime]) {
        return $Value.ToUniversalTime().ToString('o')
    }
    if ($Value -is [array]) {
        return , @($Value | ForEach-Object { ConvertTo-Plain -Value $_ })
    }
    return $Value
}

function Add-Section {
    # A section that cannot be read is not there, and its problem says why: unknown is not empty.
    param ($Name, $Script)
    try {
        $facts[$Name] = @(& $Script)
    }
    catch {
        $problems[$Name] = $_.Exception.Message
    }
}

function Get-InstalledProgram {
    # Both views of the machine, and the users whose registry is loaded. A key with one value or none is a leftover.
    $places = @(
        @{ scope = 'machine'; arch = 'x86_64'; path = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall' }
        @{ scope = 'machine'; arch = 'i586'; path = 'HKLM:\SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall' }
    )
    foreach ($user in Get-ChildItem -LiteralPath 'Registry::HKEY_USERS' -ErrorAction SilentlyContinue) {
        if ($user.PSChildName -match '^S-1-5-21-[\d-]+$') {
            $places += @{ scope = $user.PSChildName; arch = ''; path = "Registry::$($user.Name)\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall" }
        }
    }
    foreach ($place in $places) {
        foreach ($key in Get-ChildItem -LiteralPath $place.path -ErrorAction SilentlyContinue) {
            if ($key.ValueCount -gt 1) {
                $program = @{ scope = $place.scope; arch = $place.arch; key = $key.PSChildName }
                foreach ($name in 'DisplayName', 'DisplayVersion', 'Publisher', 'InstallDate', 'SystemComponent', 'WindowsInstaller', 'ParentKeyName') {
                    $program[$name] = [string]$key.GetValue($name)
                }
                $program
            }
        }
    }
}

foreach ($query in $queries) {
    Add-Section -Name $query[0] -Script {
        $names = $query[4].Split(' ')
        $arguments = @{ Namespace = $query[1]; ClassName = $query[2] }
        if ($query[3]) {
            $arguments.Filter = $query[3]
        }
        foreach ($instance in Get-CimInstance @arguments -OperationTimeoutSec 60 -ErrorAction Stop) {
            $row = @{}
            foreach ($name in $names) {
                $property = $instance.CimInstanceProperties[$name]
                $row[$name] = $null
                if ($null -ne $property) {
                    $row[$name] = ConvertTo-Plain -Value $property.Value
                }
            }
            $row
        }
    }
}
Add-Section -Name 'members' -Script {
    foreach ($pair in Get-CimInstance -ClassName Win32_GroupUser -OperationTimeoutSec 60 -ErrorAction Stop) {
        @{ group = $pair.GroupComponent.Name; member = $pair.PartComponent.Name; domain = $pair.PartComponent.Domain }
    }
}
Add-Section -Name 'programs' -Script { Get-InstalledProgram }
Add-Section -Name 'store_apps' -Script {
    foreach ($app in Get-AppxPackage -AllUsers -ErrorAction Stop) {
        if (-not $app.IsFramework) {
            @{ name = $app.Name; version = [string]$app.Version; publisher = $app.Publisher; arch = [string]$app.Architecture }
        }
    }
}
Add-Section -Name 'print_settings' -Script {
    foreach ($printer in Get-Printer -ErrorAction Stop) {
        $found = Get-PrintConfiguration -PrinterName $printer.Name -ErrorAction SilentlyContinue
        @{ name = $printer.Name; color = [bool]$found.Color; duplex = [string]$found.DuplexingMode }
    }
}
Add-Section -Name 'certificates' -Script {
    foreach ($certificate in Get-ChildItem -LiteralPath 'Cert:\LocalMachine\My' -ErrorAction Stop) {
        @{
            thumbprint = $certificate.Thumbprint; subject = $certificate.Subject; issuer = $certificate.Issuer
            not_before = ConvertTo-Plain -Value $certificate.NotBefore; not_after = ConvertTo-Plain -Value $certificate.NotAfter
            private_key = $certificate.HasPrivateKey
        }
    }
}
# Key and names; DigitalProductId beside them holds the product key.
$values = @{
    release = 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion', 'ProductName EditionID InstallationType DisplayVersion ReleaseId CurrentBuildNumber UBR'
    secure_boot = 'HKLM:\SYSTEM\CurrentControlSet\Control\SecureBoot\State', 'UEFISecureBootEnabled'
    time_zone = 'HKLM:\SYSTEM\CurrentControlSet\Control\TimeZoneInformation', 'TimeZoneKeyName'
    winrm = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System', 'LocalAccountTokenFilterPolicy'
}
foreach ($section in $values.Keys) {
    Add-Section -Name $section -Script {
        $row = @{}
        $key = Get-Item -LiteralPath $values[$section][0] -ErrorAction SilentlyContinue
        foreach ($name in $values[$section][1].Split(' ')) {
            $row[$name] = $null
            if ($null -ne $key) {
                $row[$name] = ConvertTo-Plain -Value $key.GetValue($name)
            }
        }
        $row
    }
}

# Escaped to ASCII: half of a surrogate pair in the name of a program would not survive any encoding.
$text = ConvertTo-Json -InputObject @{ facts = $facts; problems = $problems } -Depth 6 -Compress
$module.Result.answer = [regex]::Replace($text, '[^\x20-\x7e]', {
        '\u{0:x4}' -f [int][char]$args[0].Value
    })
$module.ExitJson()
