"""Readable copies of Debian's configuration files: which grammar each file has. A file that is not listed has none."""

from __future__ import annotations

import re
from collections.abc import Callable

from reversibility.market.secret_literals import speaks_of_secret
from reversibility.platforms import debian_network
from reversibility.platforms.redaction import MASK, clean, prose
from reversibility.platforms.text_redaction import comment, redact_lines, setting, settings, table, value

_ASSIGNMENT = r"(\s*(?:export\s+)?[A-Za-z_][A-Za-z0-9_]*)(=)(.*)"
_EQUALS = r"([^=\[\]]+?)(\s*=\s*)(.*)"
_WORD_VALUE = r"(\s*[A-Za-z][A-Za-z0-9]*)([ \t]*=[ \t]*|[ \t]+)(\S.*)"
_COLON = r"([A-Za-z][A-Za-z0-9-]*)(:\s*)(.*)"
# Names below /etc/default and in locale.conf whose values are no secret; of others only plain values are shown.
_SHELL_NAMES_TEXT = """
LANG LANGUAGE XKBMODEL XKBLAYOUT XKBVARIANT XKBOPTIONS BACKSPACE ACTIVE_CONSOLES CHARMAP CODESET FONTFACE
FONTSIZE VIDEOMODE SHELL GROUP HOME SKEL INACTIVE EXPIRE CREATE_MAIL_SPOOL GRUB_DEFAULT GRUB_TIMEOUT
GRUB_DISTRIBUTOR GRUB_CMDLINE_LINUX GRUB_CMDLINE_LINUX_DEFAULT HWCLOCKACCESS TMPTIME VERBOSE UTC SSHD_OPTS
NFSD_OPTS RPCNFSDCOUNT
"""
_SHELL_NAMES = frozenset(_SHELL_NAMES_TEXT.split())
_SSHD_TEXT = """
acceptenv addressfamily allowagentforwarding allowgroups allowstreamlocalforwarding allowtcpforwarding
allowusers authenticationmethods authorizedkeyscommand authorizedkeyscommanduser authorizedkeysfile
authorizedprincipalscommand authorizedprincipalscommanduser authorizedprincipalsfile banner
casignaturealgorithms channeltimeout chrootdirectory ciphers clientalivecountmax clientaliveinterval
compression denygroups denyusers disableforwarding exposeauthinfo fingerprinthash forcecommand gatewayports
gssapiauthentication gssapicleanupcredentials gssapikeyexchange gssapistorecredentialsonrekey
gssapistrictacceptorcheck hostbasedacceptedalgorithms hostbasedauthentication hostbasedusesnamefrompacketonly
hostcertificate hostkey hostkeyagent hostkeyalgorithms ignorerhosts ignoreuserknownhosts include ipqos
kbdinteractiveauthentication kerberosauthentication kerberosgetafstoken kerberosorlocalpasswd
kerberosticketcleanup kexalgorithms listenaddress logingracetime loglevel logverbose macs match maxauthtries
maxsessions maxstartups modulifile passwordauthentication permitemptypasswords permitlisten permitopen
permitrootlogin permittty permittunnel permituserenvironment permituserrc persourcemaxstartups
persourcenetblocksize persourcepenalties pidfile port printlastlog printmotd pubkeyacceptedalgorithms
pubkeyauthentication pubkeyauthoptions rdomain rekeylimit requiredrsasize revokedkeys securitykeyprovider
streamlocalbindmask streamlocalbindunlink strictmodes subsystem syslogfacility tcpkeepalive trustedusercakeys
unusedconnectiontimeout usedns usepam versionaddendum x11displayoffset x11forwarding x11uselocalhost
xauthlocation challengeresponseauthentication
"""
_SSHD = frozenset(_SSHD_TEXT.split())
_DEB822_TEXT = """
types uris suites components signed-by architectures languages enabled trusted targets pdiffs by-hash
check-valid-until valid-until-min valid-until-max check-date date-max-future inrelease-path snapshot
allow-insecure allow-weak allow-downgrade-to-insecure package pin pin-priority explanation
"""
_DEB822 = frozenset(_DEB822_TEXT.split())
_KEY_TYPES = r"(?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]{1,60}"
_PUBLIC_KEY = re.compile(rf"(?:(\S.*?)[ \t]+)?({_KEY_TYPES}[ \t]+AAAA[A-Za-z0-9+/=]*)([ \t].*)?")
_DEB_LINE = re.compile(r"\s*deb(?:-src)?\s+(?:\[[^\]]*\]\s+)?\S+\s+\S+.*")
_APT_STATEMENT = re.compile(r"\s*(?:#clear\b.*|\}.*|.*[;{]\s*)")
_SUDO_LINE = re.compile(r"\s*(?:[@#]include(?:dir)?\s+\S+|Defaults\b.*|[^=]+=.*)")
_HOSTS_LINE = r"[0-9a-fA-F.:%]+(?:\s+[\w.-]+)+"
_FSTAB_LINE = r"\S+\s+(?:/\S*|none|swap)\s+[\w.,-]+\s+\S+(?:\s+\d+){0,2}"
_CONTINUED = re.compile(r"\s+(?:\.|[a-z][a-z0-9+.-]{0,20}://\S+|[\w.+/=-]+(?:\s+[\w.+/=-]+)*)\s*")
_NFT_TEXT = """
accept add chain comment continue counter ct daddr define delete destroy dnat drop dport elements ether fib flags flow
flowtable flush goto hook icmp icmpv6 iif iifname include insert interval ip ip6 jump limit list log map mark masquerade
meta numgen oif oifname policy priority queue quota redefine redirect reject return rule ruleset saddr set size snat
socket sport synproxy table tcp th timeout tproxy type typeof udp vlan vmap auto-merge devices replace reset rename
"""
_NFT = frozenset(_NFT_TEXT.split())
_NFT_WORD = re.compile(r"[\w-]+")
_NO_PASSWORD = ("x", "*", "!", "!!", "")


def _always(_: str) -> bool:
    return True


def _accounts(fields: int) -> Callable[[str], str | None]:
    def grammar(line: str) -> str | None:
        if not line:
            return ""
        found = line.split(":")
        if len(found) != fields:
            return None
        if found[1] not in _NO_PASSWORD:
            found[1] = MASK
        if fields == 7:
            found[4] = prose(found[4])  # what people write about the account
        return ":".join(found)

    return grammar


def _sshd(line: str) -> str | None:
    bare = line.strip()
    if not bare or bare[0] == "#":
        return comment(line)
    found = re.fullmatch(_WORD_VALUE, line)
    if found is None:
        return None
    if found[1].strip().lower() in _SSHD:
        return found[1] + found[2] + value(found[3])
    return setting(found[1], found[2], found[3], known=False)


def _authorized_keys(line: str) -> str | None:
    bare = line.strip()
    if not bare or bare[0] == "#":
        return comment(line)
    found = _PUBLIC_KEY.fullmatch(bare)
    if found is None:
        return None
    options, key, remark = found[1], found[2], found[3] or ""
    if options and ("environment" in options or "command" in options):
        options = MASK  # a command may have a password among its arguments
    return (f"{options} " if options else "") + key + prose(remark)


def _deb_line(line: str) -> str | None:
    bare = line.strip()
    if not bare or bare[0] == "#":
        return comment(line)
    return value(line) if _DEB_LINE.fullmatch(line) else None


def _deb822(line: str) -> str | None:
    if not line.strip() or line[0] == "#":
        return comment(line)
    if line[0] in " \t":
        return value(line) if _CONTINUED.fullmatch(line) else None
    found = re.fullmatch(_COLON, line)
    if found is None or found[1].lower() not in _DEB822:
        return None
    if found[1].lower() == "explanation":
        return found[1] + found[2] + comment(found[3])
    return found[1] + found[2] + value(found[3])


def _apt(line: str) -> str | None:
    bare = line.strip()
    if not bare or bare.startswith(("//", "#", "/*", "*")):
        return comment(line)
    if not _APT_STATEMENT.fullmatch(line):
        return None
    name, quote, rest = line.partition('"')
    return setting(name, quote, rest, known=True) if quote else value(line)


def _sudoers(line: str) -> str | None:
    bare = line.strip()
    if not bare:
        return ""
    if _SUDO_LINE.fullmatch(line) and bare[0] != "#":
        return value(line)
    if bare[0] == "#":
        return comment(line)
    return None


def _nftables(line: str) -> str | None:
    code, sign, remark = line.partition("#")
    statement, quote, quoted = code.partition('"')
    words = _NFT_WORD.findall(statement)
    listed = (
        not words
        or statement.strip()[0] in "{}:@$"
        or words[0][0].isdigit()
        or statement.rstrip().endswith(",")
    )
    known = bool(words) and words[0] in _NFT
    if not (listed or known) or any(speaks_of_secret(word) for word in words if word != "bypass"):
        return None
    return value(statement) + quote + comment(quoted) + (comment(sign + remark) if sign else "")


def _hostname(line: str) -> str | None:
    return line if re.fullmatch(r"[A-Za-z0-9.-]{0,253}", line) else None


def netrc(text: str) -> str | None:
    """apt's auth.conf, in the grammar of netrc: words in pairs, over all lines."""
    cleaned = clean(text)
    if cleaned is None:
        return None
    shown, name = [], ""
    for token in re.split(r"(\s+)", cleaned):
        if not token or token.isspace():
            shown.append(token)
        elif name:
            shown.append(token if name in ("machine", "login") and "@" not in token else MASK)
            name = ""
        elif token in ("machine", "login", "password", "account"):
            name = token
            shown.append(token)
        elif token == "default":
            shown.append(token)
        else:
            return None  # a macro, a comment
    return "".join(shown)


def _by_line(grammar: Callable[[str], str | None]) -> Callable[[str], str | None]:
    return lambda text: redact_lines(text, grammar)


_SHELL = _by_line(
    settings(_ASSIGNMENT, lambda name: name.split()[-1] in _SHELL_NAMES or name.startswith("LC_"))
)
_SECTIONS = _by_line(settings(_EQUALS, _always, comments="#;", sections=True))

REDACTIONS: tuple[tuple[re.Pattern[str], Callable[[str], str | None]], ...] = (
    debian_network.REDACTIONS
    + tuple(
        (re.compile(pattern), redaction)
        for pattern, redaction in (
            (r"/etc/passwd", _by_line(_accounts(7))),
            (r"/etc/group", _by_line(_accounts(4))),
            (r"/etc/hostname", _by_line(_hostname)),
            (r"/etc/hosts", _by_line(table(_HOSTS_LINE))),
            (r"/etc/fstab", _by_line(table(_FSTAB_LINE))),
            (r"/etc/locale\.conf|/etc/default/.*", _SHELL),
            (r"/etc/ssh/sshd_config(?:\.d/.*)?", _by_line(_sshd)),
            (
                r"/etc/ssh/ssh_host_[a-z0-9]+_key\.pub|/(?:root|home/[^/]+)/\.ssh/authorized_keys2?",
                _by_line(_authorized_keys),
            ),
            (r"/etc/samba/smb\.conf", _SECTIONS),
            (r"/etc/systemd/.*", _SECTIONS),
            (r"/etc/sysctl\.d/.*", _by_line(settings(_EQUALS, _always, comments="#;"))),
            (r"/etc/nftables\.(?:conf|d/.*)", _by_line(_nftables)),
            (r"/etc/sudoers(?:\.d/.*)?", _by_line(_sudoers)),
            (r"/etc/apt/auth\.conf(?:\.d/.*)?", netrc),
            (r"/etc/apt/apt\.conf(?:\.d/.*)?", _by_line(_apt)),
            (r"/etc/apt/sources\.list\.d/.*\.sources|/etc/apt/preferences(?:\.d/.*)?", _by_line(_deb822)),
            (r"/etc/apt/sources\.list(?:\.d/.*\.list)?", _by_line(_deb_line)),
        )
    )
)


def redact(path: str, text: str) -> str | None:
    """The readable copy of a file; None where there is none."""
    for pattern, redaction in REDACTIONS:
        if pattern.fullmatch(path):
            return redaction(text)
    return None
