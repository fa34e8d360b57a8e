# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs many Ansible modules in one execution on the target: one Python, warmed up once, and a fork for each module.

It stands in a cached folder beside the module files (``cartable_batch_runner.py``) and is started by ``BOOTSTRAP`` of the
controller's ``payload.py``. Standard library only, Python 3.9 and later. Every module is Ansible's own, unchanged, run by
AnsiballZ's own loader; what it prints is handed back as it is.

The answer begins with ``{"started": true}``, has one line of JSON a job, written as soon as it is known: ``{"job": number,
"runs": [run, …]}``, with ``run = {"module": name, "rc": status, "stdout": text, "stderr": text}``, and ends with
``{"end": true}``. Without an end the runner itself was killed, in the first job that has no answer.
"""

# What is quick on a target: os.path and try. Its files in memory live longer than a block.
# ruff: noqa: PTH109, PTH111, PTH117, PTH118, PTH122, PTH123, SIM105, SIM115

from __future__ import annotations

import atexit
import base64
import gc
import hashlib
import importlib
import json
import os
import shutil
import signal
import stat
import sys
import tempfile
import time
from contextlib import suppress
from typing import IO, Any, Callable, Iterable, Mapping, NoReturn, Optional, Sequence

LARGEST_READ = 1024 * 1024  # bytes of a file that is compared here
MARK = "cartable-batch:"  # before each line of the answer, so that a login banner or a shell's greeting is no trouble


def main(spec: Mapping[str, Any], modules: str) -> None:
    """Run the jobs of ``spec`` in order; ``modules`` is the folder with the module files.

    ``spec``: ``{"jobs": [job, …]}``. It may be called again, with other modules.
    """
    _import_from(modules)
    _working_directory()
    from ansible.module_utils._internal._ansiballz import _loader

    _warm_up(spec["jobs"])
    runner = _Runner(modules, _loader.run_module)
    _write({"started": True})
    for job in spec["jobs"]:
        verdict = runner.job(job)
        _write({"job": job["number"], "runs": runner.runs, "undecided": verdict == "undecided"})
        if verdict != "go on" or (job["last_of_task"] and runner.failed):
            break
        if job["last_of_task"]:
            runner.failed = False
    _write({"end": True})


def _import_from(modules: str) -> None:
    """Look for modules in this folder and no more in that of the call before, packages that are imported already included."""
    importlib.invalidate_caches()  # a job may have brought what is looked for
    before, _Runner.imports_from = _Runner.imports_from, modules
    sys.path[:] = [modules, *(path for path in sys.path if path not in (before, modules))]
    if before in (None, modules):
        return
    for package in list(sys.modules.values()):
        path = getattr(package, "__path__", None)
        if isinstance(path, list):
            path[:] = [
                modules + one[len(before) :] if one.startswith(before + os.sep) else one for one in path
            ]


def _warm_up(jobs: Sequence[Mapping[str, Any]]) -> None:
    """Import for all children at once what each of them needs; what fails here fails in the child that needs it."""
    try:
        from ansible.module_utils.common.json import Direction, get_module_decoder, get_module_encoder

        for profile in {call["profile"] for job in jobs for call in _calls(job)}:
            get_module_decoder(profile, Direction.CONTROLLER_TO_MODULE)
            get_module_encoder(profile, Direction.MODULE_TO_CONTROLLER)
    except Exception:
        pass
    gc.freeze()  # the children need not look through what is not theirs


def _calls(job: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    return job["calls"].values() if job["kind"] == "copy" else [job["module"]]


def _write(line: Mapping[str, Any]) -> None:
    sys.stdout.write(MARK + json.dumps(line) + "\n")
    sys.stdout.flush()


def _working_directory() -> None:
    """As AnsiballZ does: a folder that cannot be entered after a change of user is left."""
    try:
        os.getcwd()
    except OSError:
        try:
            os.chdir(os.path.expanduser("~"))
        except OSError:
            os.chdir("/")


class _Runner:
    """Runs modules in children; ``failed`` says whether any job of the current task has failed, and not in vain."""

    imports_from: Optional[str] = None  # the folder of modules, of this process

    def __init__(self, modules: str, run_module: Callable[..., None]) -> None:
        self.modules = modules
        self.run_module = run_module
        self.failed = False
        self.deadline: Optional[float] = None  # of the current job, for all its modules together
        self.runs: list[dict[str, Any]] = []

    def job(self, job: Mapping[str, Any]) -> str:
        """Run one job; "go on", "stop" or "undecided" (nothing was changed, the controller has to do this task)."""
        self.runs = []
        self.deadline = time.monotonic() + job["timeout"] if job["timeout"] else None
        if job["kind"] == "copy":
            return self.copy(job)
        return self.note(job, self.run(job, job["module"]))

    def note(self, job: Mapping[str, Any], result: Optional[Mapping[str, Any]]) -> str:
        """Keep in mind whether a job has failed that must not."""
        if _has_failed(result) and not job["go_on_after_failure"]:
            self.failed = True
        return "go on"

    def run(self, job: Mapping[str, Any], call: Mapping[str, Any]) -> Optional[dict[str, Any]]:
        """Run one module in a child of its own; its result as a dictionary, None when it printed no JSON."""
        out, err = _memory_file("stdout"), _memory_file("stderr")
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        child = os.fork()
        if child == 0:
            self._in_child(job, call, out, err)
        status = _wait(child, self.deadline)
        run = {
            "module": call["name"],
            "rc": status,
            "stdout": _content(out),
            "stderr": _content(err),
            "timed_out": status is None,
        }
        self.runs.append(run)
        return _parsed(run["stdout"]) if status is not None else None

    def _in_child(
        self, job: Mapping[str, Any], call: Mapping[str, Any], out: IO[bytes], err: IO[bytes]
    ) -> NoReturn:
        """The rest of the child's life."""
        status: int = 1
        try:
            os.setpgid(0, 0)
            atexit._clear()  # what is there is the runner's
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
            nothing = os.open(os.devnull, os.O_RDONLY)
            os.dup2(nothing, 0)
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            os.closerange(3, max(nothing, out.fileno(), err.fileno()) + 1)
            sys.stdin = open(0, encoding="utf-8", closefd=False)
            os.environ.update(job["environment"])
            time.tzset()
            _limit_files(call["rlimit_nofile"])
            sys.argv = [call["fqn"]]
            self.run_module(
                json_params=call["params"].encode(),
                profile=call["profile"],
                module_fqn=call["fqn"],
                modlib_path=self.modules,
                extensions=call["extensions"],
            )
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else (0 if ended.code is None else 1)
        except BaseException:  # a child must never return into the parent's code
            import traceback

            traceback.print_exc()
        finally:
            with suppress(Exception):
                atexit._run_exitfuncs()  # as of an interpreter that ends: they remove the module's temporary folder
            try:
                sys.stdout.flush()
                sys.stderr.flush()
            except Exception:
                status = status or 1
            os._exit(status)

    def copy(self, job: Mapping[str, Any]) -> str:
        """What the action ``copy`` does for one file, decided here instead of on the controller.

        The steps are those of ansible.plugins.action.copy, ``_copy_file``; the controller replays that code with the
        answers, and refuses any step that it would not have taken.
        """
        call = job["calls"]
        found = self._look(job, call["stat"])
        if self.runs[-1]["timed_out"]:
            return self.note(job, None)
        if found is None or found.get("failed") or "stat" not in found:
            return "undecided"
        there = found["stat"]
        if there.get("exists") and there.get("isdir"):
            return "undecided"
        if there.get("exists") and not job["force"]:
            return "go on"
        content = base64.b64decode(job["content"])
        if hashlib.sha1(content).hexdigest() == there.get("checksum"):  # the sum that Ansible compares
            return self._keep(job)
        if job["diff"]:
            self._before(job)
        if job["check_mode"]:
            return "go on"
        folder = tempfile.mkdtemp(prefix="cartable-batch-")
        try:
            source = os.path.join(folder, ".source" + os.path.splitext(job["dest"])[1])
            with open(source, "wb") as file:
                file.write(content)
            return self.note(job, self.run(job, _with(call["copy"], src=source)))
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _look(self, job: Mapping[str, Any], call: Mapping[str, Any]) -> Optional[dict[str, Any]]:
        """What the module ``stat`` says of a destination; of an ordinary file, or of none, without running it.

        It would run file(1) and lsattr(1) as well, and ``copy`` looks at nothing of what they say.
        """
        try:
            seen = None if job["timeout"] else _ordinary(call)
        except Exception:
            seen = None
        if seen is None:
            return self.run(job, call)
        said = {"changed": False, "stat": seen}
        text = {"stdout": json.dumps(said), "stderr": ""}
        self.runs.append({"module": call["name"], "rc": 0, **text, "timed_out": False})
        return said

    def _keep(self, job: Mapping[str, Any]) -> str:
        call = job["calls"]
        dest = job["dest"]
        if job["follow"]:
            found = self._look(job, call["stat_nofollow"])
            link = (found or {}).get("stat", {})
            if link.get("islnk") and "lnk_source" in link:
                dest = link["lnk_source"]
        return self.note(job, self.run(job, _with(call["file"], dest=dest)))

    def _before(self, job: Mapping[str, Any]) -> None:
        peek = self.run(job, job["calls"]["peek"])
        if (
            not peek
            or peek.get("failed")
            or peek.get("state") in (None, "absent")
            or peek.get("appears_binary")
        ):
            return
        if job["largest_diff"] and (peek.get("size") or 0) > job["largest_diff"]:
            return
        self.run(job, job["calls"]["slurp"])


def _ordinary(call: Mapping[str, Any]) -> Optional[dict[str, Any]]:
    """What ``copy`` reads of Ansible's own ``stat``, for an ordinary file or none; None for anything else."""
    arguments = json.loads(call["params"])["ANSIBLE_MODULE_ARGS"]
    path = arguments["path"]
    if call["fqn"] != "ansible.modules.stat" or not os.path.isabs(path) or "$" in path:
        return None
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return {"exists": False}
    if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST_READ:
        return None
    seen: dict[str, Any] = {"exists": True, "isdir": False, "islnk": False}
    if arguments["get_checksum"]:
        with open(path, "rb") as file:
            seen["checksum"] = hashlib.sha1(file.read()).hexdigest()
    return seen


def _with(call: Mapping[str, Any], **arguments: Any) -> dict[str, Any]:
    """``call`` with some of its module's arguments replaced."""
    params = json.loads(call["params"])
    params["ANSIBLE_MODULE_ARGS"].update(arguments)
    return dict(call, params=json.dumps(params))


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
    """A file in memory: a module may print any amount without blocking, and nothing of it touches a disk."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("cartable-" + name), "w+b")
    return tempfile.TemporaryFile()


def _content(file: IO[bytes]) -> str:
    file.seek(0)
    with file:
        return file.read().decode("utf-8", "surrogateescape")


def _wait(child: int, deadline: Optional[float]) -> Optional[int]:
    """Exit status of ``child`` as a shell would tell it (128 and the signal); None when its time is over."""
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
        rest = None if deadline is None else deadline - time.monotonic()
        if rest is not None and rest <= 0:
            for kill in (os.killpg, os.kill):
                try:
                    kill(child, signal.SIGKILL)
                except OSError:
                    pass
            os.waitpid(child, 0)
            return None
        # SIGCHLD is blocked, so that one which comes just now waits for sigtimedwait.
        if rest is None:
            signal.sigwaitinfo({signal.SIGCHLD})
        else:
            signal.sigtimedwait({signal.SIGCHLD}, rest)


def _parsed(text: str) -> Optional[dict[str, Any]]:
    """The JSON object in what a module printed, as Ansible looks for it; None when there is none."""
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
    """As Ansible's executor decides: ``failed``, or else a status that is not 0; no result at all has failed."""
    if result is None:
        return True
    try:
        json.dumps(result, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # Ansible refuses what is no text
        return True
    if "failed" in result:
        return bool(result["failed"])
    return result.get("rc") not in (None, 0, "0")
