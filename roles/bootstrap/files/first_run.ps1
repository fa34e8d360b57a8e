# Written by Cartable (role bootstrap): what a new Windows needs so that Ansible reaches it over WinRM, HTTPS only. Run once by the
# first logon of the unattended installation, as administrator; again by hand with first_run.cmd where it stopped.
param(
    [Parameter(Mandatory = $true)][string]$Networks  # subnets that may administer, with commas between them
)
$ErrorActionPreference = 'Stop'
$folder = "$env:ProgramData\Cartable"
New-Item -Path $folder -ItemType Directory -Force | Out-Null
Start-Transcript -LiteralPath "$folder\first_run.log" -Append | Out-Null
try {
    # Setup knows groups by their English names; the account is an administrator in any language.
    $administrators = @(Get-LocalGroupMember -SID 'S-1-5-32-544' | ForEach-Object { $_.SID.Value })
    $me = [Security.Principal.WindowsIdentity]::GetCurrent().User.Value
    if ($administrators -notcontains $me) {
        Add-LocalGroupMember -SID 'S-1-5-32-544' -Member $me
    }

    # Over the network Windows takes a local administrator's rights away, unless this says otherwise.
    $system = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System'
    Set-ItemProperty -LiteralPath $system -Name 'LocalAccountTokenFilterPolicy' -Value 1 -Type DWord

    # Valid from two days ago on: a clock that is ahead now would make it "not yet valid" later.
    $certificate = @{
        DnsName           = $env:COMPUTERNAME
        CertStoreLocation = 'Cert:\LocalMachine\My'
        FriendlyName      = 'Cartable WinRM'
        KeyAlgorithm      = 'RSA'
        KeyLength         = 3072
        NotBefore         = (Get-Date).AddDays(-2)
        NotAfter          = (Get-Date).AddYears(10)
    }
    Get-ChildItem -Path 'Cert:\LocalMachine\My' | Where-Object { $_.FriendlyName -eq 'Cartable WinRM' } | Remove-Item
    $thumbprint = (New-SelfSignedCertificate @certificate).Thumbprint

    Set-Service -Name 'WinRM' -StartupType Automatic
    Start-Service -Name 'WinRM'
    foreach ($listener in @(Get-WSManInstance -ResourceURI 'winrm/config/Listener' -Enumerate)) {
        $selector = @{ Address = $listener.Address; Transport = $listener.Transport }
        Remove-WSManInstance -ResourceURI 'winrm/config/Listener' -SelectorSet $selector
    }
    $selector = @{ Address = '*'; Transport = 'HTTPS' }
    $values = @{ Hostname = $env:COMPUTERNAME; CertificateThumbprint = $thumbprint }
    New-WSManInstance -ResourceURI 'winrm/config/Listener' -SelectorSet $selector -ValueSet $values | Out-Null
    Set-WSManInstance -ResourceURI 'winrm/config/Service' -ValueSet @{ AllowUnencrypted = 'false' } | Out-Null
    Set-WSManInstance -ResourceURI 'winrm/config/Service/Auth' -ValueSet @{ Basic = 'false'; Negotiate = 'true' } | Out-Null

    # The rules of Windows for WinRM over HTTP, whose display names are localized.
    Get-NetFirewallRule -Name 'WINRM-HTTP-*' -ErrorAction SilentlyContinue | Disable-NetFirewallRule
    Get-NetFirewallRule -Group 'Cartable' -ErrorAction SilentlyContinue | Remove-NetFirewallRule
    $rule = @{
        DisplayName   = 'Cartable WinRM HTTPS'
        Group         = 'Cartable'
        Direction     = 'Inbound'
        Action        = 'Allow'
        Protocol      = 'TCP'
        LocalPort     = '5986'
        RemoteAddress = $Networks.Split(',')
        Profile       = 'Any'
    }
    New-NetFirewallRule @rule | Out-Null

    # The role accounts replaces the password of the installation where it finds this file.
    Set-Content -LiteralPath "$folder\bootstrap.txt" -Value "certificate $thumbprint" -Encoding ASCII
} finally {
    # The password of the installation, in clear. The first provision looks for these again.
    $panther = "$env:SystemRoot\Panther"
    $copies = @("$panther\unattend.xml", "$panther\unattend-original.xml", "$env:SystemRoot\System32\Sysprep\Panther\unattend.xml")
    foreach ($copy in $copies) {
        Remove-Item -LiteralPath $copy -Force -ErrorAction SilentlyContinue
    }
    $winlogon = 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon'
    Remove-ItemProperty -LiteralPath $winlogon -Name 'DefaultPassword' -ErrorAction SilentlyContinue
    Set-ItemProperty -LiteralPath $winlogon -Name 'AutoAdminLogon' -Value '0' -Type String
    Remove-ItemProperty -LiteralPath $winlogon -Name 'AutoLogonCount' -ErrorAction SilentlyContinue
    Stop-Transcript | Out-Null
}
shutdown.exe /r /t 20
