"""Hand the lock to whoever holds the notebook: one comm, and one display message."""

import sys

__all__ = ["COMM_TARGET", "MIME_TYPE", "lock_bundle", "send_lock"]

COMM_TARGET = "pyartifacts.lock"
MIME_TYPE = "application/vnd.pyartifacts.lock+json"


def lock_bundle(lock, digest):
    """Return what the message says; `lock` None tells the frontend to take the lock out."""
    return {"lock": lock, "digest": digest}


def send_lock(ip, lock, digest):
    """Open a fresh comm that carries the lock. Do nothing outside a kernel."""
    if getattr(ip, "kernel", None) is None:
        return
    comm = _open_comm(lock_bundle(lock, digest))
    if comm is not None:
        # The frontend has all it needs; an open comm would be restored for ever after.
        comm.close()


def _open_comm(data):
    # ipykernel below 6.18 has its own Comm and knows nothing of the one in `comm`.
    if "ipykernel.comm" in sys.modules or "comm" not in sys.modules:
        try:
            from ipykernel.comm import Comm

            return Comm(target_name=COMM_TARGET, data=data)
        except ImportError:
            pass
    from comm import create_comm

    return create_comm(target_name=COMM_TARGET, data=data)
