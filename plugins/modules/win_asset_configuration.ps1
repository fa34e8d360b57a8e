#!powershell

# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#AnsibleRequires -CSharpUtil Ansible.Basic

$spec = @{
    options = @{
        registry_keys = @{
            type = 'list'
            elements = 'str'
            default = @('HKLM:\SOFTWARE\Policies', 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies')
        }
        files = @{ type = 'list'; elements = 'path'; default = @() }
        task_folder = @{ type = 'str'; default = '\Cartable\' }
        firewall_group = @{ type = 'str'; default = 'Cartable' }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$module.Result.changed = $false
$configuration = New-Object -TypeName System.Collections.Generic.List[object]
$utf8 = New-Object -TypeName System.Text.UTF8Encoding -ArgumentList $false

function Add-File {
    param ($Path, [byte[]]$Content)
    $configuration.Add(@{ path = $Path; content_b64 = [Convert]::ToBase64String($Content) })
}

function Add-Json {
    # Escaped to ASCII, as a half surrogate pair would not survive any encoding.
    param ($Path, $Data)
    $text = ConvertTo-Json -InputObject @($Data) -Depth 6
    $ascii = [regex]::Replace($text, '[^\x0a\x0d\x20-\x7e]', { '\u{0:x4}' -f [int][char]$args[0].Value })
    Add-File -Path $Path -Content $utf8.GetBytes($ascii)
}

function Get-RegistryValue {
    # All values below the wanted keys, sorted by path and name.
    foreach ($root in $module.Params.registry_keys) {
        if (-not (Test-Path -LiteralPath $root)) {
            continue
        }
        $keys = @(Get-Item -LiteralPath $root) + @(Get-ChildItem -LiteralPath $root -Recurse -ErrorAction SilentlyContinue)
        foreach ($key in $keys | Sort-Object -Property Name) {
            foreach ($name in $key.GetValueNames() | Sort-Object) {
                $kind = $key.GetValueKind($name).ToString()
                $data = $key.GetValue($name, $null, [Microsoft.Win32.RegistryValueOptions]::DoNotExpandEnvironmentNames)
                if ($kind -eq 'Binary') {
                    $data = [BitConverter]::ToString($data)
                }
                @{ path = $key.Name; name = $name; type = $kind.ToLowerInvariant(); data = $data }
            }
        }
    }
}

function Get-FirewallRule {
    # The rules of our own group; the built-in ones have localized names and are not ours.
    foreach ($rule in Get-NetFirewallRule -Group $module.Params.firewall_group -ErrorAction SilentlyContinue | Sort-Object -Property DisplayName) {
        $port = $rule | Get-NetFirewallPortFilter
        $address = $rule | Get-NetFirewallAddressFilter
        @{
            name = $rule.DisplayName; enabled = $rule.Enabled.ToString(); direction = $rule.Direction.ToString(); action = $rule.Action.ToString()
            protocol = $port.Protocol; local_ports = @($port.LocalPort); remote_addresses = @($address.RemoteAddress)
        }
    }
}

function Add-SecurityPolicy {
    # secedit writes in the encoding of the file that it finds.
    $file = Join-Path -Path $module.Tmpdir -ChildPath 'policy.inf'
    Set-Content -LiteralPath $file -Value '' -Encoding Unicode
    $answer = secedit.exe /export /cfg $file /areas SECURITYPOLICY USER_RIGHTS /quiet
    if ($LASTEXITCODE -ne 0) {
        throw "secedit: exit status $LASTEXITCODE, $answer"
    }
    Add-File -Path '/security/policy.inf' -Content $utf8.GetBytes([System.IO.File]::ReadAllText($file))
    $file = Join-Path -Path $module.Tmpdir -ChildPath 'audit.csv'
    $answer = auditpol.exe /backup /file:$file
    if ($LASTEXITCODE -ne 0) {
        throw "auditpol: exit status $LASTEXITCODE, $answer"
    }
    Add-File -Path '/security/audit.csv' -Content ([System.IO.File]::ReadAllBytes($file))
}

try {
    Add-Json -Path '/registry.json' -Data @(Get-RegistryValue)
    Add-Json -Path '/firewall.json' -Data @(Get-FirewallRule)
    Add-SecurityPolicy
    foreach ($task in Get-ScheduledTask -TaskPath $module.Params.task_folder -ErrorAction SilentlyContinue | Sort-Object -Property TaskName) {
        $xml = Export-ScheduledTask -TaskName $task.TaskName -TaskPath $task.TaskPath -ErrorAction Stop
        Add-File -Path "/tasks/$($task.TaskName).xml" -Content $utf8.GetBytes($xml)
    }
    foreach ($file in $module.Params.files) {
        if (Test-Path -LiteralPath $file -PathType Leaf) {
            Add-File -Path ('/' + $file.Replace(':', '').Replace('\', '/')) -Content ([System.IO.File]::ReadAllBytes($file))
        }
    }
}
catch {
    $module.FailJson("The configuration cannot be read whole, so none is given: $($_.Exception.Message)", $_)
}
$module.Result.configuration = $configuration.ToArray()
$module.ExitJson()
