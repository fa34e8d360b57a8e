"""What batch_role/tasks/thirty.yml does, in pyinfra's operations: deployed by scripts/bench/batch.py."""

from io import StringIO

from pyinfra import host
from pyinfra.facts.files import File
from pyinfra.operations import files, server

root = host.data.bench_root
for number in range(5):
    files.directory(path=f"{root}/d{number}", mode="755")
for number in range(8):
    files.put(src=StringIO(f"file {number} of {host.name}\n"), dest=f"{root}/d0/f{number}", mode="644")
for number in range(6):
    files.line(path=f"{root}/d1/lines", line=f"line {number}")
for name in ("root", "daemon", "bin"):
    server.user(user=name)
for name in ("root", "daemon"):
    server.group(group=name)
for name in ("passwd", "group", "hostname"):
    host.get_fact(File, path=f"/etc/{name}")
for number in range(3):
    files.link(path=f"{root}/d2/l{number}", target=f"{root}/d0/f{number}")
