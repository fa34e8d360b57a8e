"""Platform drivers: grammar, parsing, redaction and rendering of each platform's configuration. Pure, without I/O."""
