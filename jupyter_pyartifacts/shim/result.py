"""What every result has in common: its facts, its notes, and when it was shown."""

from . import markup

__all__ = ["Result"]


class Result(object):
    """The outcome of one command. `data` is the engine's `result` event, as it came.

    Keys of `data` are attributes too: `result.changes`, `result.digest`.
    """

    def __init__(self, data):
        self.data = data
        self._shown = None

    def __getattr__(self, name):
        """Return a key of `data`."""
        if name.startswith("_") or name == "data":
            raise AttributeError(name)
        try:
            return self.data[name]
        except KeyError:
            raise AttributeError(name) from None

    def __dir__(self):
        """Offer the keys of `data` to completion."""
        return sorted(set(object.__dir__(self)) | set(self.data))

    @property
    def notes(self):
        """Return what the user should know that is no failure."""
        return list(self.data.get("notes") or ())

    def text_lines(self):
        """Return the plain text form, a list of lines."""
        raise NotImplementedError

    def html_parts(self):
        """Return the parts of the markup."""
        raise NotImplementedError

    def __repr__(self):
        """Return the plain text form."""
        return "\n".join(list(self.text_lines()) + ["note: " + note for note in self.notes])

    __str__ = __repr__

    def _repr_pretty_(self, printer, cycle):
        printer.text(repr(self))

    def _repr_html_(self):
        notes = [markup.box(markup.escape(note)) for note in self.notes]
        return markup.wrap(*(list(self.html_parts()) + notes))

    def bundle(self):
        """Return the display data."""
        return {"text/plain": repr(self), "text/html": self._repr_html_()}

    def was_shown(self, execution_count):
        """Remember in which cell the magic showed this, so that its end does not again."""
        self._shown = execution_count

    def _ipython_display_(self):
        from IPython import get_ipython
        from IPython.display import display

        shown, self._shown = self._shown, None
        if shown is None or shown != getattr(get_ipython(), "execution_count", None):
            display(self.bundle(), raw=True)
