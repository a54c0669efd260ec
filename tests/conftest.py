"""What holds for all tests."""

from __future__ import annotations

import os

# Nothing may go on writing into a test's store after the test: byte code has tests of its own.
os.environ.setdefault("PYARTIFACTS_BYTE_CODE", "0")
