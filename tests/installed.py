"""Wheels of what is installed here: a real kernel's packages, with no index to ask for them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from email.parser import HeaderParser
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.wheels import Wheel, record_of, zip_bytes

__all__ = ["installed_wheels"]


def installed_wheels(*names: str) -> Iterator[Wheel]:
    """Yield a wheel of each named distribution, and of all that these need here."""
    seen: set[str] = set()
    todo = list(names)
    while todo:
        name = canonicalize_name(todo.pop())
        if name in seen:
            continue
        seen.add(name)
        found = distribution(name)
        yield _wheel(found)
        for line in found.requires or ():
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                todo.append(requirement.name)


def _wheel(found: Distribution) -> Wheel:
    name = found.metadata["Name"].replace("-", "_").replace(".", "_").lower()
    tags = HeaderParser().parsestr(found.read_text("WHEEL") or "").get_all("Tag", [])
    pieces = [sorted(set(each)) for each in zip(*(tag.split("-") for tag in tags), strict=True)]
    members, modes = {}, {}
    info = ""
    for path in found.files or ():
        text = path.as_posix()
        # What lies elsewhere is scripts and data; byte code and what an installer noted stay out.
        if text.startswith("..") or text.endswith(".pyc"):
            continue
        top, _, inside = text.partition("/")
        if top.endswith(".dist-info"):
            info = top
            if inside in ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json"):
                continue
        members[text] = Path(str(found.locate_file(path))).read_bytes()
        modes[text] = 0o100755 if text.endswith(".so") else 0o100644
    members[f"{info}/RECORD"] = record_of(members, info).encode()
    return Wheel(
        filename=f"{name}-{found.version}-{'-'.join('.'.join(each) for each in pieces)}.whl",
        # Packing well takes longer than anything else here.
        data=zip_bytes(members, modes=modes, compression=zipfile.ZIP_STORED),
        name=found.metadata["Name"],
        version=found.version,
    )
