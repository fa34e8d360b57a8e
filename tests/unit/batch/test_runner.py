"""The runner with misbehaving modules, in its own process as on a target."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
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
        f"runner.main(json.loads({json.dumps(json.dumps(list(jobs)))}), {str(folder)!r}, write)\n"
        for folder in folders
    ]
    return (
        "import importlib.util, json, sys\ndef write(line):\n    print(json.dumps(line), flush=True)\n"
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
        said = [json.loads(line) for line in ended.stdout.splitlines()]
        assert said[0] == {"started": True}
        return said[1:]

    return start


def job(module: str, **more: Any) -> Job:
    arguments = more.pop("arguments", {})
    call = {
        "module_fqn": module,
        "json_params": json.dumps({"ANSIBLE_MODULE_ARGS": arguments}),
        "profile": "legacy",
        "extensions": {},
        "rlimit_nofile": 0,
    }
    return {"call": call, "files": {}, "environment": {}, "continue_after_failure": False} | more


def test_each_answers_in_order(run: Run) -> None:
    said = run([job("good"), job("good")])
    assert [one.get("job") for one in said] == [0, 1, None]
    ran = said[0]["run"]
    assert (ran["rc"], json.loads(ran["stdout"])) == (0, {"changed": True})


@pytest.mark.usefixtures("run")
def test_each_answer_is_given_while_the_next_module_runs(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    pipe = os.open(tmp_path / "pipe", os.O_RDWR)
    waits = job("waits", environment={"PIPE": str(tmp_path / "pipe")})
    command = [sys.executable, "-c", program([job("good"), waits], tmp_path)]
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
    said = run([job(module), job("good")])
    assert [one.get("job") for one in said] == [0, None]


@pytest.mark.parametrize("module", ["bad", "killed", "rubbish"])
def test_goes_on_where_the_failure_is_ignored(run: Run, module: str) -> None:
    said = run([job(module, continue_after_failure=True), job("good")])
    assert [one.get("job") for one in said] == [0, 1, None]


def test_a_module_removes_its_temporary_folder_when_it_ends(run: Run, tmp_path: Path) -> None:
    remote, file = tmp_path / "remote", tmp_path / "said"
    ran = run([job("tidies", arguments={"remote_tmp": str(remote), "file": str(file)})])[0]["run"]
    assert json.loads(ran["stdout"])["changed"], ran
    assert Path(file.read_text()).parent == remote, "it had one"
    assert not list(remote.iterdir())


def test_a_killed_module_has_the_status_that_a_shell_tells(run: Run) -> None:
    assert run([job("killed")])[0]["run"]["rc"] == 137


@pytest.mark.parametrize(("module", "stream"), [("large", "stdout"), ("large_errors", "stderr")])
def test_ten_megabytes(run: Run, module: str, stream: str) -> None:
    said = run([job(module), job("good")])
    assert len(said[0]["run"][stream]) >= 10_000_000
    assert said[1]["job"] == 1


def test_a_daemon_that_keeps_the_output_open(run: Run) -> None:
    said = run([job("daemon"), job("good")], timeout=60)  # it would last 600 s
    os.kill(json.loads(said[0]["run"]["stdout"])["pid"], 9)
    assert said[1]["job"] == 1


def test_a_module_does_not_spoil_the_next(run: Run) -> None:
    said = run([job("spoils"), job("good")])
    assert said[1]["run"]["rc"] == 0


def test_environment_is_of_one_job(run: Run) -> None:
    said = run([job("environment", environment={"COLOUR": "réd"}), job("environment")])
    values = [json.loads(one["run"]["stdout"])["value"] for one in said[:2]]
    assert values == ["réd", None]


def test_the_input_is_empty(run: Run) -> None:
    assert json.loads(run([job("reads")])[0]["run"]["stdout"]) == {"said": ""}


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
    text = program([job("looks")], *folders, folders[0])
    said = subprocess.run(
        [sys.executable, "-I", "-"], input=text, stdout=subprocess.PIPE, text=True, check=True
    )
    answers = [json.loads(line) for line in said.stdout.splitlines()]
    told = [json.loads(one["run"]["stdout"]) for one in answers if "job" in one]
    assert [one["found"] for one in told] == [["first"], ["second"], ["first"]]
    used = [*folders, folders[0]]
    assert [one["path"] for one in told] == [str(folder) for folder in used]
    assert [one["own"] for one in told] == [str(folder / "looks.py") for folder in used]


def test_the_files_of_a_job_are_there_while_it_runs_and_nobody_else_reads_them(
    run: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "of one job"
    (tmp_path / "looks.py").write_text(
        "import json, os, stat\nfile = os.environ['FILE']\n"
        "mode = stat.S_IMODE(os.stat(os.path.dirname(file)).st_mode)\n"
        "print(json.dumps({'text': open(file).read(), 'mode': oct(mode)}))\nraise SystemExit(0)",
        encoding="utf-8",
    )
    file = str(folder / ".source.txt")
    said = run([job("looks", files={file: "aGVsbG8="}, environment={"FILE": file})])
    assert json.loads(said[0]["run"]["stdout"]) == {"text": "hello", "mode": "0o700"}
    assert not folder.exists()


def test_a_folder_that_is_there_already_is_not_used(run: Run, tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        run([job("good", files={str(tmp_path / ".source"): ""})])
