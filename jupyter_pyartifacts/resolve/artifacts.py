"""Artifacts of a lock out of what uv answered: loopback URLs back to where files really are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..index.client import IndexClient
from ..index.locations import location_for
from ..index.simple import ProjectFile
from ..model import Artifact, Digest
from ..requirements import UserRequirement
from .synthetic import SyntheticWheels, Translation, measure, underlying_sdist

__all__ = ["ArtifactWriter"]


class ArtifactWriter:
    """Write the artifacts of one lock.

    `ties` maps projects to the URL of their index; `given` are the requirements that are met by
    files of the user's own; `synthetic` knows what came of sdists.
    """

    def __init__(
        self,
        client: IndexClient,
        *,
        ties: Mapping[str, str],
        given: Iterable[UserRequirement],
        synthetic: SyntheticWheels | None,
    ) -> None:
        self._client = client
        self._synthetic = synthetic
        self._ties = ties
        self._given = {(own.name, own.filename): own for own in given if own.kind != "index"}

    def write(self, name: str, file: ProjectFile) -> Artifact:
        """Return the artifact that a file of the loopback index stands for.

        A file that its index gives no hash of is downloaded here, one without a size is asked
        for. Raises NetworkError.
        """
        filename, url, digest, size = file.filename, file.url, file.sha256, file.size
        found = underlying_sdist(url)
        if found is not None and self._synthetic is not None:
            made = self._synthetic.known(file)
            if isinstance(made, Translation):
                return Artifact(
                    filename=found[0],
                    digest=made.digest,
                    size=made.size,
                    location=self._location(name, *found),
                    tree=made.tree,
                    translator=self._synthetic.version,
                )
        if size is None and digest is not None:
            size = self._client.size_of(url, where=filename)
        if size is None or digest is None:
            digest, size = measure(self._client, url, filename)
        return Artifact(
            filename=filename,
            digest=Digest(digest),
            size=size,
            location=self._location(name, filename, url),
        )

    def _location(self, name: str, filename: str, url: str) -> str:
        given = self._given.get((name, filename))
        if given is not None and given.kind == "path":
            return "file:" + str(given.location).replace("\\", "/")
        if given is not None or name in self._ties:
            return url
        index_url = self._client.default_index
        self._client.learn_root(index_url, url)
        return location_for(url, index_url)
