"""Real source archives, translated and built, and the table of what came of them.

`python -m tests.translate.sdist.corpus` prints the table, which is kept in `.docs/sdists.md`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.parser import BytesParser
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from jupyter_pyartifacts.config import Config
from jupyter_pyartifacts.errors import SdistRefused
from jupyter_pyartifacts.index.client import IndexClient
from jupyter_pyartifacts.translate.metadata import parse_entry_points
from jupyter_pyartifacts.translate.sdist import translate_sdist

# What a real build is made with. Other releases may write other metadata.
BACKENDS = (
    "setuptools==84.2.1",
    "wheel==0.48.0",
    "flit_core==3.12.0",
    "hatchling==1.33.0",
    "hatch-vcs==0.5.0",
    "hatch-fancy-pypi-readme==25.1.0",
    "poetry-core==2.5.0",
    "pdm-backend==2.5.0",
)
PROJECTS = (
    "docopt==0.6.2",
    "langdetect==1.0.9",
    "sgmllib3k==1.0.0",
    "antlr4-python3-runtime==4.9.3",
    "jieba==0.42.1",
    "fire==0.5.0",
    "wget==3.2",
    "odfpy==1.4.1",
    "simplegeneric==0.8.1",
    "future==0.18.3",
    "termcolor==1.1.0",
    "pyperclip==1.8.2",
    "easydict==1.9",
    "pathtools==0.1.2",
    "prettytable==0.7.2",
    "mistune==0.8.4",
    "unicodecsv==0.14.1",
    "validators==0.20.0",
    "ply==3.11",
    "pexpect==4.9.0",
    "mpmath==1.3.0",
    "feedparser==6.0.11",
    "Unidecode==1.3.8",
    "decorator==5.1.1",
    "astunparse==1.6.3",
    "gast==0.5.4",
    "absl-py==2.1.0",
    "requests==2.31.0",
    "click==8.1.7",
    "parver==0.5",
    "anyio==4.3.0",
    "networkx==3.3",
    "zope.event==5.0",
    "jaraco.functools==4.0.1",
    "celery==5.4.0",
    "tomli==2.0.1",
    "flask==3.0.3",
    "idna==3.7",
    "ptyprocess==0.7.0",
    "more-itertools==10.2.0",
    "seaborn==0.13.2",
    "httpx==0.27.0",
    "urllib3==2.2.1",
    "jsonschema==4.22.0",
    "filelock==3.14.0",
    "humanize==4.9.0",
    "black==24.4.2",
    "rich==13.7.1",
    "tomlkit==0.12.4",
    "arrow==1.3.0",
    "fabric==3.2.2",
    "unearth==0.15.2",
    "pdm-backend==2.3.0",
    "typer==0.12.3",
    "hydra-core==1.3.8",
    "crcmod==1.7",
    "simplejson==3.19.2",
    "tornado==5.1.1",
    "wrapt==1.16.0",
    "PyYAML==6.0.1",
    "pandas==0.23.4",
    "pendulum==3.0.0",
    "nose==1.3.7",
    "pytz==2024.1",
    "pycparser==2.22",
    "dill==0.3.8",
)

Files = dict[str, tuple[bool, bytes]]
# The layout of the table in the docs.
HEAD = """\
# Which source archives are translated

Where a release has no wheel that fits, its source archive is translated: what a build would do is
read from what the project declares, and nothing of the archive is run. This table is made by
`python -m tests.translate.sdist.corpus` and checked by a test, which builds a real wheel of each
project and compares all files, their bytes and their modes.

Always different, and left out of the comparison: `RECORD` and `WHEEL`, the order and spelling of
what `METADATA` says (its name, version, requirements, extras and Python versions are compared),
and `*-nspkg.pth`, which holds only code that runs at start.

Built with {backends}.

| project | built by | files | outcome |
|---|---|---|---|
"""


@dataclass(frozen=True)
class Row:
    """One line of the table; `wrong` is what a translation got wrong, which must be nothing."""

    project: str
    backend: str
    files: int
    outcome: str
    wrong: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"| {self.project} | {self.backend} | {self.files or ''} | {self.outcome} |"


def render(rows: list[Row]) -> str:
    """Return the page."""
    head = HEAD.format(backends=", ".join(BACKENDS).replace("==", " "))
    return head + "".join(f"{row}\n" for row in rows)


def fetch(client: IndexClient, project: str, folder: Path) -> Path:
    """Download the sdist of a pinned project."""
    name, _, version = project.partition("==")
    _, page = client.read_page(canonicalize_name(name), client.default_index)
    file = next(
        each
        for each in page.versions()[Version(version)]
        if each.is_sdist and each.filename.endswith((".tar.gz", ".zip"))
    )
    path = folder / file.filename
    client.download_url(file.url, path, where=file.filename)
    return path


def make_environment(folder: Path) -> Path:
    """Make the environment that builds run in; return its interpreter."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, "--upgrade", *BACKENDS], check=True)
    return python


def build(python: Path, sdist: Path, folder: Path) -> Path | str:
    """Build a wheel of an sdist as installers do; return its path, or what went wrong."""
    folder.mkdir()
    environ = {
        key: os.environ[key] for key in ("PATH", "SYSTEMROOT", "TMPDIR") if key in os.environ
    }
    command = [str(python), "-m", "pip", "wheel", "-q", "--no-deps"]
    done = subprocess.run(
        [
            *command,
            "--use-pep517",
            "--no-build-isolation",
            "--no-index",
            "--no-cache-dir",
            "-w",
            str(folder),
            str(sdist),
        ],
        env={**environ, "HOME": str(folder), "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    return next(folder.glob("*.whl"), None) or done.stderr[-500:]


def wheel_files(wheel: Path) -> Files:
    """Return the files of a wheel: whether they are executable, and their bytes."""
    with zipfile.ZipFile(wheel) as archive:
        return {
            info.filename: (bool(info.external_attr >> 16 & 0o111), archive.read(info))
            for info in archive.infolist()
            if not info.is_dir() and not info.filename.endswith(".pyc")
        }


def tree_files(tree: Path) -> Files:
    """Return the files of a tree."""
    return {
        path.relative_to(tree).as_posix(): (
            bool(path.stat().st_mode & 0o111),
            path.read_bytes(),
        )
        for path in tree.rglob("*")
        if path.is_file()
    }


def _plain(files: Files) -> Files:
    """Name `.dist-info` and `.data` alike, whatever spelling of the name a backend prefers."""
    result = {}
    for name, value in files.items():
        match = re.match(r"[^/]+-[^/-]+\.(dist-info|data)/(.*)", name, re.DOTALL)
        result[f"*.{match[1]}/{match[2]}" if match else name] = value
    return result


def compare(ours: Files, theirs: Files) -> Iterator[str]:
    """Say what differs between a tree and a wheel."""
    mine, other = _plain(ours), _plain(theirs)
    for name in sorted(mine.keys() | other.keys()):
        if name in ("*.dist-info/WHEEL", "*.dist-info/RECORD") or name.endswith("-nspkg.pth"):
            continue
        if name not in mine or name not in other:
            yield f"{name} is {'missing' if name in other else 'too many'}"
        elif name == "*.dist-info/METADATA":
            yield from _compare_metadata(mine[name][1], other[name][1])
        elif name == "*.dist-info/entry_points.txt":
            if _points(mine[name][1]) != _points(other[name][1]):
                yield f"{name} says something else"
        elif mine[name][1] != other[name][1]:
            yield f"{name} has other bytes"
        elif mine[name][0] != other[name][0] and ".data/scripts/" not in name:
            yield f"{name} has another mode"


def _points(data: bytes) -> object:
    groups: dict[str, dict[str, str]] = {}
    group = ""
    for line in data.decode().splitlines():
        if line.startswith("["):
            group = line.strip()
        elif "=" in line:
            name, _, target = line.partition("=")
            groups.setdefault(group, {})[name.strip()] = "".join(target.split())
    return groups, parse_entry_points(data)


def _compare_metadata(ours: bytes, theirs: bytes) -> Iterator[str]:
    mine, other = _metadata(ours), _metadata(theirs)
    for key, value in mine.items():
        if value != other[key]:
            yield f"METADATA: {key} is {value}, and not {other[key]}"


def _metadata(data: bytes) -> Mapping[str, object]:
    headers = BytesParser().parsebytes(data)
    requirements = []
    for text in headers.get_all("Requires-Dist", []):
        parsed = Requirement(text)
        marker = str(parsed.marker or "").replace("'", '"')
        extras = tuple(sorted(parsed.extras))
        requirements.append((canonicalize_name(parsed.name), extras, parsed.specifier, marker))
    return {
        "Name": canonicalize_name(str(headers["Name"])),
        "Version": headers["Version"],
        "Requires-Dist": sorted(requirements, key=str),
        "Provides-Extra": sorted(map(canonicalize_name, headers.get_all("Provides-Extra", []))),
        "Requires-Python": SpecifierSet(str(headers["Requires-Python"] or "")),
    }


def justified(difference: str, notes: tuple[str, ...]) -> str | None:
    """Return why a difference is right, None if it is not."""
    name = difference.partition(" ")[0]
    if name.endswith((".so", ".pyd")) and difference.endswith("missing") and notes:
        return "its optional extension is left out"
    if re.search(r"(?:^|[/_])_?version\.py\Z", name) and difference.endswith("other bytes"):
        return "its version file is the sdist's own, a build writes it anew"
    return None


def backend_of(sdist: Path) -> str:
    """Return the backend that an sdist names."""
    text = ""
    if sdist.suffix == ".zip":
        with zipfile.ZipFile(sdist) as archive:
            names = [name for name in archive.namelist() if name.count("/") == 1]
            found = [name for name in names if name.endswith("/pyproject.toml")]
            text = archive.read(found[0]).decode() if found else ""
    else:
        with tarfile.open(sdist) as tar:
            for info in tar:
                if info.name.count("/") == 1 and info.name.endswith("/pyproject.toml"):
                    stream = tar.extractfile(info)
                    text = stream.read().decode() if stream else ""
                    break
    match = re.search(r"^build-backend\s*=\s*[\"']([^\"']+)", text, re.MULTILINE)
    return match[1] if match else "setuptools"


def examine(python: Path, sdist: Path, project: str, folder: Path) -> Row:
    """Translate and build one sdist, and compare."""
    backend = backend_of(sdist)
    tree_path = folder / f"{sdist.name}-tree"
    try:
        tree = translate_sdist(sdist, str(tree_path), sdist.name)
    except SdistRefused as error:
        reason = error.what.partition(": ")[2]
        return Row(project, backend, 0, f"refused: {reason}")
    wheel = build(python, sdist, folder / f"{sdist.name}-wheel")
    if isinstance(wheel, str):
        return Row(project, backend, 0, "translated, but no wheel can be built", (wheel,))
    reasons, wrong = [], []
    for difference in compare(tree_files(tree_path), wheel_files(wheel)):
        why = justified(difference, tree.facts.notes)
        if why is None:
            wrong.append(difference)
        elif why not in reasons:
            reasons.append(why)
    outcome = "the same" + (f", but {' and '.join(reasons)}" if reasons else "")
    outcome = "wrong" if wrong else outcome
    if any("data files are those for Linux" in note for note in tree.facts.notes):
        outcome += "; its data files are those for Linux everywhere"
    return Row(project, backend, tree.facts.files, outcome, tuple(wrong))


def run(folder: Path) -> list[Row]:
    """Examine all projects, two at once."""
    python = make_environment(folder / "environment")
    (folder / "sdists").mkdir()
    config = Config.from_environ(os.environ)
    with IndexClient(config, cache=folder / "cache") as client, ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(lambda each: fetch(client, each, folder / "sdists"), PROJECTS))
    with ThreadPoolExecutor(2) as pool:
        return list(
            pool.map(
                lambda pair: examine(python, pair[0], pair[1], folder),
                zip(paths, PROJECTS, strict=True),
            )
        )


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        rows = run(Path(folder))
    print(render(rows), end="")
    for row in rows:
        for line in row.wrong:
            print(f"{row.project}: {line}", file=sys.stderr)


if __name__ == "__main__":
    main()
