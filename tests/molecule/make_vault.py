"""Creates the vault of a test market with a cheap key derivation, since a scenario opens it some thirty times.

``python make_vault.py MARKET_FOLDER``; the passphrase comes from where CARTABLE_VAULT_PASSPHRASE_COMMAND says.
"""

import sys
from pathlib import Path

from reversibility.commands.vault import publish_recipient
from reversibility.market.paths import MarketPaths
from reversibility.records import passphrase as passphrases
from reversibility.records.vault import KdfCost, Vault

if __name__ == "__main__":
    paths = MarketPaths.for_inventory(Path(sys.argv[1]))
    source = passphrases.configured_source()
    passphrase = passphrases.read_passphrase(command=source.command, fd=source.fd, prompt=False)
    publish_recipient(
        Vault.create(paths.vault, passphrase, cost=KdfCost(memory_mib=19, passes=2, lanes=1)), paths.state
    )
