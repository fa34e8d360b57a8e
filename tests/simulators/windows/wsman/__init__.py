"""WS-Management service: HTTP(S) listener, NTLM, SOAP messages and WinRS shells."""
