#!powershell

# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#AnsibleRequires -CSharpUtil Ansible.Basic

using namespace System.Security.Cryptography
using namespace System.Security.Cryptography.X509Certificates

$spec = @{
    options = @{
        name = @{ type = 'str'; required = $true }
        subject = @{ type = 'str'; default = '/CN=request' }
        names = @{ type = 'list'; elements = 'str'; default = @() }
        certificate = @{ type = 'str'; default = '' }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$title = "Cartable $($module.Params.name)"  # name of the key, friendly name of the certificate
$provider = [CngProvider]::MicrosoftSoftwareKeyStorageProvider

function ConvertTo-Pem {
    param ($Label, [byte[]]$Data)
    $text = [Convert]::ToBase64String($Data, [Base64FormattingOptions]::InsertLineBreaks) -replace "`r", ''
    return "-----BEGIN $Label-----`n$text`n-----END $Label-----`n"
}

function ConvertTo-DistinguishedName {
    # /C=FR/O=Commune/CN=PC, as OpenSSL writes it; .NET takes the last part first.
    param ($Subject)
    $parts = @($Subject.TrimStart('/').Split('/') | ForEach-Object {
            $pair = $_ -split '=', 2
            '{0}="{1}"' -f $pair[0], $pair[1].Replace('"', '""')
        })
    [array]::Reverse($parts)
    return New-Object -TypeName X500DistinguishedName -ArgumentList ($parts -join ', ')
}

function Get-MachineKey {
    # The key of this name, made where there is none. It cannot be exported.
    param ($Name, $Provider)
    if ([CngKey]::Exists($Name, $Provider, [CngKeyOpenOptions]::MachineKey)) {
        return [CngKey]::Open($Name, $Provider, [CngKeyOpenOptions]::MachineKey)
    }
    $wanted = New-Object -TypeName CngKeyCreationParameters
    $wanted.Provider = $Provider
    $wanted.KeyCreationOptions = [CngKeyCreationOptions]::MachineKey
    $wanted.ExportPolicy = [CngExportPolicies]::None
    $length = New-Object -TypeName CngProperty -ArgumentList 'Length', ([BitConverter]::GetBytes(3072)), ([CngPropertyOptions]::None)
    $wanted.Parameters.Add($length)
    return [CngKey]::Create([CngAlgorithm]::Rsa, $Name, $wanted)
}

function Get-Request {
    param ($Key, $Subject, $Names)
    $name = ConvertTo-DistinguishedName -Subject $Subject
    $request = New-Object -TypeName CertificateRequest -ArgumentList $name, $Key, ([HashAlgorithmName]::SHA256), ([RSASignaturePadding]::Pkcs1)
    if ($Names.Count -gt 0) {
        $alternatives = New-Object -TypeName SubjectAlternativeNameBuilder
        foreach ($each in $Names) {
            $address = $null
            if ([Net.IPAddress]::TryParse($each, [ref]$address)) {
                $alternatives.AddIpAddress($address)
            }
            else {
                $alternatives.AddDnsName($each)
            }
        }
        $request.CertificateExtensions.Add($alternatives.Build($false))
    }
    return ConvertTo-Pem -Label 'CERTIFICATE REQUEST' -Data $request.CreateSigningRequest()
}

if ($null -eq ('System.Security.Cryptography.X509Certificates.CertificateRequest' -as [type])) {
    $module.FailJson('This Windows has no .NET Framework 4.7.2, which makes requests; install it with Windows Update.')
}
$store = New-Object -TypeName X509Store -ArgumentList ([StoreName]::My), ([StoreLocation]::LocalMachine)
try {
    $store.Open([OpenFlags]::ReadWrite)
    $present = @($store.Certificates | Where-Object { $_.FriendlyName -ceq $title -and $_.HasPrivateKey } | Sort-Object -Property NotAfter)
    $made = -not [CngKey]::Exists($title, $provider, [CngKeyOpenOptions]::MachineKey)
    $module.Result.changed = $made
    $module.Result.request = ''
    $rsa = $null
    if (-not ($made -and $module.CheckMode)) {
        $rsa = New-Object -TypeName RSACng -ArgumentList (Get-MachineKey -Name $title -Provider $provider)
        $module.Result.request = Get-Request -Key $rsa -Subject $module.Params.subject -Names $module.Params.names
    }
    if ($module.Params.certificate) {
        $bytes = [Text.Encoding]::ASCII.GetBytes($module.Params.certificate)
        $new = New-Object -TypeName X509Certificate2 -ArgumentList @(, $bytes)
        if (@($present | Where-Object { $_.Thumbprint -eq $new.Thumbprint }).Count -eq 0 -or $present.Count -gt 1) {
            $module.Result.changed = $true
            if (-not $module.CheckMode) {
                # Refused when the certificate is not of this key. The old one goes after the new one has come.
                $whole = [RSACertificateExtensions]::CopyWithPrivateKey($new, $rsa)
                $whole.FriendlyName = $title
                $store.Add($whole)
                foreach ($old in $present | Where-Object { $_.Thumbprint -ne $new.Thumbprint }) {
                    $store.Remove($old)
                }
                $present = @($whole)
            }
        }
    }
    $module.Result.certificate = ''
    $module.Result.thumbprint = ''
    if ($present.Count -gt 0) {
        $module.Result.certificate = ConvertTo-Pem -Label 'CERTIFICATE' -Data $present[-1].RawData
        $module.Result.thumbprint = $present[-1].Thumbprint
    }
}
catch {
    $module.FailJson("The certificate $($module.Params.name) cannot be requested or installed: $($_.Exception.Message)", $_)
}
finally {
    $store.Close()
}
$module.ExitJson()
