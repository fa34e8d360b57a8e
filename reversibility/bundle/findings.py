"""What was not as it should be while a bundle was built: English for the operator, French for ``anomalies.txt``."""

from __future__ import annotations


class Finding(str):
    """A sentence in English, which is what it is as text, with ``french``, the same for whoever gets the bundle."""

    french: str

    def __new__(cls, english: str, french: str) -> Finding:
        made = super().__new__(cls, english)
        made.french = french
        return made

    def __reduce__(self) -> tuple[type[Finding], tuple[str, str]]:
        return Finding, (str(self), self.french)


def french(finding: str) -> str:
    """What ``anomalies.txt`` says of a finding; one that nobody has translated is quoted."""
    if isinstance(finding, Finding):
        return finding.french
    return f"message du logiciel\u00a0: «\u00a0{finding}\u00a0»"
