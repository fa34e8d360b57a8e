#!powershell

# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#AnsibleRequires -CSharpUtil Ansible.Basic

$spec = @{
    options = @{
        asset = @{ type = 'str'; required = $true }
        chocolatey = @{ type = 'dict'; default = @{} }
        products = @{ type = 'dict'; default = @{} }
        keep = @{ type = 'bool'; default = $true }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

# In the registry, where only administrators write, one value at a time.
$note = 'HKLM:\SOFTWARE\Cartable\Catalogue'
$uninstall = @(
    'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall'
    'HKLM:\SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall'
)

$texts = @{
    chocolatey = @{ what = 'Chocolatey package {0}'; remove = 'choco uninstall {0}' }
    products = @{ what = 'program {0}'; remove = 'the list of installed programs' }
}

function Test-ChocolateyPackage {
    param ($Name)
    $root = $env:ChocolateyInstall
    if (-not $root) {
        $root = Join-Path -Path $env:ProgramData -ChildPath 'chocolatey'
    }
    return Test-Path -LiteralPath (Join-Path -Path $root -ChildPath "lib\$Name") -PathType Container
}

function Test-Product {
    param ($Name)
    return @($uninstall | Where-Object { Test-Path -LiteralPath "$_\$Name" }).Count -gt 0
}

function Get-Note {
    # Name -> catalogue entry, of what earlier runs have found installed.
    param ($Path)
    $noted = @{}
    $key = Get-Item -LiteralPath $Path -ErrorAction SilentlyContinue
    if ($null -ne $key) {
        foreach ($name in $key.GetValueNames()) {
            $noted[$name] = [string]$key.GetValue($name)
        }
    }
    return $noted
}

function Set-Note {
    param ($Path, $Before, $After)
    if (-not (Test-Path -LiteralPath $Path)) {
        $null = New-Item -Path $Path -Force
    }
    foreach ($name in $After.Keys) {
        if ($Before[$name] -cne $After[$name]) {
            $null = New-ItemProperty -LiteralPath $Path -Name $name -Value $After[$name] -PropertyType String -Force
        }
    }
    foreach ($name in $Before.Keys) {
        if (-not $After.ContainsKey($name)) {
            Remove-ItemProperty -LiteralPath $Path -Name $name
        }
    }
}

$findings = @()
$changed = $false
$module.Diff.before = @{}
$module.Diff.after = @{}
foreach ($kind in 'chocolatey', 'products') {
    $wanted = $module.Params[$kind]
    $before = Get-Note -Path "$note\$kind"
    $after = @{}
    foreach ($name in @($wanted.Keys) + @($before.Keys) | Sort-Object -Unique) {
        $there = if ($kind -eq 'products') { Test-Product -Name $name } else { Test-ChocolateyPackage -Name $name }
        if (-not $there) {
            continue
        }
        if ($wanted.ContainsKey($name)) {
            $after[$name] = [string]$wanted[$name]
            continue
        }
        $after[$name] = $before[$name]
        $findings += "no catalogue entry asks for the $($texts[$kind].what -f $name) any more, which $($before[$name]) did, and it is still " +
        "installed; if nothing else needs it, remove it: $($texts[$kind].remove -f $name)"
    }
    $differing = @(@($after.Keys) + @($before.Keys) | Where-Object { $before[$_] -cne $after[$_] })
    $module.Diff.before[$kind] = $before
    $module.Diff.after[$kind] = $after
    if ($module.Params.keep -and $differing.Count -gt 0) {
        $changed = $true
        if (-not $module.CheckMode) {
            Set-Note -Path "$note\$kind" -Before $before -After $after
        }
    }
}

foreach ($sentence in $findings) {
    $module.Warn("$($module.Params.asset): $sentence.")
}
$module.Result.changed = $changed
$module.Result.findings = [string[]]$findings
$module.ExitJson()
