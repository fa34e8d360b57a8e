"""The subcommands of the command ``reversibility``, one file a subject."""
