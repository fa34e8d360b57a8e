"""What merely lies in the project's folder is not handed over, and a secret is found before a bundle is signed."""

from __future__ import annotations

import io
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pyrage
import pytest
from pykeepass import create_database

from reversibility.bundle.leak_scan import refuse_leaks
from reversibility.bundle.project_copy import copy_project
from reversibility.errors import CartableError

pytestmark = pytest.mark.playbook

VAULT_SECRET = "Fève-orange-41-lilas"


def ssh_key(path: Path) -> bytes:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return path.read_bytes()


def git(directory: Path, *arguments: str) -> None:
    command = ["git", "-C", str(directory), "-c", "user.name=x", "-c", "user.email=x@example", *arguments]
    subprocess.run(command, check=True, capture_output=True)


@pytest.mark.parametrize("repository", ["shallow", "none"])
def test_only_committed_files_are_handed_over(tmp_path: Path, repository: str) -> None:
    origin = tmp_path / "origin"
    (origin / "playbooks").mkdir(parents=True)
    (origin / "ansible.cfg").write_text("[defaults]\n")
    git(tmp_path, "init", "-q", str(origin))
    for message in ("one", "two"):
        (origin / "playbooks" / "site.yml").write_text(f"# {message}\n")
        git(origin, "add", "-A")
        git(origin, "commit", "-q", "-m", message)
    project = tmp_path / "project"
    if repository == "shallow":
        subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{origin}", str(project)], check=True)
    else:
        subprocess.run(["cp", "-r", str(origin), str(project)], check=True)
        subprocess.run(["rm", "-r", str(project / ".git")], check=True)
    for name in ("opened.kdbx", "holder.key", "var/demo/keys/signing"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_bytes(b"a secret")
    target = tmp_path / "bundle"
    target.mkdir()
    assert copy_project(target, project, "demo")
    with tarfile.open(target / "depot.tar.gz") as archive:
        names = set(archive.getnames())
    assert {"cartable/ansible.cfg", "cartable/playbooks/site.yml"} <= names
    assert not {name for name in names if "holder" in name or "opened" in name or "var" in name.split("/")}


def zipped(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/sharedStrings.xml", content)
    return buffer.getvalue()


def tarred(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        member = tarfile.TarInfo("cartable/notes")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


@pytest.mark.parametrize("wrap", [bytes, zipped, tarred], ids=["file", "workbook", "archive"])
@pytest.mark.parametrize("secret", ["ssh key", "age identity", "vault", "vault secret"])
def test_a_planted_secret_stops_the_bundle(tmp_path: Path, secret: str, wrap: object) -> None:
    data = tmp_path / "data"
    (data / "06-secrets").mkdir(parents=True)
    create_database(str(data / "06-secrets" / "vault.kdbx"), password="x")
    planted = {
        "ssh key": lambda: b"# la cl\xc3\xa9\n" + ssh_key(tmp_path / "key"),
        "age identity": lambda: f"# public key: x\n{pyrage.x25519.Identity.generate()}\n".encode(),
        "vault": lambda: (data / "06-secrets" / "vault.kdbx").read_bytes(),
        "vault secret": lambda: f"le code est {VAULT_SECRET}.".encode(),
    }[secret]()
    refuse_leaks(data, [VAULT_SECRET])  # the vault in its own folder is no leak
    suffix = {bytes: "txt", zipped: "xlsx", tarred: "tar.gz"}[wrap]  # type: ignore[index]
    (data / "11-documents").mkdir()
    (data / "11-documents" / f"note.{suffix}").write_bytes(wrap(planted))  # type: ignore[operator]
    with pytest.raises(CartableError, match=r"11-documents/note") as refused:
        refuse_leaks(data, [VAULT_SECRET])
    assert VAULT_SECRET not in str(refused.value)


def test_texts_about_keys_are_no_keys(tmp_path: Path) -> None:
    (tmp_path / "guide.md").write_text(
        "Un fichier commence par -----BEGIN OPENSSH PRIVATE KEY-----, et finit par -----END OPENSSH PRIVATE KEY-----. "
        "Une identité age commence par AGE-SECRET-KEY-1…\n" * 40,
        encoding="utf-8",
    )
    refuse_leaks(tmp_path, ["court"])
