"""From the answer file of an installation to a PC that the vault's password opens: the role bootstrap, then provision.

No Windows Setup ever read the file. Its structure is checked, its script is linted, and a simulated PC is made as it says.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from tests.project import PROJECT
from tests.simulators.windows.pc import PC
from tests.static.answer_file import UNATTEND, check_answer_file
from tests.static.powershell import check_script
from tests.unit.windows.fleet import BOOTSTRAP_MARKER, Fleet, Run

pytestmark = pytest.mark.playbook

TAG = "UC990001"
ANSWERS = (r"C:\Windows\Panther\unattend.xml", r"C:\Windows\Panther\unattend-original.xml")
WINLOGON = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon"


def forget(fleet: Fleet) -> None:
    """The market as it is before the PC was ever installed: its vault has nothing of it."""
    with fleet.vault().transaction() as change:
        change.remove("essais", TAG, "cartable")


def text_of(answers: ET.Element, path: str) -> str:
    found = answers.findtext(".//" + "/".join(UNATTEND + part for part in path.split("/")))
    assert found is not None, path
    return found


def accounts(fleet: Fleet) -> Run:
    """The first role of provision.yml that needs a login, and the one before it."""
    playbook = fleet.folder / "accounts.yml"
    playbook.write_text(
        "- hosts: managed\n  gather_facts: false\n  tasks:\n"
        "    - ansible.builtin.include_role: {name: cartable.fleet.accounts, tasks_from: resume}\n"
        "    - ansible.builtin.include_role: {name: cartable.fleet.accounts}\n",
        encoding="utf-8",
    )
    return fleet.run(str(playbook))


def install(pc: PC, answers: str) -> None:
    """What the installation leaves, with the script of the first logon cut before it removed the answers."""
    root = ET.fromstring(answers)
    account = pc.state.accounts.user("cartable")
    assert account.name == text_of(root, "LocalAccount/Name")
    account.password = text_of(root, "LocalAccount/Password/Value")
    for path in ANSWERS:
        pc.state.files.make_directory(path.rpartition("\\")[0])
        pc.state.files.write(path, answers.encode())
    pc.state.registry.set(WINLOGON, "DefaultPassword", account.password, "string")
    pc.state.files.write(BOOTSTRAP_MARKER, b"certificate 00")


def test_from_an_answer_file_to_a_pc_that_only_the_vault_opens(one_pc: Fleet) -> None:
    pc, medium = one_pc.pc(TAG), one_pc.folder / "medium"
    forget(one_pc)
    written = one_pc.run("bootstrap.yml", bootstrap_directory=str(medium))
    assert written.status == 0, written.text
    path = medium / TAG / "autounattend.xml"
    answers = path.read_text(encoding="utf-8")
    assert path.stat().st_mode & 0o777 == 0o600
    assert check_answer_file(answers) == []
    root = ET.fromstring(answers)
    secret = text_of(root, "LocalAccount/Password/Value")
    assert secret == one_pc.vault().secret(TAG, "cartable", "installation")
    assert text_of(root, "ComputerName") == TAG
    assert (
        secret
        not in written.text
        + one_pc.run("bootstrap.yml", "--diff", bootstrap_directory=str(medium / "b")).text
    )
    assert one_pc.run("bootstrap.yml", bootstrap_directory=str(medium)).changed == {}
    assert [
        other
        for other in medium.rglob("*")
        if other.is_file() and secret in other.read_text() and other != path
    ] == [medium / "b" / TAG / "autounattend.xml"]
    assert secret in (medium / "b" / TAG / "autounattend.xml").read_text(
        encoding="utf-8"
    )  # valid until it is replaced

    # The script that the first logon runs is that of the role, and only the administration's subnet is let in.
    command = re.search(r'-Command "(.+)"$', text_of(root, "SynchronousCommand/CommandLine"))
    assert command is not None
    assert check_script(command[1]) == []
    assert "-Networks '192.0.2.0/24'" in command[1]
    script = (PROJECT / "roles/bootstrap/files/first_run.ps1").read_text(encoding="utf-8")
    assert (root[-1].text or "").strip() == script.strip()

    install(pc, answers)
    done = accounts(one_pc)
    assert done.status == 0, done.text
    entry = one_pc.vault().find(TAG, "cartable")
    assert entry is not None
    assert entry.password == pc.state.accounts.user("cartable").password != secret
    assert one_pc.vault().secret(TAG, "cartable", "installation") is None
    assert not any(pc.state.files.exists(path) for path in (*ANSWERS, BOOTSTRAP_MARKER))
    assert pc.state.registry.get(WINLOGON, "DefaultPassword") is None
    assert pc.journal.leaks([secret, entry.password]) == []
    assert secret not in done.text


def test_a_medium_for_a_pc_that_was_not_installed_anew_changes_nothing_on_it(one_pc: Fleet) -> None:
    pc, medium = one_pc.pc(TAG), one_pc.folder / "medium"
    pc.state.files.delete(BOOTSTRAP_MARKER)
    before = pc.state.accounts.user("cartable").password
    assert one_pc.run("bootstrap.yml", bootstrap_directory=str(medium)).status == 0
    done = accounts(one_pc)
    assert done.status == 0, done.text
    assert pc.state.accounts.user("cartable").password == before


def test_a_pc_that_nobody_may_administer_gets_no_answers(one_pc: Fleet) -> None:
    refused = one_pc.run(
        "bootstrap.yml", bootstrap_directory=str(one_pc.folder / "medium"), bootstrap_admin_networks=[]
    )
    assert refused.status != 0
    assert "has a flow with the service winrm" in refused.text
    assert not (one_pc.folder / "medium").exists()


HEAD = '<unattend xmlns="urn:schemas-microsoft-com:unattend" xmlns:wcm="http://schemas.microsoft.com/WMIConfig/2002/State">'
SHELL = (
    '<component name="Microsoft-Windows-Shell-Setup" processorArchitecture="amd64" publicKeyToken="31bf3856ad364e35"'
    ' language="neutral" versionScope="nonSxS">'
)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ('<settings pass="oobe"/>', "no such pass"),
        ('<settings pass="specialize"/><settings pass="windowsPE"/>', "out of order"),
        (f'<settings pass="windowsPE">{SHELL}</component></settings>', "not in the pass windowsPE"),
        (f'<settings pass="specialize">{SHELL}<OOBE/></component></settings>', "OOBE is not in the pass specialize"),
        (f'<settings pass="specialize">{SHELL}<Computername>A</Computername></component></settings>', "no such element"),
        (f'<settings pass="specialize">{SHELL}<ComputerName>A_B</ComputerName></component></settings>', "its value"),
        (
            f'<settings pass="oobeSystem">{SHELL}<FirstLogonCommands><SynchronousCommand wcm:action="add"><Order>2</Order>'
            "</SynchronousCommand></FirstLogonCommands></component></settings>",
            "Order is not 1",
        ),
    ],
)  # fmt: skip
def test_a_planted_mistake_in_an_answer_file_is_found(settings: str, message: str) -> None:
    assert any(message in finding for finding in check_answer_file(f"{HEAD}{settings}</unattend>"))
