"""Where a device sends its logs: as each platform writes it, read back, changed, and refused where it cannot work."""

from __future__ import annotations

import pytest

from reversibility.platforms.driver import ChangeRefused
from reversibility.platforms.log_hosts import SPELLINGS, canonical, commands, read
from reversibility.platforms.model import Configuration
from reversibility.platforms.registry import switch_driver

SERVER = "192.0.2.10"
# A configuration with the least that a driver takes for one, and ``LINES`` in it.
SHOWN = {
    "cisco_ios": "version 17.12\nhostname x\n{}end\n",
    "cisco_nxos": "version 9.3(8)\nhostname x\n{}",
    "aruba_aoss": '; J9776A Configuration Editor; Created on release #YA.16.11.0003\nhostname "x"\n{}',
    "aruba_aoscx": "!Version ArubaOS-CX FL.10.10.1010\nhostname x\n{}",
}


def seen(platform: str, *lines: str) -> dict[str, bytes]:
    path = next(iter(switch_driver(platform).commands))
    return {path: SHOWN[platform].format("".join(f"{line}\n" for line in lines)).encode()}


@pytest.mark.parametrize(
    ("platform", "shown", "meant"),
    [
        ("cisco_ios", "192.0.2.10 transport udp port 514", SERVER),
        ("cisco_ios", "192.0.2.10 transport tcp port 1470", "192.0.2.10 transport tcp port 1470"),
        ("cisco_ios", "192.0.2.10 vrf Mgmt-vrf", "192.0.2.10 vrf Mgmt-vrf"),
        ("cisco_nxos", "192.0.2.10 5 port 514 use-vrf default facility local3", SERVER),
        ("cisco_nxos", "10.125.1.171 6 port 7008", "10.125.1.171 port 7008"),
        ("cisco_nxos", "192.0.2.10 6 port 6514 secure use-vrf management", "192.0.2.10 port 6514 secure"),
        ("aruba_aoss", '192.0.2.10 control-descr "le serveur"', SERVER),
        ("aruba_aoss", "192.0.2.10 tls 6514", "192.0.2.10 tls"),
        ("aruba_aoscx", "192.0.2.10 udp 514 severity info vrf mgmt", SERVER),
        ("aruba_aoscx", "192.0.2.10 tls 6514 auth-mode certificate vrf mgmt", "192.0.2.10 tls"),
        ("aruba_aoscx", "192.0.2.10 tcp 1470", "192.0.2.10 tcp 1470"),
    ],
)
def test_defaults_and_options_that_are_not_managed_are_no_difference(
    platform: str, shown: str, meant: str
) -> None:
    assert read(platform, shown) == meant
    assert switch_driver(platform).parse(seen(platform, f"{SPELLINGS[platform].command} {shown}")).syslog == (
        meant,
    )


@pytest.mark.parametrize("platform", sorted(SPELLINGS))
def test_a_host_with_another_transport_goes_before_the_wanted_one_comes(platform: str) -> None:
    command = SPELLINGS[platform].command
    other = {"cisco_ios": " transport tcp port 1470", "cisco_nxos": " port 1514"}.get(platform, " tcp 1470")
    have = seen(platform, f"{command} {SERVER}{other}", f"{command} 192.0.2.11")
    removed = f"{SERVER}{other}" if platform == "cisco_ios" else SERVER
    planned = switch_driver(platform).plan(Configuration(syslog=(SERVER,)), have)
    assert planned == (
        f"no {command} 192.0.2.11" if removed > "192.0.2.11" else f"no {command} {removed}",
        f"no {command} {removed}" if removed > "192.0.2.11" else f"no {command} 192.0.2.11",
        f"{command} {SERVER}",
    )
    assert switch_driver(platform).plan(Configuration(syslog=()), seen(platform, f"{command} {SERVER}")) == (
        f"no {command} {SERVER}",
    )
    assert switch_driver(platform).plan(Configuration(syslog=None), have) == (), "not declared, not changed"


@pytest.mark.parametrize("platform", sorted(SPELLINGS))
def test_tls_needs_the_authority_on_the_device(platform: str) -> None:
    spelling, wanted = SPELLINGS[platform], Configuration(syslog=(f"{SERVER} tls",))
    with pytest.raises(ChangeRefused, match="authority"):
        switch_driver(platform).plan(wanted, seen(platform))
    known = spelling.authority.strip() + (" cartable" if spelling.authority.endswith(" ") else "")
    planned = switch_driver(platform).plan(wanted, seen(platform, known))
    assert planned == (f"{spelling.command} {SERVER}{spelling.tls}",)
    assert switch_driver(platform).plan(wanted, seen(platform, known, *planned)) == ()


def test_what_is_not_declared_is_nothing_to_do() -> None:
    assert canonical("cisco_ios", None) is None
    assert list(commands("cisco_ios", None, [SERVER])) == []
