"""cartable.fleet.win_print_queues: mirrors plugins/modules/win_print_queues.ps1."""

from __future__ import annotations

from typing import Any

from ...state.system import Printer, PrinterPort
from ..api import Call, Result, model

DUPLEX = {"one_sided": "OneSided", "long_edge": "TwoSidedLongEdge", "short_edge": "TwoSidedShortEdge"}
# Drivers that every Windows brings along [K]; another one needs its INF file.
CLASS_DRIVERS = {"Microsoft PCL6 Class Driver", "Microsoft PS Class Driver", "Microsoft IPP Class Driver"}


def found(call: Call, printer: Printer) -> dict[str, Any]:
    port = next((port for port in call.state.printer_ports if port.name == printer.port), None)
    return {
        "address": port.address if port else "",
        "port": port.number if port else 0,
        "driver": printer.driver,
        "duplex": printer.duplex,
        "color": printer.color,
        "location": printer.location,
        "comment": printer.comment,
    }


def have_driver(call: Call, queue: dict[str, Any]) -> None:
    known = CLASS_DRIVERS | {printer.driver for printer in call.state.printers}
    inf = queue["driver_inf"]
    if queue["driver"] not in known and not (inf and call.state.files.exists(inf)):
        call.fail(
            f"The queue {queue['name']} cannot be set: The specified driver does not exist in the driver store."
        )


def have_port(call: Call, address: str, number: int) -> str:
    name, ports = f"Cartable {address}:{number}", {port.name: port for port in call.state.printer_ports}
    while name in ports and (ports[name].address, ports[name].number) != (address, number):
        name += "+"
    if name not in ports:
        call.state.printer_ports.append(PrinterPort(name, address, number))
    return name


@model("cartable.fleet.win_print_queues")
def win_print_queues(call: Call) -> Result:
    printers, before, after = call.state.printers, {}, {}
    if call.state.services["spooler"].state != "started":
        name = call.params["queues"][0]["name"]
        call.fail(f"The queue {name} cannot be set: The spooler service is not reachable.")
    for queue in call.params["queues"]:
        printer = next((printer for printer in printers if printer.name == queue["name"]), None)
        is_now = found(call, printer) if printer else None
        wanted = None
        if queue["state"] == "present":
            wanted = {key: queue[key] for key in ("address", "port", "driver")} | {
                "duplex": DUPLEX[queue["duplex"]],
                **{key: queue[key] for key in ("color", "location", "comment")},
            }
        if is_now == wanted:
            continue
        before[queue["name"]], after[queue["name"]] = is_now, wanted
        if call.check:
            continue
        if printer is not None and wanted is None:
            printers.remove(printer)
            continue
        have_driver(call, queue)
        assert wanted is not None
        port = have_port(call, queue["address"], queue["port"])
        if printer is None:
            printer = Printer(queue["name"], queue["driver"], port)
            printers.append(printer)
        printer.driver, printer.port = queue["driver"], port
        for key in ("duplex", "color", "location", "comment"):
            setattr(printer, key, wanted[key])
    call.set_diff(before, after)
    return {"changed": bool(after), "changed_queues": list(after)}
