"""Where progress is shown, and how it becomes the result."""

import io
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from jupyter_pyartifacts.shim.progress import (
    NotebookProgress,
    SilentProgress,
    TerminalProgress,
    progress_for,
)

from .test_words import Clock, event


class Publisher:
    """Keeps what a shell's display publisher is given."""

    def __init__(self) -> None:
        self.published: list[dict[str, Any]] = []

    def publish(self, **message: Any) -> None:
        self.published.append(message)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def notebook() -> tuple[NotebookProgress, Publisher, Clock]:
    publisher, clock = Publisher(), Clock()
    shell = SimpleNamespace(display_pub=publisher, kernel=object())
    return NotebookProgress(shell, "add <x>", clock), publisher, clock


def test_each_place_gets_its_own_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = SimpleNamespace(kernel=object(), display_pub=None)
    assert isinstance(progress_for(kernel, "add"), NotebookProgress)
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert isinstance(progress_for(SimpleNamespace(), "add"), TerminalProgress)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert isinstance(progress_for(SimpleNamespace(), "add"), SilentProgress)


def test_quick_work_draws_no_bar() -> None:
    progress, publisher, clock = notebook()
    clock.now += 0.2
    progress.event(event(done=1, total=2))
    assert progress.result({"text/plain": "x"}, must=False) is False
    assert publisher.published == []


def test_the_bar_is_rewritten_in_place_and_becomes_the_result() -> None:
    progress, publisher, clock = notebook()
    clock.now += 1
    progress.event(event(done=1, total=4))
    progress.event(event(done=2, total=4))
    clock.now += 1
    progress.event({"event": "tick"})
    assert progress.result({"text/plain": "done"}, must=False) is True

    assert [message["update"] for message in publisher.published] == [False, True, True]
    assert len({message["transient"]["display_id"] for message in publisher.published}) == 1
    first, second, last = (message["data"] for message in publisher.published)
    assert "width:25.0%" in first["text/html"]
    assert "width:50.0%" in second["text/html"]
    assert "add &lt;x&gt;" in first["text/html"]
    assert "<x>" not in first["text/html"]
    assert last == {"text/plain": "done"}


def test_the_result_is_published_if_it_must_be() -> None:
    progress, publisher, _ = notebook()
    assert progress.result({"text/plain": "done"}, must=True) is True
    assert [(m["update"], m["data"]) for m in publisher.published] == [
        (False, {"text/plain": "done"})
    ]


def test_a_failure_leaves_one_line_where_a_bar_was_and_nothing_where_none_was() -> None:
    progress, publisher, clock = notebook()
    progress.fail("add: failed")
    assert publisher.published == []
    clock.now += 1
    progress.event(event(done=1))
    progress.fail("add: failed")
    assert publisher.published[-1]["data"]["text/plain"] == "add: failed"
    assert 'pya-bar"' not in publisher.published[-1]["data"]["text/html"]


def test_a_terminal_gets_one_line_and_then_none() -> None:
    stream, clock = Terminal(), Clock()
    progress = TerminalProgress(stream, "add x", clock)
    progress.event(event(done=1, total=4))
    progress.event(event(done=2, total=4))
    clock.now += 1
    progress.event(event(done=4, total=4))
    assert stream.getvalue().split("\r")[1:] == [
        "add x: downloading [#####...............] 1 B of 4 B",
        "add x: downloading [####################] 4 B of 4 B, 3 B/s",
    ]
    assert progress.result({}, must=True) is False
    assert stream.getvalue().endswith("\r" + " " * 59 + "\r")


def test_nothing_is_written_where_nobody_looks() -> None:
    progress = SilentProgress()
    progress.event(event())
    assert progress.result({}, must=True) is False
    progress.fail("x")
