"""Normalisation of results: removes values that differ between two runs of the same tasks."""

from __future__ import annotations

import re
from typing import Any

# Times, inode numbers and process numbers of files and commands.
_KEYS = frozenset(
    {
        "start",
        "end",
        "delta",
        "atime",
        "mtime",
        "ctime",
        "inode",
        "dev",
        "version",
        "ansible_job_id",
        "results_file",
        "elapsed",
        "volatile",
        "stop",
    }
)
_TEXTS = (
    (re.compile(r"[^\s\"']*/ansible-tmp-[^/\s\"']+"), "TEMPORARY"),  # the ordinary way's folder on the target
    (re.compile(r"/tmp/cartable-batch-[^/\s\"']+"), "TEMPORARY"),  # the batch's
    (
        re.compile(r"[^\s\"']*/ansible-local-[^\s\"']+/"),
        "TEMPORARY/",
    ),  # files that were rendered on the controller
    (
        re.compile(r"[^\s\"']*/ansible_[\w.]+_payload_\w+/[^\s\"']*zip"),
        "MODULES",
    ),  # an archive of modules, in a trace
    (re.compile(r"(^|TEMPORARY/)\.[a-z0-9_]{8}$"), r"\1.NAME"),  # a file for the argument content
    (re.compile(r"^Killed\r?\n$"), ""),  # said by the shell between Ansible and a module, where there is one
    (re.compile(r"Paused for [0-9.]+ seconds"), "Paused"),
    (re.compile(r"could not be sent to remote host.*"), "NOT REACHED"),  # ssh says when it noticed
    (re.compile(r"/pre\.\w+\.post"), "/pre.X.post"),  # made by tempfile
    (re.compile(r"\.\d+\.\d{4}-\d\d-\d\d@\d\d:\d\d:\d\d~"), ".BACKUP"),
    (re.compile(r"all_(ordinary|batch)_\d\.yml"), "all.yml"),
    (re.compile(r"-----BEGIN CERTIFICATE REQUEST-----[^-]+"), "REQUEST"),  # its signature has a random number
)


def normal(value: Any, root: str) -> Any:
    """``value`` without what may differ; ``root`` is the target's folder."""
    if (
        isinstance(value, dict) and "UnitFileState" in value
    ):  # all that systemd knows, times and unordered lists among it
        value = {key: value.get(key) for key in ("Id", "ActiveState", "UnitFileState")}
    if isinstance(value, dict):
        return {key: "…" if key in _KEYS else normal(inner, root) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [normal(inner, root) for inner in value]
    if isinstance(value, str):
        value = value.replace(root, "ROOT")
        for pattern, instead in _TEXTS:
            value = pattern.sub(instead, value)
    return value
