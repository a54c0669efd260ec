"""What a cell shows when something failed: one clean message, no traceback, the hint last."""

__all__ = ["Interrupted", "PyArtifactsError", "error_from_event"]

_RED, _BOLD, _OFF = "\x1b[31m", "\x1b[1m", "\x1b[0m"


class PyArtifactsError(Exception):
    """Carry the facts of one failure, as the engine reports them; `str()` renders them.

    IPython calls `_render_traceback_` in place of drawing a traceback; the cell still fails, so
    that headless runs stop here.
    """

    def __init__(
        self, what, hint, where=None, expected=None, found=None, details=None, code="error"
    ):
        Exception.__init__(self, what)
        self.what = what
        self.hint = hint
        self.where = where
        self.expected = expected
        self.found = found
        self.details = details
        self.code = code

    def __str__(self):
        """Render the message: summary, where, expected against found, details, hint."""
        return "\n".join([self._summary(), *self._facts(), "hint: " + self.hint])

    def _summary(self):
        return self.what if self.where is None else "{} ({})".format(self.what, self.where)

    def _facts(self):
        lines = []
        if self.expected is not None:
            lines.append("  expected: {}".format(self.expected))
        if self.found is not None:
            lines.append("  found:    {}".format(self.found))
        if self.details:
            lines.extend("  " + line for line in str(self.details).strip().splitlines())
        return lines

    def _render_traceback_(self):
        head = "{}{}{}: {}{}".format(_RED, _BOLD, type(self).__name__, _OFF, self._summary())
        return [head, *self._facts(), "{}hint:{} {}".format(_BOLD, _OFF, self.hint)]


class Interrupted(KeyboardInterrupt):
    """The user stopped a command; nothing was changed."""

    def __str__(self):
        """Say what was stopped."""
        return "{}: stopped, nothing was changed".format(self.args[0] if self.args else "command")

    def _render_traceback_(self):
        return ["{}{}KeyboardInterrupt: {}{}".format(_RED, _BOLD, _OFF, self)]


# What a frontend is told: it is an interrupt like any other.
Interrupted.__name__ = "KeyboardInterrupt"


def error_from_event(event, rewrite=lambda text: text):
    """Make the exception of an `error` event; `rewrite` adapts each text to the notebook."""

    def text(key):
        value = event.get(key)
        return None if value is None else rewrite(str(value))

    return PyArtifactsError(
        text("message") or "the engine reported an error without a message",
        hint=text("hint") or "run `jupyter pyartifacts doctor` in a terminal",
        where=text("where"),
        expected=text("expected"),
        found=text("found"),
        details=text("details"),
        code=str(event.get("code") or "error"),
    )
