#!powershell

# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#AnsibleRequires -CSharpUtil Ansible.Basic

$spec = @{
    options = @{
        queues = @{
            type = 'list'
            elements = 'dict'
            required = $true
            options = @{
                name = @{ type = 'str'; required = $true }
                state = @{ type = 'str'; choices = 'present', 'absent'; default = 'present' }
                address = @{ type = 'str' }
                port = @{ type = 'int'; default = 9100 }
                driver = @{ type = 'str' }
                driver_inf = @{ type = 'str' }
                duplex = @{ type = 'str'; choices = 'one_sided', 'long_edge', 'short_edge'; default = 'long_edge' }
                color = @{ type = 'bool'; default = $false }
                location = @{ type = 'str'; default = '' }
                comment = @{ type = 'str'; default = '' }
            }
            required_if = @(, @('state', 'present', @('address', 'driver')))
        }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$duplexModes = @{ one_sided = 'OneSided'; long_edge = 'TwoSidedLongEdge'; short_edge = 'TwoSidedShortEdge' }

function Get-PrintQueue {
    # What a queue is set to, as the options have it; nothing where there is none.
    param ($Name)
    $printer = Get-Printer -Name $Name -ErrorAction SilentlyContinue
    if ($null -eq $printer) {
        return $null
    }
    $port = Get-PrinterPort -Name $printer.PortName -ErrorAction SilentlyContinue
    $configuration = Get-PrintConfiguration -PrinterName $Name -ErrorAction Stop
    return [ordered]@{
        address = [string]$port.PrinterHostAddress
        port = [int]$port.PortNumber
        driver = $printer.DriverName
        duplex = [string]$configuration.DuplexingMode
        color = [bool]$configuration.Color
        location = [string]$printer.Location
        comment = [string]$printer.Comment
    }
}

function Get-WantedQueue {
    param ($Queue)
    return [ordered]@{
        address = $Queue.address
        port = $Queue.port
        driver = $Queue.driver
        duplex = $duplexModes[$Queue.duplex]
        color = $Queue.color
        location = $Queue.location
        comment = $Queue.comment
    }
}

function Add-QueuePort {
    # The name of a port that leads there. One that was led elsewhere cannot be removed while a queue uses it: another name is taken.
    param ($Address, $Number)
    $suffix = ''
    while ($true) {
        $name = "Cartable ${Address}:${Number}${suffix}"
        $port = Get-PrinterPort -Name $name -ErrorAction SilentlyContinue
        if ($null -eq $port) {
            Add-PrinterPort -Name $name -PrinterHostAddress $Address -PortNumber $Number -ErrorAction Stop
            return $name
        }
        if ([string]$port.PrinterHostAddress -eq $Address -and [int]$port.PortNumber -eq $Number) {
            return $name
        }
        $suffix += '+'
    }
}

function Set-PrintQueue {
    # Driver, port, queue, then what it prints by default; each only where it is missing or differs.
    param ($Queue, $Wanted, $Found)
    if ($null -eq (Get-PrinterDriver -Name $Queue.driver -ErrorAction SilentlyContinue)) {
        if ($Queue.driver_inf) {
            $null = pnputil.exe /add-driver $Queue.driver_inf
        }
        Add-PrinterDriver -Name $Queue.driver -ErrorAction Stop
    }
    $portName = Add-QueuePort -Address $Queue.address -Number $Queue.port
    if ($null -eq $Found) {
        Add-Printer -Name $Queue.name -DriverName $Queue.driver -PortName $portName -ErrorAction Stop
    }
    $printer = @{ DriverName = $Queue.driver; PortName = $portName; Location = $Wanted.location; Comment = $Wanted.comment }
    Set-Printer -Name $Queue.name @printer -ErrorAction Stop
    $configuration = @{ DuplexingMode = $Wanted.duplex; Color = $Wanted.color }
    Set-PrintConfiguration -PrinterName $Queue.name @configuration -ErrorAction Stop
}

$before = [ordered]@{}
$after = [ordered]@{}
foreach ($queue in $module.Params.queues) {
    $name = $queue.name
    try {
        $found = Get-PrintQueue -Name $name
        $wanted = $null
        if ($queue.state -eq 'present') {
            $wanted = Get-WantedQueue -Queue $queue
        }
        if ((ConvertTo-Json -InputObject $found -Compress) -ceq (ConvertTo-Json -InputObject $wanted -Compress)) {
            continue
        }
        $before[$name] = $found
        $after[$name] = $wanted
        if ($module.CheckMode) {
            continue
        }
        if ($null -eq $wanted) {
            Remove-Printer -Name $name -ErrorAction Stop
            continue
        }
        Set-PrintQueue -Queue $queue -Wanted $wanted -Found $found
        # A driver may take a setting without a word and keep its own.
        $kept = Get-PrintQueue -Name $name
        $left = @($wanted.Keys | Where-Object { $kept[$_] -ne $wanted[$_] })
        if ($left.Count -gt 0) {
            $module.FailJson("The queue $name did not take: $($left -join ', '). Its driver $($queue.driver) does not know it; name another driver")
        }
    }
    catch {
        $module.FailJson("The queue $name cannot be set: $($_.Exception.Message)", $_)
    }
}

$module.Result.changed = $after.Count -gt 0
$module.Result.changed_queues = [string[]]@($after.Keys)
$module.Diff.before = $before
$module.Diff.after = $after
$module.ExitJson()
