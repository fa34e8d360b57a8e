# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runner of many Ansible modules in one execution on the target: one Python, and a fork of it for each module.

It is in the folder of the module files (``cartable_batch_runner.py``); ``batch_bootstrap.py`` calls ``main``. Standard
library
only, Python 3.9 and later. Every module is Ansible's own, run by AnsiballZ's own loader; its output is returned as it is.

The answer: ``{"started": true}``, for each job ``{"job": number, "run": {"rc": status, "stdout": text, "stderr": text}}`` as
soon as it is done, and ``{"end": true}``. Without an end the runner was killed, in the first job that has no answer.
"""

from __future__ import annotations

import atexit
import base64
import gc
import importlib
import json
import os
import shutil
import sys
import tempfile
import time
from contextlib import suppress
from typing import IO, Any, Callable, Mapping, NoReturn, Optional, Sequence

_imports_from: Optional[str] = None  # module folder of the previous call


def main(jobs: Sequence[Mapping[str, Any]], modules: str, write: Callable[[Mapping[str, Any]], None]) -> None:
    """Run ``jobs`` in order, up to a failure; ``modules`` is the folder with the module files. May be called again."""
    _import_from(modules)
    _enter_working_directory()
    from ansible.module_utils._internal._ansiballz import _loader

    _warm_up(jobs)
    write({"started": True})
    for number, job in enumerate(jobs):
        run = _run_with_files(job, lambda call: _loader.run_module(modlib_path=modules, **call))
        write({"job": number, "run": run})
        if _has_failed(_parsed(run["stdout"])) and not job["continue_after_failure"]:
            break
    write({"end": True})


def _import_from(modules: str) -> None:
    """Import from this folder instead of the previous call's, also in packages that are already imported."""
    global _imports_from
    importlib.invalidate_caches()  # a job may have installed the module
    before, _imports_from = _imports_from, modules
    sys.path[:] = [modules, *(path for path in sys.path if path not in (before, modules))]
    if before is None or before == modules:
        return
    for package in list(sys.modules.values()):
        path = getattr(package, "__path__", None)
        if isinstance(path, list):
            path[:] = [
                modules + one[len(before) :] if one.startswith(before + os.sep) else one for one in path
            ]


def _enter_working_directory() -> None:
    """Leave a working directory that the new user cannot enter, as AnsiballZ does."""
    try:
        os.getcwd()
    except OSError:
        try:
            os.chdir(os.path.expanduser("~"))
        except OSError:
            os.chdir("/")


def _warm_up(jobs: Sequence[Mapping[str, Any]]) -> None:
    """Import what each child needs; an import that fails here will fail in the child and be reported there."""
    try:
        from ansible.module_utils.common.json import Direction, get_module_decoder, get_module_encoder

        for profile in {job["call"]["profile"] for job in jobs}:
            get_module_decoder(profile, Direction.CONTROLLER_TO_MODULE)
            get_module_encoder(profile, Direction.MODULE_TO_CONTROLLER)
    except Exception:
        pass
    gc.freeze()  # garbage collection in a child would copy every page


def _run_with_files(
    job: Mapping[str, Any], run_module: Callable[[Mapping[str, Any]], None]
) -> Mapping[str, Any]:
    """Run one job, with its files under random names until it ends."""
    made: list[str] = []
    try:
        for folder in sorted({os.path.dirname(path) for path in job["files"]}):
            os.mkdir(folder, 0o700)
            made.append(folder)
        for path, content in job["files"].items():
            with open(path, "wb") as file:
                file.write(base64.b64decode(content))
        return _run(job, run_module)
    finally:
        for folder in made:
            shutil.rmtree(folder, ignore_errors=True)


def _run(job: Mapping[str, Any], run_module: Callable[[Mapping[str, Any]], None]) -> Mapping[str, Any]:
    """Run a module in a child."""
    out, err = _memory_file("stdout"), _memory_file("stderr")
    child = os.fork()
    if child == 0:
        _in_child(job, run_module, out, err)
    _, status = os.waitpid(child, 0)
    # As a shell tells it: 128 and the signal.
    code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
    return {"rc": code, "stdout": _content(out), "stderr": _content(err)}


def _in_child(
    job: Mapping[str, Any], run_module: Callable[[Mapping[str, Any]], None], out: IO[bytes], err: IO[bytes]
) -> NoReturn:
    status: int = 1
    try:
        os.setpgid(0, 0)
        atexit._clear()  # the buffered output is the runner's
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        os.closerange(3, max(nothing, out.fileno(), err.fileno()) + 1)
        sys.stdin = open(0, encoding="utf-8", closefd=False)
        os.environ.update(job["environment"])
        time.tzset()
        call = dict(job["call"])
        _limit_files(call.pop("rlimit_nofile"))
        sys.argv = [call["module_fqn"]]
        run_module(dict(call, json_params=call["json_params"].encode()))
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else (0 if ended.code is None else 1)
    except BaseException:  # a child must not return into the parent's code
        import traceback

        traceback.print_exc()
    finally:
        with suppress(Exception):
            atexit._run_exitfuncs()  # they remove the module's temporary folder
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except Exception:
            status = status or 1
        os._exit(status)


def _limit_files(number: int) -> None:
    if number:
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if min(hard, number) != soft:
            try:
                resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, number), hard))
            except ValueError:
                pass


def _memory_file(name: str) -> IO[bytes]:
    """A file in memory, so that a module's output, of any size, is not written to a disk."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("cartable-" + name), "w+b")
    return tempfile.TemporaryFile()


def _content(file: IO[bytes]) -> str:
    file.seek(0)
    with file:
        return file.read().decode("utf-8", "surrogateescape")


def _parsed(text: str) -> Optional[dict[str, Any]]:
    """The JSON object in a module's output, found as Ansible does."""
    lines = text.splitlines()
    first = next((n for n, line in enumerate(lines) if line.strip().startswith("{")), None)
    if first is None:
        return None
    for last in range(len(lines), first, -1):
        if lines[last - 1].strip().endswith("}"):
            try:
                found = json.loads("\n".join(lines[first:last]))
            except ValueError:
                return None
            return found if isinstance(found, dict) else None
    return None


def _has_failed(result: Optional[Mapping[str, Any]]) -> bool:
    """Whether the module failed, by Ansible's rule: ``failed``, else a status other than 0, or no result."""
    if result is None:
        return True
    try:
        json.dumps(result, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # Ansible refuses what is no text
        return True
    if "failed" in result:
        return bool(result["failed"])
    return result.get("rc") not in (None, 0, "0")
