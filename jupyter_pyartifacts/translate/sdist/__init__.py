"""Pure-source sdists to wheel-shaped trees, by reading alone.

What a build would do is read from what the project declares, and done again; nothing of the
archive is run, imported or compiled, and nothing depends on the machine: an archive gives the
same tree everywhere. Where that cannot be certain, the archive is refused with the reason.
TRANSLATOR_VERSION names these rules: a lock holds it beside the tree hash, and a change of any
tree that these rules make needs another number.

The tree has a RECORD, as an installed wheel has: `importlib.metadata` tells a distribution's
files and top-level names by it.
"""

from .archive import parse_sdist_name
from .translator import TRANSLATOR_VERSION, read_sdist_metadata, translate_sdist

__all__ = ["TRANSLATOR_VERSION", "parse_sdist_name", "read_sdist_metadata", "translate_sdist"]
