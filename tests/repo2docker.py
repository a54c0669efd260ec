"""repo2docker without a Docker engine: what it detects, and the steps that it would have run."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

__all__ = ["render", "run_steps", "users_steps"]

CONTINUED = re.compile(r"\\\n")
SECONDS = 900


def render(repository: Path) -> tuple[str, str]:
    """Return the Dockerfile that repo2docker renders, and what it says on the way."""
    done = subprocess.run(
        [sys.executable, "-m", "repo2docker", "--no-build", str(repository)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def users_steps(dockerfile: str) -> list[str]:
    """Return the commands that are run as the user of the image, in their order."""
    steps, user = [], "root"
    for line in CONTINUED.sub("", dockerfile).splitlines():
        word, _, rest = line.partition(" ")
        if word == "USER":
            user = rest.strip()
        elif word == "RUN" and user == "${NB_USER}":
            steps.append(" ".join(rest.split()))
    return steps


def run_steps(
    steps: list[str], repository: Path, environment: Path, variables: Mapping[str, str]
) -> str:
    """Run these commands as an image's build does: in the repository, which is the home.

    `environment` stands in for the one that the image begins with. Returns all they say.
    """
    environ = {
        **variables,
        "HOME": str(repository),
        "REPO_DIR": str(repository),
        "NB_USER": "jovyan",
        "NB_PYTHON_PREFIX": str(environment),
        "KERNEL_PYTHON_PREFIX": str(environment),
        "PATH": f"{environment}/bin:{variables['PATH']}",
    }
    said = []

    for step in steps:
        done = subprocess.run(
            ["bash", "-c", step],
            cwd=repository,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=SECONDS,
        )
        said.append(f"$ {step}\n{done.stdout}")
        assert done.returncode == 0, "\n".join(said)
    return "\n".join(said)
