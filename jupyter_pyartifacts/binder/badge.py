"""The badge that opens a repository in Binder, made of what git knows of its remote."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

__all__ = ["HUB", "Badge", "Remote", "badge_of"]

HUB = "https://mybinder.org"
# scp's way of writing a place over ssh: [USER@]HOST:PATH
_SCP = re.compile(r"(?:[^@/:]+@)?(?P<host>[^/:]+):(?P<path>[^/].*|/.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """Where a repository is pushed to: the URL as git has it, and the branch, if they are known."""

    url: str | None
    branch: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    """`markdown` for a README; `url` opens the image; `missing` says what is a placeholder."""

    url: str
    markdown: str
    missing: str | None


def badge_of(remote: Remote, notebooks: tuple[str, ...], hub: str = HUB) -> Badge:
    """Return the badge; it opens the notebook if there is exactly one, else Lab.

    Credentials of the remote's URL are not taken over.
    """
    hub = hub.rstrip("/")
    repository = _repository(remote.url)
    missing = None
    if repository is None:
        repository = "gh/OWNER/REPOSITORY"
        why = "git knows no remote here" if remote.url is None else "git's remote is on no network"
        missing = f"{why}: in the badge, put yours in place of OWNER/REPOSITORY"
    where = f"{hub}/v2/{repository}/{quote(remote.branch or 'HEAD', safe='/')}"
    # In Binder's links the path is escaped like a value of any query.
    opens = f"labpath={quote(notebooks[0], safe='')}" if len(notebooks) == 1 else "urlpath=lab"
    url = f"{where}?{opens}"
    return Badge(url=url, markdown=f"[![Binder]({hub}/badge_logo.svg)]({url})", missing=missing)


def _repository(url: str | None) -> str | None:
    """Return how BinderHub names a repository: `gh/OWNER/NAME`, `gl/...`, `git/URL`."""
    place = _place(url or "")
    if place is None:
        return None
    host, path = place
    path = path.strip("/")
    name = path.removesuffix(".git")
    if not name:
        return None
    if host == "github.com" and name.count("/") == 1:
        return f"gh/{quote(name)}"
    if host == "gitlab.com" and "/" in name:
        return f"gl/{quote(name, safe='')}"
    return f"git/{quote(f'https://{host}/{path}', safe='')}"


def _place(url: str) -> tuple[str, str] | None:
    """Return host (with a port of https) and path of a place on the network."""
    if "://" in url:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            return None
        if parts.scheme not in ("https", "http", "ssh", "git", "git+ssh") or not host:
            return None
        if host in ("localhost", "127.0.0.1", "::1"):
            return None
        return (f"{host}:{port}" if port and parts.scheme == "https" else host), parts.path
    found = _SCP.fullmatch(url)
    # `C:\...` and `C:/...` are places on a disk.
    if found is None or len(found["host"]) == 1 or "\\" in url:
        return None
    return found["host"], found["path"]
