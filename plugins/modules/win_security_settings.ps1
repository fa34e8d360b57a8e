#!powershell

# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#AnsibleRequires -CSharpUtil Ansible.Basic

$spec = @{
    options = @{
        account_policy = @{ type = 'dict'; default = @{} }
        audit_policy = @{
            type = 'list'
            elements = 'dict'
            default = @()
            options = @{
                subcategory = @{ type = 'str'; required = $true }
                success = @{ type = 'bool'; default = $false }
                failure = @{ type = 'bool'; default = $false }
            }
        }
        disabled_services = @{ type = 'list'; elements = 'str'; default = @() }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$folder = Join-Path -Path $module.Tmpdir -ChildPath 'security'
$null = New-Item -Path $folder -ItemType Directory -Force
$script:settingNames = 'none', 'success', 'failure', 'success and failure'

function Get-AccountPolicy {
    # The section System Access of the local security policy. secedit writes in the encoding of the file that it finds.
    $file = Join-Path -Path $folder -ChildPath 'export.inf'
    Set-Content -LiteralPath $file -Value '' -Encoding Unicode
    $answer = secedit.exe /export /cfg $file /areas SECURITYPOLICY /quiet
    if ($LASTEXITCODE -ne 0) {
        $module.FailJson("secedit cannot export the security policy (exit status $LASTEXITCODE): $answer")
    }
    $found = @{}
    $section = ''
    foreach ($line in [System.IO.File]::ReadAllLines($file)) {
        if ($line -match '^\[(.+)\]') {
            $section = $matches[1]
        }
        elseif ($section -eq 'System Access' -and $line -match '^\s*(\w+)\s*=\s*"?([^"]*)"?\s*$') {
            $found[$matches[1]] = $matches[2].Trim()
        }
    }
    return $found
}

function Set-AccountPolicy {
    param ($Values)
    $lines = @('[Unicode]', 'Unicode=yes', '[Version]', 'signature="$CHICAGO$"', 'Revision=1', '[System Access]')
    foreach ($name in $Values.Keys) {
        $text = [string]$Values[$name]
        if ($text -notmatch '^-?\d+$') {
            $text = "`"$text`""
        }
        $lines += "$name = $text"
    }
    $file = Join-Path -Path $folder -ChildPath 'import.inf'
    $log = Join-Path -Path $folder -ChildPath 'import.log'
    $database = Join-Path -Path $folder -ChildPath 'import.sdb'
    Set-Content -LiteralPath $file -Value $lines -Encoding Unicode
    $answer = secedit.exe /configure /db $database /cfg $file /areas SECURITYPOLICY /log $log /quiet
    if ($LASTEXITCODE -ne 0) {
        $module.FailJson("secedit cannot apply the security policy (exit status $LASTEXITCODE): $answer $(Get-Content -LiteralPath $log -Raw)")
    }
}

function Get-AuditPolicy {
    # Subcategory -> 0 none, 1 success, 2 failure, 3 both. Of the CSV only the GUID and the last column are not localized.
    $file = Join-Path -Path $folder -ChildPath 'audit.csv'
    $answer = auditpol.exe /backup /file:$file
    if ($LASTEXITCODE -ne 0) {
        $module.FailJson("auditpol cannot read the audit policy (exit status $LASTEXITCODE): $answer")
    }
    $found = @{}
    foreach ($line in [System.IO.File]::ReadAllLines($file)) {
        if ($line -match '(\{[0-9A-Fa-f-]{36}\}).*,(\d)\s*$') {
            $found[$matches[1].ToUpperInvariant()] = [int]$matches[2]
        }
    }
    if ($found.Count -eq 0) {
        $module.FailJson('auditpol answered without any subcategory, so the audit policy cannot be read')
    }
    return $found
}

$before = @{}
$after = @{}
$seen = @{}
$wanted = $module.Params.account_policy
$found = if ($wanted.Count -gt 0) { Get-AccountPolicy } else { @{} }
foreach ($name in $wanted.Keys) {
    if ($found.ContainsKey($name)) {
        $seen[$name] = $found[$name]
    }
    if ([string]$found[$name] -cne [string]$wanted[$name]) {
        $before[$name] = [string]$found[$name]
        $after[$name] = [string]$wanted[$name]
    }
}
$policyDiffers = $after.Count -gt 0

$audited = if ($module.Params.audit_policy.Count -gt 0) { Get-AuditPolicy } else { @{} }
$toAudit = @()
foreach ($entry in $module.Params.audit_policy) {
    $guid = '{' + $entry.subcategory.Trim('{', '}').ToUpperInvariant() + '}'
    if (-not $audited.ContainsKey($guid)) {
        $module.FailJson("$guid is no subcategory of this Windows; give its GUID as 'auditpol /list /subcategory:* /v' shows it")
    }
    $seen[$guid] = $settingNames[$audited[$guid]]
    $setting = [int]$entry.success + 2 * [int]$entry.failure
    if ($audited[$guid] -ne $setting) {
        $before[$guid] = $settingNames[$audited[$guid]]
        $after[$guid] = $settingNames[$setting]
        $toAudit += @{ guid = $guid; setting = $setting }
    }
}

$toDisable = @()
foreach ($name in $module.Params.disabled_services) {
    # A service that is not there conforms.
    $service = Get-Service -Name $name -ErrorAction SilentlyContinue
    if ($null -eq $service) {
        continue
    }
    $seen[$name] = "$($service.StartType), $($service.Status)"
    if ($service.StartType.ToString() -ne 'Disabled' -or $service.Status.ToString() -ne 'Stopped') {
        $before[$name] = $seen[$name]
        $after[$name] = 'Disabled, Stopped'
        $toDisable += $name
    }
}

$module.Result.changed = $after.Count -gt 0
$module.Result.seen = $seen
$module.Diff.before = $before
$module.Diff.after = $after
if (-not $module.CheckMode) {
    if ($policyDiffers) {
        # All values in one file: the lock-out's duration is refused while its threshold is 0.
        Set-AccountPolicy -Values $wanted
        $found = Get-AccountPolicy
        $refused = @($wanted.Keys | Where-Object { [string]$found[$_] -cne [string]$wanted[$_] })
        if ($refused.Count -gt 0) {
            $module.FailJson("Windows did not take these values of the security policy: $($refused -join ', ')")
        }
    }
    foreach ($entry in $toAudit) {
        $flags = 'disable', 'enable'
        $answer = auditpol.exe /set "/subcategory:$($entry.guid)" "/success:$($flags[$entry.setting -band 1])" "/failure:$($flags[$entry.setting -shr 1])"
        if ($LASTEXITCODE -ne 0) {
            $module.FailJson("auditpol cannot set $($entry.guid) (exit status $LASTEXITCODE): $answer")
        }
    }
    foreach ($name in $toDisable) {
        Set-Service -Name $name -StartupType Disabled -ErrorAction Stop
        Stop-Service -Name $name -Force -ErrorAction Stop
    }
}
$module.ExitJson()
