#!powershell

# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#AnsibleRequires -CSharpUtil Ansible.Basic

$spec = @{
    options = @{
        disabled = @{ type = 'list'; elements = 'str'; required = $true }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

# All at once: to ask for a name that this Windows has not is an error, which is told in the PC's language.
$known = @{}
try {
    foreach ($feature in Get-WindowsOptionalFeature -Online -ErrorAction Stop) {
        $known[$feature.FeatureName] = $feature.State.ToString()
    }
}
catch {
    $module.FailJson("The optional features cannot be read: $($_.Exception.Message)", $_)
}

$seen = @{}
$before = @{}
$after = @{}
$toDisable = @()
foreach ($name in $module.Params.disabled) {
    if (-not $known.ContainsKey($name)) {
        continue
    }
    $seen[$name] = $known[$name]
    # Disabled, DisabledWithPayloadRemoved, or DisablePending: off after the next restart.
    if ($known[$name] -notlike 'Disable*') {
        $toDisable += $name
        $before[$name] = $known[$name]
        $after[$name] = 'Disabled'
    }
}

$module.Result.changed = $toDisable.Count -gt 0
$module.Result.seen = $seen
$module.Result.reboot_required = $false
$module.Diff.before = $before
$module.Diff.after = $after
if (-not $module.CheckMode) {
    foreach ($name in $toDisable) {
        try {
            $answer = Disable-WindowsOptionalFeature -Online -FeatureName $name -NoRestart -ErrorAction Stop
        }
        catch {
            $module.FailJson("The optional feature $name cannot be turned off: $($_.Exception.Message)", $_)
        }
        if ($answer.RestartNeeded) {
            $module.Result.reboot_required = $true
        }
    }
}
$module.ExitJson()
