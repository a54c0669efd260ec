"""What every test has: a user of its own, so that nothing of the tester's is read or changed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

# How long a property takes says nothing about it on a busy machine.
settings.register_profile("here", deadline=None)
settings.load_profile("here")

# A shell that starts this in its background ignores Ctrl-C for it, and so would all that tests run.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# Nothing may go on writing into a test's store after the test: byte code has tests of its own.
os.environ.setdefault("PYARTIFACTS_BYTE_CODE", "0")
# What runs on the tester's machine is not what is tested; the engine has tests of its own.
os.environ["PYARTIFACTS_ENGINE"] = "0"


@pytest.fixture(scope="session", autouse=True)
def _own_configuration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep approvals apart from the tester's."""
    before = os.environ.get("XDG_CONFIG_HOME")
    os.environ["XDG_CONFIG_HOME"] = str(tmp_path_factory.mktemp("config"))
    yield
    if before is None:
        del os.environ["XDG_CONFIG_HOME"]
    else:
        os.environ["XDG_CONFIG_HOME"] = before
