"""The error that people are meant to read."""

from __future__ import annotations


class CartableError(Exception):
    """Something that the operator can act upon.

    Its message is one sentence that says what is wrong, where, and what to do. The command line prints it
    and exits with 2; an action plugin turns it into a failed task. Anything else that escapes is a bug.
    """
