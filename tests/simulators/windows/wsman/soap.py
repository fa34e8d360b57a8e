"""SOAP messages of WS-Management: requests, answers and faults.

Shapes and texts as recorded by pypsrp and pywinrm from real hosts (shared data windows_recorded); what no recording
shows is marked.
"""

from __future__ import annotations

import re
import uuid
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

NAMESPACES = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "p": "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd",
    "x": "http://schemas.xmlsoap.org/ws/2004/09/transfer",
    "rsp": "http://schemas.microsoft.com/wbem/wsman/1/windows/shell",
}
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer/"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/"
CMD_SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd"
FAULT_ACTION = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
ANONYMOUS = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"
WMI_ERROR = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
UNDERSTOOD = {"To", "ReplyTo", "MaxEnvelopeSize", "MessageID", "Locale", "DataLocale", "OperationTimeout", "ResourceURI",
              "Action", "SelectorSet", "OptionSet", "SessionId", "OperationID", "SequenceId"}  # fmt: skip


class WsmanFault(Exception):
    """A fault that the client gets as HTTP 500."""

    def __init__(
        self,
        code: int,
        reason: str,
        subcode: str,
        *,
        sender: bool = False,
        detail: str = "",
        wmi: bool = False,
    ):
        super().__init__(reason)
        self.code, self.reason, self.subcode = code, reason, subcode
        self.sender, self.detail, self.wmi = sender, detail or reason, wmi


def invalid_selectors(detail: str = "") -> WsmanFault:
    reason = (
        "The WS-Management service cannot process the request because the request contained invalid selectors for the "
        "resource. "
    )
    return WsmanFault(2150858843, reason, "w:InvalidSelectors", sender=True, detail=detail)


def unknown_command() -> WsmanFault:
    return invalid_selectors(
        "The Windows Remote Shell received a request to perform an operation on a command identifier that does not "
        "exist. Either the command has completed execution or the client specified an invalid command identifier. "
    )


def invalid_header(detail: str) -> WsmanFault:
    reason = "The WS-Management service cannot process the request. The request contains one or more invalid SOAP headers. "
    return WsmanFault(2150858767, reason, "a:InvalidMessageInformationHeader", sender=True, detail=detail)


def invalid_timeout(given: str) -> WsmanFault:
    return invalid_header(
        "The WS-Management service cannot process the request. The XML contains an invalid timeout field in the SOAP "
        f"header: {given}. "
    )


def timed_out() -> WsmanFault:
    reason = "The WS-Management service cannot complete the operation within the time specified in OperationTimeout.  "
    return WsmanFault(2150858793, reason, "w:TimedOut")


def shell_quota(limit: int) -> WsmanFault:
    reason = (
        f"The WS-Management service cannot process the request. This user is allowed a maximum number of {limit} "
        "concurrent shells, which has been exceeded. Close existing shells or raise the quota for this user. "
    )
    return WsmanFault(2150859173, reason, "w:QuotaLimit")


def operation_quota(limit: int) -> WsmanFault:
    reason = (
        f"The WS-Management service cannot process the request. This user is allowed a maximum number of {limit} "
        "concurrent operations, which has been exceeded. Close existing operations for this user, or raise the quota "
        "for this user. "
    )
    return WsmanFault(2150859174, reason, "w:InternalError", wmi=True)


def busy() -> WsmanFault:
    # ERROR_BUSY, which ansible's winrm.py waits for; no recording shows its text.
    return WsmanFault(170, "The requested resource is in use. ", "w:InternalError")


@dataclass
class Request:
    """One request; what is missing or wrong in its header raises a WsmanFault."""

    action: str
    message_id: str
    resource_uri: str
    operation_timeout: float
    max_envelope_size: int
    language: str
    shell_id: str | None
    options: dict[str, str]
    body: ET.Element
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = self.action.rsplit("/", 1)[-1]

    @classmethod
    def parse(cls, data: bytes) -> Request:
        root = ET.fromstring(data)
        header, body = root.find("s:Header", NAMESPACES), root.find("s:Body", NAMESPACES)
        if root.tag != f"{{{NAMESPACES['s']}}}Envelope" or header is None or body is None:
            raise invalid_header("The message is not a SOAP 1.2 envelope with a header and a body. ")
        for child in header:
            must = child.get(f"{{{NAMESPACES['s']}}}mustUnderstand") or child.get("mustUnderstand")
            if must == "true" and child.tag.rpartition("}")[2] not in UNDERSTOOD:
                raise invalid_header(f"The header {child.tag} is not understood. ")

        def text(path: str) -> str:
            value = (header.findtext(path, "", NAMESPACES) or "").strip()
            if not value:
                raise invalid_header(f"The SOAP header {path} is missing or empty. ")
            return value

        timeout = header.findtext("w:OperationTimeout", "PT60S", NAMESPACES)
        seconds = re.fullmatch(r"PT(\d+(?:\.\d+)?)S", timeout)
        if seconds is None:
            raise invalid_timeout(timeout)
        locale = header.find("w:Locale", NAMESPACES)
        return cls(
            text("a:Action"),
            text("a:MessageID"),
            text("w:ResourceURI"),
            min(float(seconds[1]), 60.0),  # MaxTimeoutms 60000
            int(header.findtext("w:MaxEnvelopeSize", "153600", NAMESPACES)),
            locale.get(LANG, "en-US") if locale is not None else "en-US",
            next(
                (
                    selector.text
                    for selector in header.iterfind("w:SelectorSet/w:Selector", NAMESPACES)
                    if selector.get("Name") == "ShellId"
                ),
                None,
            ),
            {
                option.get("Name", ""): option.text or ""
                for option in header.iterfind("w:OptionSet/w:Option", NAMESPACES)
            },
            body,
        )


def envelope(action: str, body: str, relates_to: str, language: str = "en-US") -> bytes:
    spaces = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
    related = f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo>" if relates_to else ""
    return (
        f"<s:Envelope xml:lang={quoteattr(language)} {spaces}><s:Header><a:Action>{action}</a:Action>"
        f"<a:MessageID>uuid:{str(uuid.uuid4()).upper()}</a:MessageID><p:ActivityId>{str(uuid.uuid4()).upper()}</p:ActivityId>"
        f"<a:To>{ANONYMOUS}</a:To>{related}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def fault_envelope(fault: WsmanFault, machine: str, relates_to: str, language: str) -> bytes:
    if fault.wmi:
        detail = (
            f'<e:MSFT_WmiError xmlns:e="{WMI_ERROR}"><e:CIMStatusCode>27</e:CIMStatusCode>'
            f"<e:Message>{escape(fault.detail)}</e:Message><e:MessageID>HRESULT {fault.code:#x}</e:MessageID>"
            f"<e:error_Category>30</e:error_Category><e:error_Code>{fault.code}</e:error_Code>"
            f"<e:error_Type>HRESULT</e:error_Type></e:MSFT_WmiError>"
        )
    else:
        detail = (
            f'<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="{fault.code}" '
            f"Machine={quoteattr(machine)}><f:Message>{escape(fault.detail)}</f:Message></f:WSManFault>"
        )
    body = (
        f"<s:Fault><s:Code><s:Value>s:{'Sender' if fault.sender else 'Receiver'}</s:Value><s:Subcode>"
        f"<s:Value>{fault.subcode}</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang={quoteattr(language)}>"
        f"{escape(fault.reason)}</s:Text></s:Reason><s:Detail>{detail}</s:Detail></s:Fault>"
    )
    return envelope(FAULT_ACTION, body, relates_to, language)
