# Written by Cartable (role logs): copies new events to a file a day, from which playbooks/collect_logs.yml takes them. Run by Task
# Scheduler as SYSTEM. A line is "time channel.severity provider[event]: record=number XML", as the store on the server expects it.
$ErrorActionPreference = 'Stop'
$channels = '@CHANNELS@' -split ','
$severities = @{ 1 = 'crit'; 2 = 'err'; 3 = 'warning'; 5 = 'debug' }
# Not in ProgramData, where users can make folders. Only SYSTEM and administrators read it.
$folder = "$env:SystemRoot\System32\LogFiles\Cartable"
if (-not (Test-Path -LiteralPath $folder)) {
    New-Item -Path $folder -ItemType Directory | Out-Null
}
icacls.exe $folder /inheritance:r /grant:r '*S-1-5-18:(OI)(CI)F' '*S-1-5-32-544:(OI)(CI)F' | Out-Null

function Add-Line {
    param ($Day, $Text)
    $utf8 = New-Object -TypeName System.Text.UTF8Encoding -ArgumentList $false
    [IO.File]::AppendAllText("$folder\$Day.log", $Text, $utf8)
}

foreach ($channel in $channels) {
    $place = "$folder\$($channel -replace '[^\w-]', '_').position"
    $last = 0L
    if (Test-Path -LiteralPath $place) {
        $last = [long](Get-Content -LiteralPath $place -TotalCount 1)
    }
    $newest = (Get-WinEvent -LogName $channel -MaxEvents 1 -ErrorAction SilentlyContinue).RecordId
    if ($null -eq $newest -or $newest -eq $last) {
        continue
    }
    $now = Get-Date
    $gap = ''
    if ($newest -lt $last) {
        $gap = "the channel was cleared, after event $last"
        $last = 0L
    }
    $events = @(Get-WinEvent -LogName $channel -FilterXPath "*[System[EventRecordID > $last]]" -Oldest -ErrorAction SilentlyContinue)
    if ($events.Count -eq 0) {
        continue
    }
    if ($last -gt 0 -and $events[0].RecordId -gt $last + 1) {
        $gap = "Windows has overwritten the events from $($last + 1) to $($events[0].RecordId - 1)"
    }
    $source = $channel -replace '\W', '_'
    if ($gap) {
        Add-Line -Day $now.ToString('yyyy-MM-dd') -Text "$($now.ToString('o')) $source.warning Cartable[0]: $gap`n"
    }
    foreach ($day in $events | Group-Object -Property { $_.TimeCreated.ToString('yyyy-MM-dd') }) {
        $text = New-Object -TypeName System.Text.StringBuilder
        foreach ($each in $day.Group) {
            $severity = $severities[[int]$each.Level]
            if ($null -eq $severity) {
                $severity = 'info'
            }
            $program = "$($each.ProviderName -replace '\s', '_')[$($each.Id)]"
            # What is in <System> stands before it already.
            $body = $each.ToXml() -replace '(?s)^.*?</System>', '' -replace '</Event>\s*$', '' -replace '\r', '' -replace '\n', '&#10;'
            $null = $text.Append("$($each.TimeCreated.ToString('o')) $source.$severity ${program}: record=$($each.RecordId) $body`n")
        }
        Add-Line -Day $day.Name -Text $text.ToString()
    }
    # After the events: a run that was cut copies some twice, and loses none.
    Set-Content -LiteralPath $place -Value $events[-1].RecordId -Encoding ASCII
}
