"""Work that goes on beside the kernel's cells: in a thread, one thing at a time, cancellable."""

import contextvars
import queue
import threading

from .failures import Interrupted

__all__ = ["Background"]


class Background(object):
    """Run one thing at a time in a thread; what moves the process itself goes where cells run.

    A kernel handles one message after the other: whoever works in the handler of a button would
    never hear of another button. Without a kernel's loop (None) everything is done at once.
    """

    def __init__(self, loop):
        self._loop = loop
        self._cancelled = threading.Event()
        self._context = None
        self.is_busy = False

    def start(self, work, done):
        """Run `work()`, then `done(what it returned, what it raised)`, both in the thread."""
        self._cancelled.clear()
        self.is_busy = True
        # What is sent belongs to the message that is being handled now.
        self._context = contextvars.copy_context()

        def run():
            result, error = _outcome_of(work)
            self.is_busy = False
            done(result, error)

        if self._loop is None:
            run()
            return
        thread = threading.Thread(target=contextvars.copy_context().run, args=(run,))
        thread.daemon = True
        thread.start()

    def cancel(self):
        """Ask the work to stop at its next step."""
        self._cancelled.set()

    def check(self, what):
        """Raise Interrupted, which names `what`, if somebody asked for it."""
        if self._cancelled.is_set():
            raise Interrupted(what)

    def on_main(self, function, what="command"):
        """Call a function between two cells, wait for it, and return what it returns.

        Cancelling holds as long as the function has not begun.
        """
        if self._loop is None:
            return function()
        begun, answer = threading.Lock(), queue.Queue()

        def call():
            if begun.acquire(False):
                answer.put(_outcome_of(function))

        self._loop.add_callback(self._context.copy().run, call)
        while True:
            try:
                result, error = answer.get(timeout=0.1)
            except queue.Empty:
                if self._cancelled.is_set() and begun.acquire(False):
                    raise Interrupted(what) from None
                continue
            if error is not None:
                raise error
            return result

    def later(self, function):
        """Call a function between two cells, some time."""
        if self._loop is None:
            function()
        else:
            self._loop.add_callback(
                (self._context or contextvars.copy_context()).copy().run, function
            )


def _outcome_of(function):
    try:
        return function(), None
    except BaseException as error:
        return None, error
