"""What people receive: documents in French, and tables in open formats."""
