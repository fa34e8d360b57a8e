#!powershell

# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#AnsibleRequires -CSharpUtil Ansible.Basic

$spec = @{
    options = @{
        realtime_monitoring = @{ type = 'bool' }
        cloud_protection = @{ type = 'int'; choices = 0, 1, 2 }
        sample_submission = @{ type = 'int'; choices = 0, 1, 2, 3 }
        pua_protection = @{ type = 'int'; choices = 0, 1, 2 }
        network_protection = @{ type = 'int'; choices = 0, 1, 2 }
        signature_update_hours = @{ type = 'int' }
        scan_day = @{ type = 'int' }
        exclusion_paths = @{ type = 'list'; elements = 'str' }
        signatures_older_than_days = @{ type = 'int' }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$module.Result.changed = $false
# Option -> property of Get-MpPreference and parameter of Set-MpPreference.
$names = [ordered]@{
    cloud_protection = 'MAPSReporting'
    sample_submission = 'SubmitSamplesConsent'
    pua_protection = 'PUAProtection'
    network_protection = 'EnableNetworkProtection'
    signature_update_hours = 'SignatureUpdateInterval'
    scan_day = 'ScanScheduleDay'
}
$statusNames = @(
    'AMServiceEnabled', 'AntivirusEnabled', 'RealTimeProtectionEnabled', 'AMRunningMode', 'AMProductVersion', 'AMEngineVersion',
    'AntivirusSignatureVersion', 'AntivirusSignatureLastUpdated', 'AntivirusSignatureAge', 'IsTamperProtected', 'FullScanAge', 'QuickScanAge'
)

function Get-AntivirusProduct {
    # What Windows' security centre knows of; nothing on a server, which has none.
    try {
        $query = @{ Namespace = 'root/SecurityCenter2'; ClassName = 'AntiVirusProduct' }
        $found = @(Get-CimInstance @query -OperationTimeoutSec 30 -ErrorAction Stop)
    }
    catch {
        return @()
    }
    return @($found | ForEach-Object { @{ name = $_.displayName; state = [int64]$_.productState } })
}

function Get-DefenderStatus {
    # Nothing where Defender is not installed. Its provider can hang beside another antivirus, so the query has a limit.
    try {
        $query = @{ Namespace = 'root/Microsoft/Windows/Defender'; ClassName = 'MSFT_MpComputerStatus' }
        $status = Get-CimInstance @query -OperationTimeoutSec 30 -ErrorAction Stop
    }
    catch {
        return $null
    }
    $found = @{}
    foreach ($name in $statusNames) {
        $value = $status.$name
        if ($value -is [datetime]) {
            $value = $value.ToUniversalTime().ToString('o')
        }
        $found[$name] = $value
    }
    return $found
}

function Get-Difference {
    # Parameter of Set-MpPreference -> wanted value, for those that differ.
    param ($Preference)
    $found = [ordered]@{}
    foreach ($option in $names.Keys) {
        $wanted = $module.Params[$option]
        if ($null -ne $wanted -and [int]$Preference.($names[$option]) -ne $wanted) {
            $found[$names[$option]] = $wanted
        }
    }
    $realtime = $module.Params.realtime_monitoring
    if ($null -ne $realtime -and [bool]$Preference.DisableRealtimeMonitoring -eq $realtime) {
        $found['DisableRealtimeMonitoring'] = -not $realtime
    }
    $paths = $module.Params.exclusion_paths
    if ($null -ne $paths -and (@($paths | Sort-Object) -join '|') -ne (@($Preference.ExclusionPath | Sort-Object) -join '|')) {
        $found['ExclusionPath'] = [string[]]@($paths)
    }
    return $found
}

$module.Result.products = @(Get-AntivirusProduct)
$status = Get-DefenderStatus
$module.Result.status = $status
if ($null -eq $status) {
    # Another antivirus has taken its place, or it was removed: the caller decides whether that is right.
    $module.ExitJson()
}
try {
    $preference = Get-MpPreference -ErrorAction Stop
    $difference = Get-Difference -Preference $preference
    $before = @{}
    foreach ($name in $difference.Keys) {
        $before[$name] = $preference.$name
    }
    $module.Diff.before = $before
    $module.Diff.after = $difference
    $module.Result.changed = $difference.Count -gt 0
    if ($difference.Count -gt 0 -and -not $module.CheckMode) {
        if ($difference.Contains('ExclusionPath') -and $difference['ExclusionPath'].Count -eq 0) {
            # An empty list is refused by Set-MpPreference: what is there is taken out.
            Remove-MpPreference -ExclusionPath $preference.ExclusionPath -Force -ErrorAction Stop
            $difference.Remove('ExclusionPath')
        }
        if ($difference.Count -gt 0) {
            Set-MpPreference @difference -Force -ErrorAction Stop
        }
        # Tamper protection lets the command end well and changes nothing.
        $left = Get-Difference -Preference (Get-MpPreference -ErrorAction Stop)
        if ($left.Count -gt 0) {
            $module.FailJson("Defender did not take: $($left.Keys -join ', '). Tamper protection or a policy holds them")
        }
    }
    if ($module.Result.changed -and -not $module.CheckMode) {
        $module.Result.status = Get-DefenderStatus
    }
    $limit = $module.Params.signatures_older_than_days
    if ($null -ne $limit -and $status.AntivirusSignatureAge -ge $limit) {
        $module.Result.changed = $true
        if (-not $module.CheckMode) {
            Update-MpSignature -ErrorAction Stop
            $module.Result.status = Get-DefenderStatus
        }
    }
}
catch {
    $module.FailJson("Defender refuses: $($_.Exception.Message)", $_)
}
$module.ExitJson()
