"""The two streams: JSON events, text for a reader, nothing that harms a terminal."""

from __future__ import annotations

import io
import json

import pytest

from jupyter_pyartifacts.cli.console import Console, printable
from jupyter_pyartifacts.cli.progress import Throttle, describe
from jupyter_pyartifacts.errors import NetworkError
from jupyter_pyartifacts.report import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def console(*, json_events: bool = False, terminal: bool = False) -> Console:
    stream = Terminal if terminal else io.StringIO
    return Console(json_events=json_events, stdout=stream(), stderr=stream())


HISTORY = {
    "event": "result",
    "verb": "history",
    "history": [{"when": "2024-01-01T00:00:00Z", "what": "add \x1b[31mpandas"}],
}


def written(one: Console) -> tuple[str, str]:
    assert isinstance(one.stdout, io.StringIO)
    assert isinstance(one.stderr, io.StringIO)
    return one.stdout.getvalue(), one.stderr.getvalue()


def test_a_result_is_data() -> None:
    one = console()
    one.result(HISTORY)
    assert written(one) == ("2024-01-01T00:00:00Z  add [31mpandas\n", "")


def test_a_result_as_an_event_is_one_line() -> None:
    one = console(json_events=True)
    one.result(HISTORY)
    out, err = written(one)
    assert out.count("\n") == 1
    assert json.loads(out) == HISTORY
    assert err == ""


def test_messages_lose_control_characters() -> None:
    assert printable("a\x1b]0;title\x07\r\nb\tc\x9bd\rx") == "a]0;title\nb\tcdx"
    one = console()
    one.error(NetworkError("no\x1b[2J answer", hint="wait"))
    assert written(one) == ("", "error: no[2J answer\nhint: wait\n")


def test_an_error_with_json_is_on_both_streams() -> None:
    one = console(json_events=True)
    one.error(NetworkError("no answer", hint="wait"))
    out, err = written(one)
    assert json.loads(out)["code"] == "network"
    assert err == "error: no answer\nhint: wait\n"


def test_colours_are_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    event = {
        "verb": "add",
        "changes": [{"name": "six", "before": None, "after": "1", "direct": True}],
        "lock": None,
    }
    coloured, plain, piped = console(terminal=True), console(terminal=True), console()
    coloured.result(event)
    assert "\x1b[32m" in written(coloured)[0]
    piped.result(event)
    assert "\x1b" not in written(piped)[0]
    monkeypatch.setenv("NO_COLOR", "1")
    plain.result(event)
    assert "\x1b[32m" not in written(plain)[0]


def test_no_bar_where_nobody_watches() -> None:
    one = console()
    with one.reporter() as reporter:
        reporter.progress(Progress(stage="download", done=1, total=2, unit="bytes"))
        reporter.note("numpy was yanked")
    assert written(one) == ("", "note: numpy was yanked\n")


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "120")
    one = console(terminal=True)
    with one.reporter() as reporter:
        reporter.progress(
            Progress(
                stage="download",
                done=1_500_000,
                total=3_000_000,
                unit="bytes",
                item="pandas",
                distributions_done=1,
                distributions_total=3,
            )
        )
        reporter.note("six was \x1b[2Jyanked")
    out, err = written(one)
    assert out == ""
    assert "downloading 1/3 pandas" in err
    assert "1.5 MB of 3.0 MB" in err
    assert "note: six was [2Jyanked" in err


def test_events_of_progress_and_notes() -> None:
    one = console(json_events=True)
    with one.reporter() as reporter:
        reporter.progress(Progress(stage="view", done=1, total=1))
        reporter.note("hm")
    out, err = written(one)
    assert [json.loads(line)["event"] for line in out.splitlines()] == ["progress", "note"]
    assert err == ""


def test_progress_is_throttled_but_its_end_is_not() -> None:
    now = 0.0
    passed: list[object] = []
    throttle = Throttle(lambda event: passed.append((event["stage"], event["done"])), lambda: now)
    for done in range(4):
        throttle({"event": "progress", "stage": "download", "done": done, "total": 4})
    throttle({"event": "progress", "stage": "extract", "done": 0, "total": None})
    throttle({"event": "progress", "stage": "download", "done": 4, "total": 4})
    now = 0.2
    throttle({"event": "progress", "stage": "download", "done": 1, "total": 4})
    assert passed == [("download", 0), ("extract", 0), ("download", 4), ("download", 1)]


def test_a_long_item_is_cut() -> None:
    event = Progress(stage="extract", done=0, item="x" * 60)
    assert describe(event) == "unpacking " + "x" * 37 + "..."
