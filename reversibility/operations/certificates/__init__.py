"""Certificates: the market's certificate authority, what it has issued, and what was seen on the assets."""
