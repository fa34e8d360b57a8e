# Written by Cartable (role shared_pc): removes the profile of the shared account, and with it what its last user left.
$account = '@ACCOUNT@'
$user = Get-LocalUser -Name $account -ErrorAction SilentlyContinue
if ($null -ne $user) {
    $filter = "SID = '$($user.SID.Value)' AND Loaded = FALSE AND Special = FALSE"
    Get-CimInstance -ClassName Win32_UserProfile -Filter $filter | Remove-CimInstance
}
