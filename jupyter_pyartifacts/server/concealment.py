"""What must not leave the server in a message: credentials in URLs."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["conceal"]

# A password may hold an unescaped `@`: everything up to the last one before the path goes.
_USERINFO = re.compile(r"(?<=://)[^/\s\"'<>]*@")
_QUERY = re.compile(
    r"([?&](?:[\w.-]*(?:token|key|secret|password|signature|auth)[\w.-]*)=)[^&\s\"'<>#]+",
    re.IGNORECASE,
)


def conceal(value: Any) -> Any:
    """Return a JSON-ready value with the credentials of all URLs in its texts replaced.

    The engine's messages hold none; this stands behind them, for what other programs say.
    """
    if isinstance(value, str):
        return _QUERY.sub(r"\1***", _USERINFO.sub("***@", value))
    if isinstance(value, dict):
        return {key: conceal(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [conceal(each) for each in value]
    return value
