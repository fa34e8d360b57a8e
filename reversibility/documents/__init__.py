"""Documents in French, and tables in open formats."""
