"""Decisions: calendar, advisories and deadlines, certificates, rotation, holiday run, take-over."""
