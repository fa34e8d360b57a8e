"""Simulated OpenWrt access point: the project's real scripts over real SSH, against simulated uci, ubus and passwd."""

from __future__ import annotations

import secrets
import subprocess
import sys
from pathlib import Path

from tests.project import PROJECT
from tests.simulators.network.unix import UnixDevice

FOLDERS = ("/run", "/etc")
ENVIRONMENT = {"SIMULATED_PYTHON": sys.executable, "PYTHONPATH": str(PROJECT), "PYTHONDONTWRITEBYTECODE": "1"}
FACTORY = {
    "/etc/config/wireless": """
config wifi-device 'radio0'
	option type 'mac80211'
	option band '2g'
	option channel '1'
	option disabled '1'

config wifi-iface 'default_radio0'
	option device 'radio0'
	option network 'lan'
	option mode 'ap'
	option ssid 'OpenWrt'
	option encryption 'none'

config wifi-iface
	option device 'radio0'
	option network 'lan'
	option mode 'ap'
	option ssid 'anonyme'

config wifi-device 'radio1'
	option type 'mac80211'
	option band '5g'
	option channel '36'
	option disabled '1'

config wifi-iface 'mesh'
	option device 'radio1'
	option mode 'mesh'
""",
    "/etc/config/network": """
config interface 'lan'
	option device 'br-lan'
	option proto 'static'
	option ipaddr '{address}'

config device
	option name 'br-lan'
	option type 'bridge'
	list ports 'lan1'
""",
    "/etc/config/system": "config system\n\toption hostname '{name}'\n",
    "/etc/crontabs/root": "5 4 * * 0 /usr/sbin/other\n",
    "/etc/init.d/cron": "#!/bin/sh\necho $1 >> /run/simulated/cron\n",
    "/etc/passwd": "root:x:0:0:root:/root:/bin/ash\n",
}


class OpenwrtDevice(UnixDevice):
    """An access point as a person leaves it: with its name, its address and root's first password."""

    def __init__(
        self,
        name: str,
        *,
        password: str,
        address: str = "127.0.0.1",
        store: Path | None = None,
        port: int = 0,
    ) -> None:
        super().__init__(
            "openwrt_tools",
            FOLDERS,
            password=password,
            address=address,
            environment=ENVIRONMENT,
            store=store,
            port=port,
        )
        self.name = name

    def __enter__(self) -> OpenwrtDevice:
        super().__enter__()
        if "shadow" not in self.at_the_device("ls /etc"):
            self.reset()
        self.at_the_device("mkdir -p /run/rpcd")
        return self

    def reset(self) -> None:
        """Make it what a person leaves."""
        for path, text in FACTORY.items():
            text = text.format(address="127.1.10.10", name=self.name)
            self.put(path, text, 0o755 if "init.d" in path else 0o644)
        self.put(
            "/etc/shadow", f"root:{hashed(self.password)}:0:0:99999:7:::\ndaemon:*:0:0:99999:7:::\n", 0o600
        )

    def opens(self, username: str, password: str) -> bool:
        """Whether the hash in ``/etc/shadow`` is that of the password."""
        for line in self.at_the_device("cat /etc/shadow").splitlines():
            name, known, *_ = line.split(":")
            if name == username and known.startswith("$6$"):
                return secrets.compare_digest(hashed(password, known.split("$")[2]), known)
        return False


def hashed(password: str, salt: str = "") -> str:
    """The hash of a password as ``/etc/shadow`` has it (SHA-512 of crypt(5))."""
    command = ["openssl", "passwd", "-6", "-salt", salt or secrets.token_hex(8), "-stdin"]
    return subprocess.run(command, input=password, text=True, check=True, capture_output=True).stdout.strip()
