#!powershell

# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#AnsibleRequires -CSharpUtil Ansible.Basic

$spec = @{
    options = @{
        mount_point = @{ type = 'str'; default = 'C:' }
        state = @{ type = 'str'; choices = 'gathered', 'key_prepared', 'encrypted'; default = 'gathered' }
        key_protector_id = @{ type = 'str' }
        encryption_method = @{ type = 'str'; choices = 'XtsAes128', 'XtsAes256'; default = 'XtsAes128' }
        used_space_only = @{ type = 'bool'; default = $true }
    }
    required_if = @(, @('state', 'encrypted', @('key_protector_id')))
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$mountPoint = $module.Params.mount_point
$wantedId = $module.Params.key_protector_id
$module.Result.changed = $false

function Get-VolumeState {
    # The volume and its protectors, as texts: the names of the enumerations are the same in every language.
    try {
        $volume = Get-BitLockerVolume -MountPoint $mountPoint -ErrorAction Stop
    }
    catch {
        $module.FailJson("BitLocker cannot be read on $mountPoint (is this a Home edition, or a server without the feature?): $($_.Exception.Message)", $_)
    }
    return @{
        volume_status = $volume.VolumeStatus.ToString()
        protection_status = $volume.ProtectionStatus.ToString()
        lock_status = $volume.LockStatus.ToString()
        encryption_method = $volume.EncryptionMethod.ToString()
        encryption_percentage = [int]$volume.EncryptionPercentage
        protectors = @($volume.KeyProtector | ForEach-Object { @{ id = $_.KeyProtectorId; type = $_.KeyProtectorType.ToString() } })
    }
}

function Get-RecoveryProtector {
    # The recovery password with the wanted identifier, otherwise the first one; nothing when there is none.
    $volume = Get-BitLockerVolume -MountPoint $mountPoint -ErrorAction Stop
    $found = @($volume.KeyProtector | Where-Object { $_.KeyProtectorType.ToString() -eq 'RecoveryPassword' })
    $known = @($found | Where-Object { $_.KeyProtectorId -eq $wantedId })
    if ($known.Count -gt 0) {
        return $known[0]
    }
    if ($found.Count -gt 0) {
        return $found[0]
    }
    return $null
}

function Set-Prepared {
    # A recovery password exists and is given back. Nothing is encrypted yet, so a run that is cut here loses nothing.
    $protector = Get-RecoveryProtector
    if ($null -eq $protector) {
        $module.Result.changed = $true
        if ($module.CheckMode) {
            return
        }
        # The warning holds the recovery password itself.
        $null = Add-BitLockerKeyProtector -MountPoint $mountPoint -RecoveryPasswordProtector -WarningAction SilentlyContinue -ErrorAction Stop
        $protector = Get-RecoveryProtector
    }
    $module.Result.key_protector_id = $protector.KeyProtectorId
    $module.Result.recovery_password = $protector.RecoveryPassword
}

function Set-Encrypted {
    $state = Get-VolumeState
    $ids = @($state.protectors | Where-Object { $_.type -eq 'RecoveryPassword' } | ForEach-Object { $_.id })
    if ($ids -notcontains $wantedId) {
        $module.FailJson("$mountPoint has no recovery password $wantedId, so the one in the vault would not open it; prepare the key again")
    }
    $hasTpm = @($state.protectors | Where-Object { $_.type -like 'Tpm*' }).Count -gt 0
    $others = @($ids | Where-Object { $_ -ne $wantedId })
    $decrypted = $state.volume_status -eq 'FullyDecrypted'
    $suspended = -not $decrypted -and $state.protection_status -eq 'Off' -and $state.volume_status -eq 'FullyEncrypted'
    $module.Result.changed = $decrypted -or $suspended -or -not $hasTpm -or $others.Count -gt 0
    if (-not $module.Result.changed -or $module.CheckMode) {
        return
    }
    if ($decrypted) {
        $settings = @{
            MountPoint = $mountPoint
            TpmProtector = $true
            EncryptionMethod = $module.Params.encryption_method
            UsedSpaceOnly = $module.Params.used_space_only
            SkipHardwareTest = $true
        }
        if ($hasTpm) {
            # A run was cut between the protector and the encryption: a second one is refused (0x80310031).
            $tpm = @($state.protectors | Where-Object { $_.type -like 'Tpm*' })
            $null = Remove-BitLockerKeyProtector -MountPoint $mountPoint -KeyProtectorId $tpm[0].id -ErrorAction Stop
        }
        $null = Enable-BitLocker @settings -WarningAction SilentlyContinue -ErrorAction Stop
    }
    else {
        # Windows 11 24H2 encrypts by itself, with a clear key and without protectors: Enable-BitLocker takes no action there.
        if (-not $hasTpm) {
            $null = Add-BitLockerKeyProtector -MountPoint $mountPoint -TpmProtector -WarningAction SilentlyContinue -ErrorAction Stop
        }
        if ($suspended) {
            $null = Resume-BitLocker -MountPoint $mountPoint -ErrorAction Stop
        }
    }
    foreach ($id in $others) {
        $null = Remove-BitLockerKeyProtector -MountPoint $mountPoint -KeyProtectorId $id -ErrorAction Stop
    }
}

$module.Diff.before = Get-VolumeState
try {
    if ($module.Params.state -eq 'key_prepared') {
        Set-Prepared
    }
    elseif ($module.Params.state -eq 'encrypted') {
        Set-Encrypted
    }
}
catch {
    $module.FailJson("BitLocker refuses on ${mountPoint}: $($_.Exception.Message)", $_)
}
$module.Result.volume = Get-VolumeState
$module.Diff.after = $module.Result.volume
$module.ExitJson()
