"""Taking a market over from its bundle: the steps of ``reversibility takeover``, each of which can be run again."""
