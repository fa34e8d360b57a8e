"""Advisories of vendors and CERT-FR, matched against observed software, with the deadlines of the contract (R32)."""
