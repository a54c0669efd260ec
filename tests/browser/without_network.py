"""A program: open a notebook in Lab and run its first cell, in a network that is loopback alone.

`python -m tests.browser.without_network PYTHON DIRECTORY NOTEBOOK HOME` runs the Lab of PYTHON's
environment; what was seen goes to stdout as one JSON object. It cannot be done without a network
namespace of its own, and fails where the system gives none: it has nothing to tell then.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import os
import socket
import struct
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from .conftest import CHROMIUM_FLAGS, find_chromium
from .machine import running_lab
from .notebook_page import NotebookPage
from .sidebar import Sidebar

# linux/sched.h, linux/sockios.h and linux/if.h
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1
NOWHERE = ("192.0.2.1", 9)
"""An address of documentation (RFC 5737): whoever has a way out has a route to it."""
SECONDS = 300.0


def leave_the_network() -> None:
    """Move this process into a network of its own, with a loopback interface and nothing else."""
    user, group = os.geteuid(), os.getegid()
    flags = CLONE_NEWNET if user == 0 else CLONE_NEWNET | CLONE_NEWUSER
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flags):
        reason = os.strerror(ctypes.get_errno())
        raise SystemExit(
            f"no network namespace can be made here ({reason}), so nobody can tell whether "
            "notebooks open without a network: run this as root, or allow user namespaces"
        )
    if user:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    with socket.socket() as control:
        request = struct.pack("16sH14x", b"lo", 0)
        up = struct.unpack("16sH14x", fcntl.ioctl(control, SIOCGIFFLAGS, request))[1] | IFF_UP
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", up))
    assert [name for _, name in socket.if_nameindex()] == ["lo"]
    with socket.socket() as probe:
        probe.settimeout(10)
        assert probe.connect_ex(NOWHERE) == errno.ENETUNREACH


def main(python: str, directory: str, notebook: str, home: str) -> None:
    """Open the notebook and say what was there to see."""
    leave_the_network()
    here = Path(home)
    # The image says where things are, not this test.
    variables = {"PYARTIFACTS_STORE": ""}
    with (
        running_lab(here, variables=variables, python=python, directory=Path(directory)) as lab,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_FLAGS)
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(SECONDS * 1000)
        page = context.new_page()
        page.goto(f"{lab.url}lab/tree/{notebook}?token={lab.token}&reset")
        opened = NotebookPage(page, lab, notebook)
        opened.wait_until_idle(seconds=SECONDS)
        output = opened.run(0, seconds=SECONDS)
        seen = {
            "output": output,
            "dialogs": opened.dialogs(),
            "questions": Sidebar(page).banner("warn").all_inner_texts(),
            "store": sorted(path.name for path in here.glob(".local/share/*/artifacts/*")),
        }
        page.screenshot(path=here / "seen.png")
        browser.close()
    print(json.dumps(seen))


if __name__ == "__main__":
    main(*sys.argv[1:])
