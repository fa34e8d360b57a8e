#!powershell

# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#AnsibleRequires -CSharpUtil Ansible.Basic

$spec = @{
    options = @{
        entries = @{
            type = 'list'
            elements = 'dict'
            required = $true
            options = @{
                path = @{ type = 'str'; required = $true }
                name = @{ type = 'str'; required = $true }
                type = @{ type = 'str'; choices = 'dword', 'qword', 'string', 'expandstring', 'multistring'; default = 'dword' }
                data = @{ type = 'raw' }
                state = @{ type = 'str'; choices = 'present', 'absent'; default = 'present' }
            }
            required_if = @(, @('state', 'present', @('data')))
        }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$hives = @{
    HKLM = [Microsoft.Win32.RegistryHive]::LocalMachine
    HKU = [Microsoft.Win32.RegistryHive]::Users
}

function ConvertTo-RegistryData {
    # The data of an option as .NET wants it for a kind of value. A DWORD is signed there: 0xffffffff is -1.
    param ($Kind, $Data)
    switch ($Kind) {
        'dword' { return [BitConverter]::ToInt32([BitConverter]::GetBytes([uint32]$Data), 0) }
        'qword' { return [int64]$Data }
        'multistring' { return , ([string[]]@($Data)) }
        default { return [string]$Data }
    }
}

function Get-RegistryText {
    # The value as a text for comparison and diff; nothing when there is none.
    param ($Key, $Name)
    if ($null -eq $Key -or $Key.GetValueNames() -notcontains $Name) {
        return $null
    }
    $kind = $Key.GetValueKind($Name).ToString().ToLowerInvariant()
    $data = $Key.GetValue($Name, $null, [Microsoft.Win32.RegistryValueOptions]::DoNotExpandEnvironmentNames)
    return Format-RegistryText -Kind $kind -Data $data
}

function Format-RegistryText {
    param ($Kind, $Data)
    if ($Kind -eq 'dword') {
        $Data = [BitConverter]::ToUInt32([BitConverter]::GetBytes([int32]$Data), 0)
    }
    return "${Kind}:$(@($Data) -join '\0')"
}

$before = New-Object -TypeName System.Collections.Generic.List[string]
$after = New-Object -TypeName System.Collections.Generic.List[string]
$changed = New-Object -TypeName System.Collections.Generic.List[string]
$seen = @{}
foreach ($entry in $module.Params.entries) {
    $label = "$($entry.path)\$($entry.name)"
    if ($entry.path -notmatch '^(HKLM|HKU):\\(.+?)\\?$') {
        $module.FailJson("$label is not below HKLM:\ or HKU:\; give the path of a key as HKLM:\SOFTWARE\...")
    }
    $hive = $hives[$matches[1].ToUpperInvariant()]
    $subKey = $matches[2]
    $root = $null
    $key = $null
    try {
        $root = [Microsoft.Win32.RegistryKey]::OpenBaseKey($hive, [Microsoft.Win32.RegistryView]::Registry64)
        $key = $root.OpenSubKey($subKey, $false)
        $found = Get-RegistryText -Key $key -Name $entry.name
        if ($null -ne $found) {
            # What is to be removed may be a password: its type only.
            $seen[$label] = if ($entry.state -eq 'present') { $found } else { ($found -split ':', 2)[0] }
        }
        $wanted = $null
        if ($entry.state -eq 'present') {
            $data = ConvertTo-RegistryData -Kind $entry.type -Data $entry.data
            $wanted = Format-RegistryText -Kind $entry.type -Data $data
        }
        if ($found -ceq $wanted) {
            continue
        }
        $changed.Add($label)
        if ($null -ne $found) {
            $before.Add("$label = $found")
        }
        if ($null -ne $wanted) {
            $after.Add("$label = $wanted")
        }
        if ($module.CheckMode) {
            continue
        }
        if ($null -ne $key) {
            $key.Dispose()
        }
        $key = $root.CreateSubKey($subKey)
        if ($null -eq $wanted) {
            $key.DeleteValue($entry.name, $false)
        }
        else {
            $key.SetValue($entry.name, $data, [Microsoft.Win32.RegistryValueKind]$entry.type)
        }
    }
    catch {
        $module.FailJson("The registry value $label cannot be set: $($_.Exception.Message)", $_)
    }
    finally {
        if ($null -ne $key) {
            $key.Dispose()
        }
        if ($null -ne $root) {
            $root.Dispose()
        }
    }
}

$module.Result.changed = $changed.Count -gt 0
$module.Result.changed_values = $changed.ToArray()
$module.Result.seen = $seen
$module.Diff.before = ($before -join "`n") + "`n"
$module.Diff.after = ($after -join "`n") + "`n"
$module.ExitJson()
