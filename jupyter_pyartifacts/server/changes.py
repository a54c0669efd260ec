"""Changes of a lock as a request names them: the verb, its words and its options."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..errors import UsageError
from ..indexes import parse_index
from ..lock import parse_lock
from ..outcome import Changed
from ..requirements import parse_requirement
from ..service import Engine, LockOptions
from .body import Field, boolean, one_of, options, text, texts
from .document import HeldDocument, in_no_directory

__all__ = ["FIELDS", "VERBS", "Change", "check_directory", "planned"]

VERBS = ("add", "remove", "upgrade", "undo", "lock", "python")
FIELDS = {
    "verb": Field(one_of(*VERBS), required=True, about=", ".join(f"`{verb}`" for verb in VERBS)),
    "arguments": Field(texts, about="requirements or names, as the command line takes them"),
    "options": Field(
        options(
            {
                "python": Field(text),
                "platforms": Field(texts),
                "indexes": Field(texts),
                "as_of": Field(text),
                "prereleases": Field(boolean),
            }
        ),
        about="`python`, `platforms`, `indexes`, `as_of`, `prereleases`, as on the command line",
    ),
}
"""The fields of a body that say what shall change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change that somebody asks for."""

    verb: str
    arguments: tuple[str, ...] = ()
    options: LockOptions

    @classmethod
    def of(cls, body: dict[str, Any]) -> Change:
        """Read the change that a body names; raise UsageError or InvalidRequirement."""
        verb, words = body["verb"], body.get("arguments", ())
        given = dict(body.get("options", {}))
        if verb == "python":
            if len(words) + ("python" in given) != 1:
                raise UsageError(
                    "`python` takes one version",
                    expected="a version such as 3.12",
                    found=" ".join(words) or "none",
                    hint="name the Python that the notebook shall be locked for",
                )
            verb, given["python"], words = "lock", given.get("python") or words[0], ()
        if verb in ("lock", "undo") and words:
            raise UsageError(
                f"`{verb}` takes no arguments",
                found=" ".join(words)[:80],
                hint="leave them out, or use `add` or `upgrade`",
            )
        if verb in ("add", "remove") and not words:
            raise UsageError(
                f"nothing to {verb}",
                expected="at least one package",
                hint="name a package in `arguments`",
            )
        for word in words:
            parse_requirement(word)
        for index in given.get("indexes", ()):
            parse_index(index)
        return cls(verb=verb, arguments=tuple(words), options=LockOptions(**given))

    def check(self, engine: Engine, document: HeldDocument) -> None:
        """Refuse what cannot be done before anything is: no lock, no approval, no directory."""
        check_directory(document, self.arguments if self.verb == "add" else ())
        if self.verb in ("add", "lock"):
            engine.own_lock(document)
        else:
            engine.lock_of(document, own=True)

    def make(self, engine: Engine, document: HeldDocument, *, dry_run: bool) -> Changed:
        """Have the engine make the change, or only say what it would be."""
        from dataclasses import replace

        given = replace(self.options, dry_run=dry_run)
        calls: dict[str, Callable[[], Changed]] = {
            "add": lambda: engine.add(document, self.arguments, options=given),
            "remove": lambda: engine.remove(document, self.arguments, options=given),
            "upgrade": lambda: engine.upgrade(document, self.arguments, options=given),
            "undo": lambda: engine.undo(document, options=given),
            "lock": lambda: engine.lock(document, options=given),
        }
        return calls[self.verb]()


def check_directory(document: HeldDocument, arguments: tuple[str, ...] = ()) -> None:
    """Refuse files beside a notebook that is in no directory. Raises NotebookError, LockError."""
    if document.file is not None:
        return
    name = str(document.path)
    for word in arguments:
        if parse_requirement(word).kind == "path":
            raise in_no_directory(name, word)
    if document.lock_document is None:
        return
    for each in parse_lock(document.lock_document).distributions:
        for artifact in each.artifacts:
            if artifact.location.startswith("file:"):
                raise in_no_directory(name, artifact.location)


def planned(engine: Engine, document: HeldDocument, change: Change) -> dict[str, Any]:
    """Return what a change would do; nothing is written or brought."""
    event = change.make(engine, document, dry_run=True).to_event()
    return {
        "verb": change.verb,
        "digest": event["digest"],
        "changes": event["changes"],
        "notes": event["notes"],
        "platforms": event["platforms"],
        "left_out": event["left_out"],
        "size": event["size"],
        "size_missing": event["size_missing"],
        "python": event["python"],
    }
