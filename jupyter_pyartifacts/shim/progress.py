"""Show how far the engine is: HTML in a notebook, one line in a terminal, nothing elsewhere."""

import sys
import time
import uuid

from .markup import progress_html
from .words import Front, Pace, progress_line

__all__ = ["NotebookProgress", "SilentProgress", "TerminalProgress", "progress_for"]


def progress_for(ip, title):
    """Choose how progress is shown in this shell."""
    if getattr(ip, "kernel", None) is not None:
        return NotebookProgress(ip, title)
    if sys.stderr is not None and sys.stderr.isatty():
        return TerminalProgress(sys.stderr, title)
    return SilentProgress()


class SilentProgress(object):
    """Show nothing; the result says it all."""

    def event(self, event):
        """Drop the event."""

    def result(self, bundle, must):
        """Leave the result to the shell."""
        return False

    def fail(self, text):
        """Do nothing; the error is shown by who raised it."""


class NotebookProgress(object):
    """One output that is rewritten in place, and becomes the result in the end."""

    def __init__(self, ip, title, clock=time.time):
        self._publisher = ip.display_pub
        self._title = title
        self._clock = clock
        self._pace = Pace(clock)
        self._front = Front()
        self._start = self._drawn = clock()
        self._id = None
        self._event = None

    def event(self, event):
        """Draw the event, eight times a second at most; work of under 0.3 s draws nothing."""
        if event["event"] == "progress" and self._front.see(event):
            self._pace.see(event)
            self._event = event
        now = self._clock()
        if now - self._start < 0.3 or now - self._drawn < 0.12 or self._event is None:
            return
        self._drawn = now
        self._publish(
            {
                "text/plain": progress_line(self._title, self._event, self._pace),
                "text/html": progress_html(self._title, self._event, self._pace),
            }
        )

    def result(self, bundle, must):
        """Publish the result where the bar was, or if it `must` be; tell whether that was done."""
        if self._id is None and not must:
            return False
        self._publish(bundle)
        return True

    def fail(self, text):
        """Turn a bar that is there into one line that says how it ended."""
        if self._id is not None:
            self._publish({"text/plain": text, "text/html": progress_html(text, None, self._pace)})

    def _publish(self, bundle):
        update = self._id is not None
        if not update:
            self._id = uuid.uuid4().hex
        self._publisher.publish(
            data=bundle, metadata={}, transient={"display_id": self._id}, update=update
        )


class TerminalProgress(object):
    """One line on stderr, rewritten in place, gone when the work is done."""

    def __init__(self, stream, title, clock=time.time):
        self._stream = stream
        self._title = title
        self._clock = clock
        self._pace = Pace(clock)
        self._front = Front()
        self._drawn = 0.0
        self._length = 0

    def event(self, event):
        """Draw the event, ten times a second at most."""
        if event["event"] != "progress" or not self._front.see(event):
            return
        self._pace.see(event)
        if self._clock() - self._drawn < 0.1:
            return
        self._drawn = self._clock()
        self._write(progress_line(self._title, event, self._pace, bar=20)[: _columns() - 1])

    def result(self, bundle, must):
        """Take the line away; the shell prints the result."""
        self._clear()
        return False

    def fail(self, text):
        """Take the line away; the error is shown by who raised it."""
        self._clear()

    def _clear(self):
        if self._length:
            self._write("")
            self._stream.write("\r")
            self._stream.flush()

    def _write(self, text):
        self._stream.write("\r" + text + " " * max(0, self._length - len(text)))
        self._stream.flush()
        self._length = len(text)


def _columns():
    import shutil

    return shutil.get_terminal_size((80, 24)).columns
