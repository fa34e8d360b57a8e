"""ansible.windows.async_status: mirrors async_status.ps1 of ansible.windows 3.8.0."""

from __future__ import annotations

from .api import Call, Result, model


@model("ansible.windows.async_status", version="3.8.0")
def async_status(call: Call) -> Result:
    job = call.params["jid"]
    if job not in call.state.jobs:
        call.fail(
            f"could not find job at '{call.params.get('_async_dir')}'",
            ansible_job_id=job,
            started=1,
            finished=1,
        )
    if (call.params["mode"] or "status").lower() == "cleanup":
        del call.state.jobs[job]
        return {"ansible_job_id": job, "erased": job}
    return dict(call.state.jobs[job])
