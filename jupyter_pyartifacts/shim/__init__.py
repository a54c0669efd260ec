"""What runs inside the notebook's kernel: the standard library only, old Python's syntax.

Loaded by path under another name in an isolated kernel, as a part of jupyter_pyartifacts in a
stock one. Registering costs little; the rest is imported at the first use.
"""

import os
import sys
import types

__all__ = ["install", "standin_module", "uninstall"]

_STATE = "_pyartifacts_shim_state"


def install(ip, mode=None):
    """Register the magic, its completion and the hints in an IPython shell; do so once only.

    `mode` is `isolated` (the provisioner started this kernel) or `stock`; None finds out.
    """
    if getattr(ip, _STATE, None) is not None:
        return
    from .shell import Registration

    if mode is None:
        mode = "isolated" if os.environ.get("PYARTIFACTS_SESSION") else "stock"
    setattr(ip, _STATE, Registration(ip, mode, list(sys.path)))


def uninstall(ip):
    """Take out what `install` registered, where it was."""
    state = getattr(ip, _STATE, None)
    if state is not None:
        state.remove()
        setattr(ip, _STATE, None)


def standin_module(name="jupyter_pyartifacts"):
    """Return a module to stand for the package in an isolated kernel, which does not have it.

    `%load_ext jupyter_pyartifacts`, saved in a notebook, says in it that there is nothing to do.
    """
    module = types.ModuleType(name, "Stands for the package, which lives outside this kernel.")

    def load_ipython_extension(ip):
        install(ip, "isolated")
        print("%pyartifacts is active already; this notebook runs on its own packages")

    def unload_ipython_extension(ip):
        pass

    module.load_ipython_extension = load_ipython_extension
    module.unload_ipython_extension = unload_ipython_extension
    return module
