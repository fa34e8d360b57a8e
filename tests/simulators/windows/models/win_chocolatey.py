"""chocolatey.chocolatey.win_chocolatey and its companions: mirror their .ps1 of chocolatey.chocolatey 1.6.0."""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable
from typing import Any

from ..state import software, ultravnc
from ..state.pc_state import PCState
from .api import Call, Result, model
from .web import DownloadError, download

DEFAULT_SOURCE = "https://community.chocolatey.org/api/v2/"
INSTALL_SCRIPT = "https://community.chocolatey.org/install.ps1"
# What a package leaves besides its entry in the list of programs.
INSTALLED: dict[str, Callable[[PCState], None]] = {"ultravnc": ultravnc.installed}
CLI_VERSION = "2.4.3"
UNMODELLED = (
    "allow_prerelease",
    "choco_args",
    "install_args",
    "override_args",
    "package_params",
    "skip_scripts",
    "allow_multiple",
)


def _bootstrap(call: Call) -> Result:
    """Install Chocolatey itself where it is missing; what the answer says of it."""
    if call.state.chocolatey:
        return {}
    params = call.params
    script = params["bootstrap_script"] or _install_script(params["source"])
    call.warn("Chocolatey was missing from this system, so it was installed during this task run.")
    if call.check:
        return {"changed": True}
    try:
        download(call, script)
    except DownloadError as error:
        call.fail(f"Failed to download chocolatey install script from '{script}': {error}")
    call.state.chocolatey = {
        "version": CLI_VERSION,
        "packages": {"chocolatey": CLI_VERSION},
        "pins": {},
        "sources": {"chocolatey": DEFAULT_SOURCE},
    }
    call.state.files.make_directory(r"C:\ProgramData\chocolatey\bin")
    return {"changed": True}


def _install_script(source: str | None) -> str:
    """Where the module looks for install.ps1."""
    if source is None or source.endswith(".ps1"):
        return source or INSTALL_SCRIPT
    parts = urllib.parse.urlsplit(source)
    folder = parts.path.rstrip("/") if parts.path.startswith("/repository/") else ""
    return f"{parts.scheme}://{parts.netloc}{folder}/install.ps1"


def _available(call: Call, name: str, version: str | None) -> dict[str, Any]:
    """The package in the source that was named, or in the configured ones."""
    sources = (
        [call.params["source"]]
        if call.params["source"]
        else list(call.state.chocolatey.get("sources", {}).values())
    )
    for source in sources:
        package = call.state.feeds.get(source, {}).get(name.lower())
        if package is not None and (version is None or version == package["version"]):
            return dict(package)
    call.fail(
        f"Error installing '{name}'",
        rc=1,
        stdout=f"{name} not installed. The package was not found with the source(s) listed.\r\n Source(s): '{';'.join(sources)}'",
        stderr="",
    )
    raise AssertionError


@model("chocolatey.chocolatey.win_chocolatey", version="1.6.0")
def win_chocolatey(call: Call) -> Result:
    params = call.params
    call.unmodelled(*UNMODELLED)
    result: Result = {"rc": 0} | _bootstrap(call)
    if call.check and not call.state.chocolatey:
        return result
    result["choco_cli_version"] = call.state.chocolatey["version"]
    state, names = params["state"].lower(), [name.lower() for name in params["name"]]
    packages: dict[str, str] = call.state.chocolatey["packages"]
    if "all" in names and state in ("present", "reinstalled"):
        call.fail(f"Cannot specify the package name as 'all' when state={state}", **result)
    if state in ("absent", "reinstalled"):
        for name in [name for name in names if name in packages]:
            if params["version"] in (None, packages[name]):
                result["changed"] = True
                if not call.check:
                    _uninstall(call, name)
        if state == "absent":
            return result
    missing = [name for name in names if name not in packages or (state == "present" and params["force"])]
    if state == "present" and params["version"] is not None and not params["force"]:
        for name in names:
            if name in packages and packages[name] != params["version"]:
                call.fail(
                    f"Chocolatey package '{name}' is already installed with version(s) '{packages[name]}' but was expecting "
                    f"'{params['version']}'. Either change the expected version, set state=latest or state=upgrade, set "
                    "allow_multiple=yes, or set force=yes to continue",
                    **result,
                )
    for name in missing:
        package = _available(call, name, params["version"])
        result["changed"] = True
        if not call.check:
            _install(call, name, package)
    if state in ("latest", "upgrade", "downgrade"):
        result |= _upgrade(call, [name for name in names if name not in missing], result)
    return result | _pin(call, names, result)


def _install(call: Call, name: str, package: dict[str, Any]) -> None:
    call.state.chocolatey["packages"][name] = package["version"]
    if package.get("key"):
        software.install(
            call.state,
            package["key"],
            package.get("name", name),
            package["version"],
            view=package.get("view", "64"),
        )
    if name in INSTALLED:
        INSTALLED[name](call.state)


def _uninstall(call: Call, name: str) -> None:
    del call.state.chocolatey["packages"][name]
    for feed in call.state.feeds.values():
        key = feed.get(name, {}).get("key")
        if key:
            software.remove(call.state, key)


def _upgrade(call: Call, names: list[str], result: Result) -> Result:
    packages: dict[str, str] = call.state.chocolatey["packages"]
    if "all" in names:
        names = [name for name in packages if name != "chocolatey"]
    changed = bool(result.get("changed"))
    for name in names:
        if name in call.state.chocolatey["pins"] and not call.params["ignore_pinned"]:
            continue
        package = _available(call, name, call.params["version"])
        if package["version"] != packages.get(name):
            changed = True
            if not call.check:
                _install(call, name, package)
    return {"changed": changed}


def _pin(call: Call, names: list[str], result: Result) -> Result:
    pins: dict[str, str] = call.state.chocolatey["pins"]
    if call.params["pinned"] is None:
        return {}
    wrong = [name for name in names if (name in pins) != call.params["pinned"]]
    if not call.check:
        for name in wrong:
            if call.params["pinned"]:
                pins[name] = call.state.chocolatey["packages"].get(name, "")
            else:
                del pins[name]
    return {"changed": bool(result.get("changed")) or bool(wrong)}


@model("chocolatey.chocolatey.win_chocolatey_facts", version="1.6.0")
def win_chocolatey_facts(call: Call) -> Result:
    chocolatey = call.state.chocolatey
    if not chocolatey:
        call.fail("Failed to find Chocolatey installation, make sure choco.exe is in the PATH env value")
    facts = {
        "config": {},
        "feature": {},
        "sources": [
            {"name": name, "source": url, "disabled": False} for name, url in chocolatey["sources"].items()
        ],
        "packages": [
            {"package": name, "version": version} for name, version in sorted(chocolatey["packages"].items())
        ],
        "outdated": [],
    }
    return {"ansible_facts": {"ansible_chocolatey": facts}}


@model("chocolatey.chocolatey.win_chocolatey_source", version="1.6.0")
def win_chocolatey_source(call: Call) -> Result:
    params, chocolatey = call.params, call.state.chocolatey
    call.unmodelled("certificate", "priority", "bypass_proxy", "allow_self_service", "admin_only")
    if not chocolatey:
        call.fail("Failed to find Chocolatey installation, make sure choco.exe is in the PATH env value")
    name, sources, state = params["name"], chocolatey["sources"], params["state"].lower()
    if state == "absent":
        there = name in sources
        if there and not call.check:
            del sources[name]
        return {"changed": there}
    if params["source"] is None and name not in sources:
        call.fail(f"The source option must be set when creating a new source '{name}'")
    changed = params["source"] is not None and sources.get(name) != params["source"]
    if changed and not call.check:
        sources[name] = params["source"]
    return {"changed": changed}
