"""The runner with modules made by hand that do what no module should, in a process of its own as on a target."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ansible
import pytest
from ansible_collections.cartable.fleet.plugins.module_utils import batch_runner

Job = dict[str, Any]
Run = Callable[..., list[dict[str, Any]]]

MODULES = {
    "good": "import json\nprint(json.dumps({'changed': True}))\nraise SystemExit(0)",
    "bad": "import json\nprint(json.dumps({'failed': True, 'msg': 'on purpose'}))\nraise SystemExit(1)",
    "killed": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
    "hangs": "import subprocess, time\nprint(subprocess.Popen(['sleep', '600']).pid, flush=True)\ntime.sleep(600)",
    "rubbish": "print('rubbish')\nraise SystemExit(0)",
    "large": "print('{\"data\": \"' + 'x' * 10_000_000 + '\"}')\nraise SystemExit(0)",
    "large_errors": "import sys\nsys.stderr.write('e' * 10_000_000)\nprint('{}')\nraise SystemExit(0)",
    # Keeps the output open and lives on, as a badly written service does; the test ends it.
    "daemon": (
        "import subprocess\nprint('{\"pid\": %d}' % subprocess.Popen(['sleep', '600']).pid)\nraise SystemExit(0)"
    ),
    "not_text": 'print(\'{"stdout": "\\\\udcff"}\')\nraise SystemExit(0)',
    # Until the test lets it end.
    "waits": "import os\nopen(os.environ['PIPE']).readline()\nprint('{}')\nraise SystemExit(0)",
    "raises": "raise RuntimeError('on purpose')",
    "spoils": "import os, sys\nsys.path.clear()\nos.environ.clear()\nos.chdir('/')\nprint('{}')\nraise SystemExit(0)",
    "environment": "import json, os\nprint(json.dumps({'value': os.environ.get('COLOUR')}))\nraise SystemExit(0)",
    "tidies": (
        "import atexit, pathlib\nfrom ansible.module_utils.basic import AnsibleModule\n"
        "module = AnsibleModule({'remote_tmp': {}, 'file': {}})\nmodule._remote_tmp = module.params['remote_tmp']\n"
        "pathlib.Path(module.tmpdir, 'file').write_text('')\n"
        "atexit.register(pathlib.Path(module.params['file']).write_text, module.tmpdir)\nmodule.exit_json(changed=True)"
    ),
    "reads": 'import sys\nprint(\'{"said": "%s"}\' % sys.stdin.read())\nraise SystemExit(0)',
}


def program(jobs: Sequence[Job], *folders: Path) -> str:
    """What the target would be sent, to run the jobs with the modules of one folder after the other."""
    asked = [
        f"runner.main(json.loads({json.dumps(json.dumps({'jobs': list(jobs)}))}), {str(folder)!r})\n"
        for folder in folders
    ]
    return (
        "import importlib.util, json, sys\n"
        f"spec = importlib.util.spec_from_file_location('runner', {batch_runner.__file__!r})\n"
        "runner = importlib.util.module_from_spec(spec)\nspec.loader.exec_module(runner)\n"
    ) + "".join(asked)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    (tmp_path / "ansible").symlink_to(Path(ansible.__file__).parent)
    for name, text in MODULES.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")

    def start(jobs: Sequence[Job], timeout: float = 60) -> list[dict[str, Any]]:
        ended = subprocess.run(
            [sys.executable, "-"],
            input=program(jobs, tmp_path),
            capture_output=True,
            text=True,
            check=True,
            timeout=timeout,
        )
        said = [json.loads(line.removeprefix(batch_runner.MARK)) for line in ended.stdout.splitlines()]
        assert said[0] == {"started": True}
        return said[1:]

    return start


def call(name: str, **arguments: Any) -> dict[str, Any]:
    return {
        "name": name,
        "fqn": name,
        "params": json.dumps({"ANSIBLE_MODULE_ARGS": arguments}),
        "profile": "legacy",
        "extensions": {},
        "rlimit_nofile": 0,
    }


def job(number: int, module: str, **more: Any) -> Job:
    given = {
        "kind": "module",
        "number": number,
        "module": call(module),
        "environment": {},
        "timeout": 0,
        "last_of_task": True,
        "go_on_after_failure": False,
    }
    return given | more


def test_each_answers_in_order(run: Run) -> None:
    said = run([job(0, "good"), job(1, "good")])
    assert [one.get("job") for one in said] == [0, 1, None]
    [ran] = said[0]["runs"]
    assert (ran["module"], ran["rc"], json.loads(ran["stdout"])) == ("good", 0, {"changed": True})


@pytest.mark.usefixtures("run")
def test_each_answer_is_given_while_the_next_module_runs(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    pipe = os.open(tmp_path / "pipe", os.O_RDWR)
    waits = job(1, "waits", environment={"PIPE": str(tmp_path / "pipe")})
    command = [sys.executable, "-c", program([job(0, "good"), waits], tmp_path)]
    # On a target, too, nobody has Python write each line at once.
    settings = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with subprocess.Popen(command, env=settings, stdout=subprocess.PIPE) as runner:
        try:
            assert runner.stdout
            said = b""
            while said.count(b"\n") < 2:  # that it has started, and the first answer
                ready, _, _ = select.select([runner.stdout], [], [], 60)
                assert ready, "the first answer is held back while the second module runs"
                more = os.read(runner.stdout.fileno(), 65536)
                assert more, "the runner has ended"
                said += more
            os.write(pipe, b"\n")
            last = runner.communicate(timeout=60)[0]
        finally:
            os.close(pipe)  # which ends the module too
            runner.kill()
    assert b'"job": 0' in said
    assert b'"job": 1' not in said
    assert b'"job": 1' in last


@pytest.mark.parametrize("module", ["bad", "killed", "rubbish", "raises", "not_text"])
def test_stops_after_a_failure(run: Run, module: str) -> None:
    said = run([job(0, module), job(1, "good")])
    assert [one.get("job") for one in said] == [0, None]


@pytest.mark.parametrize("module", ["bad", "killed", "rubbish"])
def test_goes_on_where_the_failure_is_ignored(run: Run, module: str) -> None:
    said = run([job(0, module, go_on_after_failure=True), job(1, "good")])
    assert [one.get("job") for one in said] == [0, 1, None]


def test_a_module_removes_its_temporary_folder_when_it_ends(run: Run, tmp_path: Path) -> None:
    remote, file = tmp_path / "remote", tmp_path / "said"
    told = job(0, "tidies") | {"module": call("tidies", remote_tmp=str(remote), file=str(file))}
    [ran] = run([told])[0]["runs"]
    assert json.loads(ran["stdout"])["changed"], ran
    assert Path(file.read_text()).parent == remote, "it had one"
    assert not list(remote.iterdir())


def test_the_items_of_a_task_all_run(run: Run) -> None:
    said = run([job(0, "bad", last_of_task=False), job(1, "good"), job(2, "good")])
    assert [one.get("job") for one in said] == [0, 1, None]


def test_a_killed_module_has_the_status_that_a_shell_tells(run: Run) -> None:
    assert run([job(0, "killed")])[0]["runs"][0]["rc"] == 137


def test_a_module_that_hangs_is_ended_with_its_children(run: Run) -> None:
    begun = time.monotonic()
    [ran] = run([job(0, "hangs", timeout=1)])[0]["runs"]
    assert ran["timed_out"]
    assert time.monotonic() - begun < 50
    child = int(ran["stdout"])
    status = Path(f"/proc/{child}/stat")
    assert not status.exists() or status.read_text().rpartition(")")[2].split()[0] in "ZX"


@pytest.mark.parametrize(("module", "stream"), [("large", "stdout"), ("large_errors", "stderr")])
def test_ten_megabytes(run: Run, module: str, stream: str) -> None:
    said = run([job(0, module), job(1, "good")])
    assert len(said[0]["runs"][0][stream]) >= 10_000_000
    assert said[1]["job"] == 1


def test_a_daemon_that_keeps_the_output_open(run: Run) -> None:
    said = run([job(0, "daemon"), job(1, "good")], timeout=60)  # it would last 600 s
    os.kill(json.loads(said[0]["runs"][0]["stdout"])["pid"], 9)
    assert said[1]["job"] == 1


def test_a_module_does_not_spoil_the_next(run: Run) -> None:
    said = run([job(0, "spoils"), job(1, "good")])
    assert said[1]["runs"][0]["rc"] == 0


def test_environment_is_of_one_job(run: Run) -> None:
    said = run([job(0, "environment", environment={"COLOUR": "réd"}), job(1, "environment")])
    values = [json.loads(one["runs"][0]["stdout"])["value"] for one in said[:2]]
    assert values == ["réd", None]


def test_the_input_is_empty(run: Run) -> None:
    assert json.loads(run([job(0, "reads")])[0]["runs"][0]["stdout"]) == {"said": ""}


PACKAGE = (
    "from pkgutil import extend_path\n__path__ = extend_path(__path__, __name__)\n"  # as AnsiballZ has it
)
LOOKS = (
    "import importlib.util, json, sys\nfind = importlib.util.find_spec\n"
    "found = [name for name in ('first', 'second') if find('ansible.module_utils.of_' + name)]\n"
    "print(json.dumps({'found': found, 'path': sys.path[0], 'own': __file__}))\nraise SystemExit(0)"
)


def test_asked_again_it_finds_the_modules_of_the_new_folder_and_no_others(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        inside = folder / "ansible"
        shutil.copytree(Path(ansible.__file__).parent / "module_utils", inside / "module_utils")
        shutil.copy(Path(ansible.__file__).with_name("release.py"), inside)
        (inside / "__init__.py").write_text(PACKAGE, encoding="utf-8")
        (inside / "module_utils" / f"of_{folder.name}.py").touch()
        (folder / "looks.py").write_text(LOOKS, encoding="utf-8")
    text = program([job(0, "looks")], *folders, folders[0])
    said = subprocess.run(
        [sys.executable, "-I", "-"], input=text, stdout=subprocess.PIPE, text=True, check=True
    )
    answers = [json.loads(line.removeprefix(batch_runner.MARK)) for line in said.stdout.splitlines()]
    told = [json.loads(one["runs"][0]["stdout"]) for one in answers if "job" in one]
    assert [one["found"] for one in told] == [["first"], ["second"], ["first"]]
    used = [*folders, folders[0]]
    assert [one["path"] for one in told] == [str(folder) for folder in used]
    assert [one["own"] for one in told] == [str(folder / "looks.py") for folder in used]


def copying(dest: Path, **more: Any) -> Job:
    calls = {
        "stat": call("ansible.modules.stat", path=str(dest), get_checksum=True),
        "copy": call("ansible.modules.copy", dest=str(dest), src=""),
        "file": call("ansible.modules.file", dest=str(dest), state="file"),
    }
    given = {
        "kind": "copy",
        "calls": calls,
        "content": "aGVsbG8=",
        "dest": str(dest),
        "follow": False,
        "force": True,
        "diff": False,
        "check_mode": False,
        "largest_diff": 1000,
    }
    return job(0, "good") | given | more


def test_copy_writes_once(run: Run, tmp_path: Path) -> None:
    dest = tmp_path / "copied"
    first = run([copying(dest)])
    assert dest.read_text(encoding="utf-8") == "hello"
    assert [ran["module"] for ran in first[0]["runs"]] == ["ansible.modules.stat", "ansible.modules.copy"]
    second = run([copying(dest)])
    assert [ran["module"] for ran in second[0]["runs"]] == ["ansible.modules.stat", "ansible.modules.file"]


@pytest.mark.parametrize("kind", ["file", "nothing", "unread"])
def test_an_ordinary_destination_is_looked_at_without_the_module(run: Run, tmp_path: Path, kind: str) -> None:
    """What is said of it is what the module says, as far as it goes."""
    dest = tmp_path / "dest"
    if kind != "nothing":
        dest.write_text("before", encoding="utf-8")
    look = call("ansible.modules.stat", path=str(dest), get_checksum=kind != "unread")
    made = copying(dest, check_mode=True)
    made["calls"]["stat"] = look
    spared, asked = run([made, {**job(1, "good"), "module": look}])[:2]
    seen, all_of_it = (json.loads(one["runs"][0]["stdout"])["stat"] for one in (spared, asked))
    assert seen == {name: all_of_it[name] for name in seen}
    assert set(seen) <= {"exists", "isdir", "islnk", "checksum"}
    assert ("atime" in all_of_it) is (kind != "nothing")


@pytest.mark.parametrize("kind", ["link", "large", "variable", "relative", "timeout", "other module"])
def test_any_other_destination_is_looked_at_by_the_module(
    run: Run, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dest, more = tmp_path / "dest", dict[str, Any]()
    dest.write_text("before", encoding="utf-8")
    if kind == "link":
        (tmp_path / "link").symlink_to(dest)
        dest = tmp_path / "link"
    elif kind == "large":
        dest.write_bytes(b"x" * (batch_runner.LARGEST_READ + 1))
    elif kind == "variable":
        monkeypatch.setenv("HERE", str(tmp_path))
        dest = Path("$HERE/dest")
    elif kind == "relative":
        monkeypatch.chdir(tmp_path)
        dest = Path("dest")
    elif kind == "timeout":
        more = {"timeout": 60}
    made = copying(dest, check_mode=True, **more)
    if kind == "other module":
        (tmp_path / "own.py").write_text(
            'print(\'{"stat": {"exists": true, "isdir": false, "mtime": 1}}\')\nraise SystemExit(0)',
            encoding="utf-8",
        )
        made["calls"]["stat"]["fqn"] = "own"
    said = json.loads(run([made])[0]["runs"][0]["stdout"])
    assert "mtime" in said["stat"]


def test_the_time_of_a_copy_is_that_of_all_its_modules(run: Run, tmp_path: Path) -> None:
    """The module that looks at the destination hangs: the task has failed, and is not tried again elsewhere."""
    made = copying(tmp_path / "copied", timeout=1)
    made["calls"]["stat"]["fqn"] = "hangs"
    said = run([made, job(1, "good")])
    assert not said[0]["undecided"]
    assert [ran["timed_out"] for ran in said[0]["runs"]] == [True]
    assert [one.get("job") for one in said] == [0, None]


def test_copy_in_check_mode_writes_nothing(run: Run, tmp_path: Path) -> None:
    said = run([copying(tmp_path / "copied", check_mode=True)])
    assert len(said[0]["runs"]) == 1
    assert not (tmp_path / "copied").exists()


def test_copy_over_a_folder_is_left_to_the_controller(run: Run, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    said = run([copying(tmp_path / "folder"), job(1, "good")])
    assert said[0]["undecided"]
    assert [one.get("job") for one in said] == [0, None]
