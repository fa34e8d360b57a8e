"""Programs that scripts and roles call: hostname, whoami, powercfg, tzutil, shutdown."""

from __future__ import annotations

from .api import PROGRAMS, Call, Output, program_model

SLEEP = "29f6c1db-86da-48c5-9fdb-f2b67b1f44da"
POWER = {  # `powercfg /change` name -> setting
    "standby-timeout": SLEEP,
    "hibernate-timeout": "9d7815a6-7ee4-497e-8888-515a05f02364",
    "monitor-timeout": "3c0bc021-c8a8-4e07-a973-6b14cbcb2b7e",
}


@program_model("hostname")
def hostname(call: Call, arguments: list[str]) -> Output:
    return Output(call.state.system.name + "\r\n")


@program_model("cmd")
def cmd(call: Call, arguments: list[str]) -> Output:
    """`/c exit N` and `/c PROGRAM ARGUMENTS`."""
    match [arguments[0].lower(), *arguments[1:]] if arguments else []:
        case ["/c", "exit"]:
            return Output()
        case ["/c", "exit", code] if code.isdigit():
            return Output(code=int(code))
        case ["/c", name, *rest] if name.lower().removesuffix(".exe") in PROGRAMS:
            return PROGRAMS[name.lower().removesuffix(".exe")](call, rest)
    return Output(stderr=f"simulator: cmd {' '.join(arguments)} has no model\r\n", code=1)


@program_model("whoami")
def whoami(call: Call, arguments: list[str]) -> Output:
    if arguments:
        return Output(stderr=f"simulator: whoami {' '.join(arguments)} has no model\r\n", code=1)
    if call.user is None:
        return Output(call.state.accounts.name_of("S-1-5-18", call.state.system.name).lower() + "\r\n")
    return Output(f"{call.state.system.name}\\{call.user.name}".lower() + "\r\n")


@program_model("tzutil")
def tzutil(call: Call, arguments: list[str]) -> Output:
    if [argument.lower() for argument in arguments] == ["/g"]:
        return Output(call.state.system.timezone)
    return Output(stderr="simulator: tzutil only has /g\r\n", code=1)


@program_model("shutdown")
def shutdown(call: Call, arguments: list[str]) -> Output:
    lower = [argument.lower().replace("-", "/", 1) for argument in arguments]
    seconds = float(arguments[lower.index("/t") + 1]) if "/t" in lower else 30.0
    if "/r" in lower:
        call.pc.restart_in(seconds)
    elif "/s" in lower:
        call.pc.shut_down_in(seconds)
    else:
        return Output(stderr="simulator: shutdown only has /r and /s\r\n", code=1)
    return Output()


@program_model("powercfg")
def powercfg(call: Call, arguments: list[str]) -> Output:
    """`/change NAME-ac|dc MINUTES`, `/setactive GUID`, `/hibernate on|off`, `/getactivescheme`."""
    words = [
        argument.lower().replace("-", "/", 1) if index == 0 else argument
        for index, argument in enumerate(arguments)
    ]
    match words:
        case ["/change" | "/x", name, minutes] if name.lower()[:-3] in POWER and minutes.isdigit():
            setting, source = POWER[name.lower()[:-3]], name.lower()[-2:]
            call.state.power_settings.setdefault(setting, {})[source] = int(minutes) * 60
            return Output()
        case ["/setactive" | "/s", guid] if guid.lower() in call.state.power_plans:
            call.state.active_power_plan = guid.lower()
            return Output()
        case ["/hibernate" | "/h", wanted] if wanted.lower() in ("on", "off"):
            enabled = int(wanted.lower() == "on")
            call.state.registry.set(
                r"HKLM\SYSTEM\CurrentControlSet\Control\Power", "HibernateEnabled", enabled
            )
            return Output()
        case ["/getactivescheme"]:
            guid = call.state.active_power_plan
            label = (
                "GUID du mode de gestion de l’alimentation"
                if call.language == "fr-FR"
                else "Power Scheme GUID"
            )
            return Output(f"{label} : {guid}  ({call.state.power_plans[guid]})\r\n")
    return Output(stderr=f"simulator: powercfg {' '.join(arguments)} has no model\r\n", code=1)
