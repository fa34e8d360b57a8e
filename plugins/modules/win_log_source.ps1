#!powershell

# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#AnsibleRequires -CSharpUtil Ansible.Basic

$spec = @{
    options = @{
        ranges = @{ type = 'dict'; default = @{} }
        keep_days = @{ type = 'int'; default = 60 }
        today = @{ type = 'str' }
        most_bytes = @{ type = 'int'; default = 33554432 }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$folder = "$env:SystemRoot\System32\LogFiles\Cartable"

function Get-PackedRange {
    # The bytes of a range, in gzip and base64.
    param ($Stream, $First, $Length)
    $null = $Stream.Seek($First, [IO.SeekOrigin]::Begin)
    $packed = New-Object -TypeName System.IO.MemoryStream
    $zip = New-Object -TypeName System.IO.Compression.GZipStream -ArgumentList $packed, ([IO.Compression.CompressionMode]::Compress), $true
    $buffer = New-Object -TypeName byte[] -ArgumentList 65536
    while ($Length -gt 0) {
        $count = $Stream.Read($buffer, 0, [Math]::Min($Length, $buffer.Length))
        if ($count -eq 0) {
            break
        }
        $zip.Write($buffer, 0, $count)
        $Length -= $count
    }
    $zip.Dispose()
    return [Convert]::ToBase64String($packed.ToArray())
}

$left = [long]$module.Params.most_bytes
$oldest = ''
if ($module.Params.today) {
    $today = [datetime]::ParseExact($module.Params.today, 'yyyy-MM-dd', [Globalization.CultureInfo]::InvariantCulture)
    $oldest = $today.AddDays(-$module.Params.keep_days).ToString('yyyy-MM-dd', [Globalization.CultureInfo]::InvariantCulture)
}
$sizes = @{}
$content = @{}
try {
    foreach ($file in Get-ChildItem -Path "$folder\*.log" -File -ErrorAction SilentlyContinue | Sort-Object -Property Name) {
        $day = $file.BaseName
        if ($day -notmatch '^\d{4}-\d{2}-\d{2}$') {
            continue
        }
        if ([string]::CompareOrdinal($day, $oldest) -lt 0) {
            $module.Result.changed = $true
            if (-not $module.CheckMode) {
                Remove-Item -LiteralPath $file.FullName
            }
            continue
        }
        $sizes[$day] = $file.Length
        if (-not $module.Params.ranges.ContainsKey($day) -or $left -le 0) {
            continue
        }
        # The task that copies events may be writing.
        $stream = [IO.File]::Open($file.FullName, [IO.FileMode]::Open, [IO.FileAccess]::Read, [IO.FileShare]::ReadWrite)
        try {
            $content[$day] = @(foreach ($range in $module.Params.ranges[$day]) {
                    $first = [long]$range[0]
                    $length = [Math]::Min([long]$range[1] - $first, $left)
                    $left -= $length
                    , @($first, (Get-PackedRange -Stream $stream -First $first -Length $length))
                })
        }
        finally {
            $stream.Dispose()
        }
    }
}
catch {
    $module.FailJson("The logs in $folder cannot be read: $($_.Exception.Message)", $_)
}
$module.Result.sizes = $sizes
$module.Result.content = $content
$module.Result.clock = ((Get-Date).ToUniversalTime() - [datetime]'1970-01-01').TotalSeconds
$module.ExitJson()
