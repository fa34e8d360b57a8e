"""What the tests of the shares have in common: a client, and a file in each space."""

import pytest

SPACES = ("direction", "enseignants", "eleves")


@pytest.fixture
def smb(machine, secret):
    """Run smbclient as an account. It reads the password from its standard input."""

    def run(account, space, command, *options):
        login = f"username = {account}\npassword = {secret(account)}\n"
        argv = ["smbclient", "--authentication-file=/dev/stdin", "--client-protection=encrypt", *options]
        return machine.run(*argv, f"--command={command}", f"//127.0.0.1/{space}", stdin=login)

    return run


@pytest.fixture(autouse=True, scope="session")
def files(machine):
    """A file of each space, as somebody who may write there would leave it."""
    each = "cd /srv/partages/$space; printf bonjour > present.txt; chmod 0660 present.txt"
    made = machine.run("sh", "-euc", f"for space in {' '.join(SPACES)}; do {each}; done")
    assert made.returncode == 0, made.stderr
