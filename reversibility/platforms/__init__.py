"""Platform drivers: everything that is known about a platform's configuration. Pure: no input, no output."""
