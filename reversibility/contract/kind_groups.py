"""The groups of kinds that profiles name."""

from __future__ import annotations

_PERSONAL = (
    "classroom_pc",
    "pupil_pc",
    "pupil_laptop",
    "teacher_laptop",
    "director_laptop",
    "office_pc",
    "mac",
)
_COMPUTERS = (*_PERSONAL, "thin_client", "server", "nas")
_NETWORK = ("switch", "router", "firewall", "access_point")

KIND_GROUPS: dict[str, tuple[str, ...]] = {
    "computers": _COMPUTERS,
    "network": _NETWORK,
    # What a password protects (J 3.14).
    "protected": (*_COMPUTERS, *_NETWORK, "printer", "copier", "tablet", "mobile", "phone"),
    "workstations": _PERSONAL,
}
