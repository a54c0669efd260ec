"""Who may call an endpoint: somebody known to the server, whom its authorizer lets in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Literal, TypeVar, cast

from jupyter_server.auth.decorator import authorized
from tornado import web

__all__ = ["RESOURCE", "guarded"]

RESOURCE = "pyartifacts"
"""What an authorizer is asked about."""

_Method = TypeVar("_Method", bound=Callable[..., Awaitable[None]])


def guarded(action: Literal["read", "write"]) -> Callable[[_Method], _Method]:
    """Demand authentication, and authorization for an action on our resource, its `action`."""

    def guard(method: _Method) -> _Method:
        allowed: Any = authorized(action=action, resource=RESOURCE)
        guarded: Any = web.authenticated(allowed(method))
        guarded.action = action
        return cast(_Method, guarded)

    return guard
