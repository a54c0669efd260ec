"""What a request allows of one project: its versions, and what there is of them on the index."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from packaging.markers import Marker
from packaging.specifiers import SpecifierSet

from ..errors import PyArtifactsError
from ..index.simple import ProjectFile, parse_version, version_text
from ..platforms import best_wheel, marker_environment
from ..requirements import UserRequirement
from .catalog import Catalog
from .loopback import version_of
from .offer import Offer, by_version
from .synthetic import Refusal
from .target import python_accepts, tag_ranks

__all__ = ["Allowed"]


class Allowed:
    """Answer for projects by name; those that nothing is asked of are allowed at any version.

    `asked` are the requirements of a request, the kernel's own included.
    """

    def __init__(self, asked: Sequence[UserRequirement], catalog: Catalog) -> None:
        self._asked = asked
        self._catalog = catalog

    def specifier(self, name: str) -> SpecifierSet:
        """Return all that is asked of a project's version."""
        wanted = SpecifierSet()
        for own in self._of(name):
            wanted &= SpecifierSet(own.specifier)
        return wanted

    def _of(self, name: str) -> list[UserRequirement]:
        return [own for own in self._asked if own.name == name]

    def refused(self, name: str) -> tuple[tuple[str, Refusal], ...]:
        """Return what is refused of a project among the versions that are allowed."""
        wanted = self.specifier(name)
        return tuple(each for each in self._catalog.all_refused(name) if wanted.contains(each[0]))

    def unmet(self, name: str) -> tuple[str, str] | None:
        """Return what is asked of a project and what there is, if no version of it is that."""
        wanted = self.specifier(name)
        try:
            _, page = self._catalog.page(name)
        except PyArtifactsError:
            return None
        versions = sorted(by_version(page, self._catalog.target))
        if not versions or any(wanted.contains(version, True) for version in versions):
            return None
        return f"{name}{wanted}", f"{versions[0]} to {versions[-1]}, {len(versions)} versions"

    def has_wheel(self, name: str, platforms: Iterable[str]) -> bool:
        """Tell whether what is allowed of a project has wheels for each of the platforms."""
        wanted, target, lacking = self.specifier(name), self._catalog.target, set(platforms)
        for own in self._of(name):
            if own.marker:
                marker = Marker(own.marker)
                lacking = {
                    platform
                    for platform in lacking
                    if marker.evaluate(
                        marker_environment(platform, target.python, target.implementation)
                    )
                }
        try:
            _, page = self._catalog.page(name)
        except PyArtifactsError:
            return True
        for file in page.files:
            version = parse_version(version_text(file.filename, name) or "")
            if version is None or not wanted.contains(version, True):
                continue
            if file.requires_python and not python_accepts(file.requires_python, target.python):
                continue
            if not file.is_wheel:
                if self._catalog.translates(file):
                    return True
                continue
            tags = "-".join(file.filename[:-4].split("-")[-3:])
            lacking -= {platform for platform, _ in tag_ranks(tags, target.minor)}
        return not lacking

    def likely(self, offer: Offer, platform: str) -> ProjectFile | None:
        """Return the wheel that a platform gets if uv chooses a project's newest version.

        None if something that is known speaks against that, or no hash and size are told of it.
        """
        name, newest = offer.name, offer.facts.newest
        if newest is None or not self.specifier(name).contains(newest):
            return None
        if any(own.marker for own in self._of(name)):
            return None
        files = {file.filename: file for file in offer.files if version_of(file, name) == newest}
        best = best_wheel(files, platform, self._catalog.target.minor)
        return files[best] if best and files[best].sha256 and files[best].size else None
