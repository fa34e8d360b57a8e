"""What a PC downloads: from the test's table, or from a real server on the loopback."""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request

from .api import Call


class DownloadError(Exception):
    """The text of the exception that WebRequest raises."""


def download(call: Call, url: str) -> bytes:
    """Content of a URL; DownloadError with Windows' text."""
    if url in call.pc.web:
        return call.pc.web[url]
    parts = urllib.parse.urlsplit(url)
    if parts.scheme in ("http", "https") and parts.hostname in ("127.0.0.1", "localhost"):
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            raise DownloadError(
                f"The remote server returned an error: ({error.code}) {error.reason}."
            ) from error
        except OSError as error:
            raise DownloadError("Unable to connect to the remote server") from error
    if any(urllib.parse.urlsplit(known).hostname == parts.hostname for known in call.pc.web):
        raise DownloadError("The remote server returned an error: (404) Not Found.")
    raise DownloadError(f"The remote name could not be resolved: '{parts.hostname}'")
