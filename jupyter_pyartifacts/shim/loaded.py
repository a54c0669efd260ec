"""Which loaded distributions are not what the new view has, and whether that wants a restart."""

import csv
import os
import re
import sys
from collections import namedtuple

__all__ = [
    "Stale",
    "installed",
    "loaded_versions",
    "normalize",
    "restart_level",
    "stale_distributions",
]

Stale = namedtuple("Stale", "name loaded pinned")
"""A distribution of which modules are loaded in version `loaded`; `pinned` is None if gone."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def normalize(name):
    """Return the canonical name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed(site_packages):
    """Return {canonical name: (version, directory of the metadata)} of a package directory."""
    found = {}
    try:
        entries = os.listdir(site_packages)
    except OSError:
        return found
    for entry in entries:
        if entry.endswith(".dist-info"):
            # NAME-VERSION.dist-info, both without hyphens (binary distribution format).
            name, _, version = entry[: -len(".dist-info")].partition("-")
            if version:
                found[normalize(name)] = (version, os.path.join(site_packages, entry))
    return found


def stale_distributions(old_directories, new_site_packages, modules=None):
    """Return the Stale ones among the loaded modules, sorted by name.

    `old_directories` are the package directories that modules of this process may come from.
    """
    new = installed(new_site_packages)
    files = _loaded_files(sys.modules if modules is None else modules)
    stale = {}
    for directory in old_directories:
        if directory == new_site_packages:
            continue
        prefix = directory.rstrip(os.sep) + os.sep
        loaded = {path[len(prefix) :] for path in files if path.startswith(prefix)}
        if not loaded:
            continue
        for name, (version, metadata) in installed(directory).items():
            pinned = new.get(name, (None,))[0]
            if pinned != version and not loaded.isdisjoint(_files_of(metadata)):
                stale[name] = Stale(name, version, pinned)
    return [stale[name] for name in sorted(stale)]


def loaded_versions(directories, modules=None):
    """Return {canonical name: version} of the distributions that loaded modules came from."""
    files = _loaded_files(sys.modules if modules is None else modules)
    found = {}
    for directory in directories:
        prefix = directory.rstrip(os.sep) + os.sep
        loaded = {path[len(prefix) :] for path in files if path.startswith(prefix)}
        for name, (version, metadata) in installed(directory).items() if loaded else ():
            if not loaded.isdisjoint(_files_of(metadata)):
                found.setdefault(name, version)
    return found


def _loaded_files(modules):
    files = set()
    for module in list(modules.values()):
        path = getattr(module, "__file__", None)
        if isinstance(path, str):
            files.add(path)
    return files


def _files_of(metadata):
    """Yield the paths that RECORD lists, relative to the package directory."""
    try:
        with open(
            os.path.join(metadata, "RECORD"), encoding="utf-8", errors="replace", newline=""
        ) as stream:
            return [row[0].replace("/", os.sep) for row in csv.reader(stream) if row]
    except OSError:
        return []


def restart_level(stale, site_packages, kernel, requirements):
    """Say `required`, `recommended` or None for the stale distributions.

    Required where something the user asked for, or a dependency of it, is loaded in another
    version than the one pinned: what is imported next may not fit together. Recommended where
    only the kernel's own stack is behind, or what is loaded is pinned no more.
    """
    if not stale:
        return None
    needed = _closure(requirements, installed(site_packages))
    only_kernel = _closure(kernel, installed(site_packages)) - needed
    for each in stale:
        if each.pinned is not None and each.name not in only_kernel:
            return "required"
    return "recommended"


def _closure(names, distributions):
    todo = [normalize(name) for name in names]
    seen = set()
    while todo:
        name = todo.pop()
        if name in seen or name not in distributions:
            continue
        seen.add(name)
        todo.extend(_requires(distributions[name][1]))
    return seen


def _requires(metadata):
    """Return the names in `Requires-Dist`, whatever their markers say (too many does no harm)."""
    names = []
    try:
        with open(os.path.join(metadata, "METADATA"), encoding="utf-8", errors="replace") as stream:
            for line in stream:
                if not line.strip():
                    break
                if line.lower().startswith("requires-dist:"):
                    match = _NAME.match(line.split(":", 1)[1].strip())
                    if match:
                        names.append(normalize(match.group()))
    except OSError:
        pass
    return names
