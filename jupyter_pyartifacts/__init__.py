"""A notebook carries its own Python packages: discovery hooks for Jupyter and IPython."""

from __future__ import annotations

from ._version import __version__

__all__ = ["__version__"]

# Not that of `typing`, whose loading is half of what a command waits for that an engine runs.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Say where the built Lab extension is (`jupyter labextension develop` asks)."""
    return [{"src": "labextension", "dest": "jupyter-pyartifacts"}]


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Say which module a Jupyter server loads."""
    return [{"module": "jupyter_pyartifacts.server.extension"}]


def load_ipython_extension(ip: Any) -> None:
    """Register `%pyartifacts` in a shell of this environment (`%load_ext`)."""
    from .shim import install

    install(ip, "stock")


def unload_ipython_extension(ip: Any) -> None:
    """Take `%pyartifacts` out of the shell again."""
    from .shim import uninstall

    uninstall(ip)
