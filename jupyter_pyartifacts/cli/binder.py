"""Let Binder open a repository: write what its image needs to have every notebook's packages.

DIR is the root of the repository, the current directory if it is left out. What is there already
(requirements.txt, environment.yml, a Dockerfile, postBuild) is kept and added to; run it again to
bring it up to date. The image then installs jupyter_pyartifacts and fetches, approves and compiles
what the notebooks' locks pin, so that opening one needs no network and asks nothing.

--build does that part; it is what the written files call while an image is built.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._version import __version__
from ..errors import ForeignFileError, PyArtifactsError, UsageError
from ..notebook import read_document, write_text
from .call import Call, add_dry_run

if TYPE_CHECKING:
    from ..binder import Badge, Change, Plan, Repository
    from ..model import Lock

ARGUMENTS = "[DIR]"
NOTEBOOK = "none"
WORDS = (0, 1)
REQUIREMENTS = False
EXAMPLES = (
    "binder --dry-run",
    "binder",
    "binder ~/course --pack conda",
)
PACKS = ("python", "conda")
REQUIREMENT = f"jupyter_pyartifacts>={__version__}"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    from ..binder import HUB

    add_dry_run(parser)
    parser.add_argument(
        "--pack", choices=PACKS, help="what to begin with where nothing is there yet (python)"
    )
    parser.add_argument(
        "--install",
        metavar="REQUIREMENT",
        default=REQUIREMENT,
        help=f"what the image installs for this package ({REQUIREMENT})",
    )
    parser.add_argument("--hub", metavar="URL", default=HUB, help=f"another BinderHub than {HUB}")
    parser.add_argument(
        "--build",
        action="store_true",
        help="inside of an image: approve and fetch the locks of all notebooks below DIR",
    )


def run(call: Call) -> int:
    """Write the files, or fill the image."""
    directory = Path(os.path.abspath(call.words[0] if call.words else "."))
    if not directory.is_dir():
        raise UsageError(
            "there is no such directory",
            where=str(directory),
            hint="name the root of the repository: jupyter pyartifacts binder DIR",
        )
    if call.options.build:
        return _fill(call, directory)
    return _write(call, directory)


def _fill(call: Call, directory: Path) -> int:
    from ..service.image import fill_image

    with call.console.reporter() as reporter:
        filled = fill_image(call.config, directory, reporter, dry_run=call.options.dry_run)
    call.console.result(filled.to_event())
    return 0


def _write(call: Call, directory: Path) -> int:
    from ..binder import badge_of, notebook_notes, parse_repository, plan_files
    from .checkout import read_checkout

    options = call.options
    if not options.install.strip() or not options.install.isprintable():
        raise UsageError(
            "--install has no requirement",
            expected=f"one line that pip can install, such as {REQUIREMENT}",
            found=repr(options.install[:80]),
            hint="leave it out for the released package",
        )
    checkout = read_checkout(directory)
    if checkout.top is not None and not checkout.top.samefile(directory):
        raise UsageError(
            "this is not the root of its repository, and Binder looks nowhere else",
            where=str(directory),
            expected=str(checkout.top),
            hint=f"run it there: jupyter pyartifacts binder {checkout.top}",
        )
    files, folders = _read(directory)
    repository = parse_repository(files, folders, requirement=options.install, pack=options.pack)
    plan = plan_files(repository, options.install)
    locks, notes = _locks(directory)
    badge = badge_of(checkout.remote, tuple(locks), options.hub)
    notes = [*plan.notes, *notebook_notes(locks), *notes]
    if badge.missing:
        notes.append(badge.missing)
    if not options.dry_run:
        for change in plan.changes:
            _write_change(directory, change)
    call.console.result(_event(repository, plan, badge, tuple(locks), notes, options.dry_run))
    return 0


def _read(directory: Path) -> tuple[dict[str, str], list[str]]:
    """Return the files that decide what repo2docker does, and the folders that it looks in."""
    from ..binder import CANDIDATES, FOLDERS

    folders = [name for name in FOLDERS if (directory / name).is_dir()]
    files = {}
    for folder in ("", *(f"{name}/" for name in folders)):
        for name in CANDIDATES:
            path = directory / f"{folder}{name}"
            if path.is_file():
                files[f"{folder}{name}"] = _text(path)
    return files, folders


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        found = error.strerror or str(error)
    except UnicodeDecodeError as error:
        found = f"byte {error.object[error.start]:#04x} at offset {error.start}"
    raise ForeignFileError(
        "a file of the repository cannot be read",
        where=str(path),
        expected="text in UTF-8",
        found=found,
        hint="nothing was written; make it readable, and save it as UTF-8",
    )


def _locks(directory: Path) -> tuple[dict[str, Lock], list[str]]:
    """Return the locks of the notebooks by their paths, and notes of those that have faults."""
    from ..lock import parse_lock
    from ..service.image import notebooks_below

    locks, notes = {}, []
    for path in notebooks_below(directory):
        name = path.relative_to(directory).as_posix()
        try:
            document = read_document(path).lock_document
            if document is not None:
                locks[name] = parse_lock(document)
        except PyArtifactsError as error:
            notes.append(f"the image cannot be built while this is so: {name}: {error.what}")
    return locks, notes


def _write_change(directory: Path, change: Change) -> None:
    if change.state == "same":
        return
    path = directory / change.path
    try:
        path.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise PyArtifactsError(
            "the directory cannot be made",
            where=str(path.parent),
            found=error.strerror or str(error),
            hint="make the repository writable",
        ) from error
    write_text(path, change.after)
    if change.executable and change.before is None:
        path.chmod(path.stat().st_mode | 0o111)


def _event(
    repository: Repository,
    plan: Plan,
    badge: Badge,
    notebooks: Sequence[str],
    notes: Sequence[str],
    dry_run: bool,
) -> dict[str, Any]:
    did = {"new": "wrote", "changed": "added to", "same": "kept"}
    would = {"new": "would write", "changed": "would add to", "same": "would keep"}
    lines = [f"{(would if dry_run else did)[each.state]} {each.path}" for each in plan.changes]
    if notebooks:
        lines.append(f"for {', '.join(notebooks)}")
    if any(each.state != "same" for each in plan.changes) and not dry_run:
        lines.append("commit and push this; then put the badge into your README:")
    else:
        lines.append("the badge for your README:")
    return {
        "event": "result",
        "verb": "binder",
        "build": False,
        "dry_run": dry_run,
        "changed": any(each.state != "same" for each in plan.changes),
        "pack": repository.pack,
        "files": [{"path": each.path, "state": each.state} for each in plan.changes],
        "notebooks": list(notebooks),
        "badge": badge.markdown,
        "url": badge.url,
        "notes": list(notes),
        "lines": [*lines, badge.markdown],
    }
