"""cartable.fleet.win_bitlocker: mirrors plugins/modules/win_bitlocker.ps1 and the cmdlets of BitLocker."""

from __future__ import annotations

import secrets
import uuid
from typing import Any

from ...state.system import Volume
from ..api import Call, Result, model


def recovery_password() -> str:
    """48 digits: eight numbers below 720896 that 11 divides."""
    return "-".join(f"{secrets.randbelow(65536) * 11:06d}" for _ in range(8))


def _shown(volume: Volume) -> dict[str, Any]:
    return {
        "volume_status": volume.conversion,
        "protection_status": volume.protection,
        "lock_status": volume.lock,
        "encryption_method": volume.method,
        "encryption_percentage": volume.percentage,
        "protectors": [{"id": each["id"], "type": each["type"]} for each in volume.protectors],
    }


def _volume(call: Call) -> Volume:
    mount = call.params["mount_point"].upper()
    volume = next((one for one in call.state.volumes if one.mount_point.upper() == mount), None)
    if volume is None or call.state.system.edition == "Core":
        call.fail(
            f"BitLocker cannot be read on {call.params['mount_point']} (is this a Home edition, or a server without the "
            f"feature?): {call.params['mount_point']} does not have an associated BitLocker volume."
        )
    assert volume is not None
    return volume


def _add_tpm(call: Call, volume: Volume) -> None:
    if not call.state.system.has_tpm:
        call.fail(f"BitLocker refuses on {volume.mount_point}: 0x80284008")  # TBS_E_SERVICE_NOT_RUNNING
    volume.protectors.append({"id": "{" + str(uuid.uuid4()).upper() + "}", "type": "Tpm"})


def _prepared(call: Call, volume: Volume) -> Result:
    found = [each for each in volume.protectors if each["type"] == "RecoveryPassword"]
    if not found:
        if call.check:
            return {"changed": True}
        identifier = "{" + str(uuid.uuid4()).upper() + "}"
        found = [{"id": identifier, "type": "RecoveryPassword", "password": recovery_password()}]
        volume.protectors += found
        changed = True
    else:
        changed = False
    wanted = next((each for each in found if each["id"] == call.params["key_protector_id"]), found[0])
    return {"changed": changed, "key_protector_id": wanted["id"], "recovery_password": wanted["password"]}


def _encrypted(call: Call, volume: Volume) -> Result:
    wanted = call.params["key_protector_id"]
    ids = [each["id"] for each in volume.protectors if each["type"] == "RecoveryPassword"]
    if wanted not in ids:
        call.fail(
            f"{volume.mount_point} has no recovery password {wanted}, so the one in the vault would not open it; prepare the "
            "key again"
        )
    has_tpm = any(each["type"].startswith("Tpm") for each in volume.protectors)
    decrypted = volume.conversion == "FullyDecrypted"
    suspended = volume.conversion == "FullyEncrypted" and volume.protection == "Off"
    others = [each for each in ids if each != wanted]
    changed = decrypted or suspended or not has_tpm or bool(others)
    if not changed or call.check:
        return {"changed": changed}
    if decrypted:
        volume.protectors = [each for each in volume.protectors if not each["type"].startswith("Tpm")]
        _add_tpm(call, volume)
        # Without a restart between the two there is no state in which the volume is half encrypted here.
        volume.conversion, volume.percentage, volume.protection = "FullyEncrypted", 100, "On"
        volume.method = call.params["encryption_method"]
    else:
        if not has_tpm:
            _add_tpm(call, volume)
        if suspended:
            volume.protection = "On"
    volume.protectors = [each for each in volume.protectors if each["id"] not in others]
    return {"changed": True}


@model("cartable.fleet.win_bitlocker")
def win_bitlocker(call: Call) -> Result:
    volume = _volume(call)
    before = _shown(volume)
    result: Result = {"changed": False}
    if call.params["state"] == "key_prepared":
        result = _prepared(call, volume)
    elif call.params["state"] == "encrypted":
        result = _encrypted(call, volume)
    call.set_diff(before, _shown(volume))
    return result | {"volume": _shown(volume)}
