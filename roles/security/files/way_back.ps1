# Written by Cartable (role security): gives the administration its way in again. Run by Task Scheduler as SYSTEM when
# nobody has removed the task in time. It undoes nothing that cannot shut WinRM out.
$ErrorActionPreference = 'Continue'
$system = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System'
Set-ItemProperty -LiteralPath $system -Name 'LocalAccountTokenFilterPolicy' -Value 1 -Type DWord
$policy = 'HKLM:\SOFTWARE\Policies\Microsoft\Windows\WinRM\Service'
if (Test-Path -LiteralPath $policy) {
    Remove-Item -LiteralPath $policy -Recurse -Force
}
Set-Service -Name 'WinRM' -StartupType Automatic
Start-Service -Name 'WinRM'
$rule = @{ Name = 'CartableWayBack'; DisplayName = 'Cartable acces de secours'; Group = 'Cartable' }
if (-not (Get-NetFirewallRule -Name 'CartableWayBack' -ErrorAction SilentlyContinue)) {
    New-NetFirewallRule @rule -Direction Inbound -Action Allow -Protocol TCP -LocalPort 5986
}
Get-NetFirewallRule -Direction Inbound -Action Block -Group 'Cartable' -ErrorAction SilentlyContinue | Disable-NetFirewallRule
