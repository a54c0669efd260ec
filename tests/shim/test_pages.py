"""What the pages of a panel say: pure functions, everything escaped."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_pyartifacts.shim import pages
from jupyter_pyartifacts.shim.failures import PyArtifactsError
from jupyter_pyartifacts.shim.results import result_of

from .test_results import EVIL, parsed, pin, shown


def text_of(*parts: str) -> str:
    return " ".join(parsed("".join(parts)).text.split())


def released(*versions: str, **facts: Any) -> dict[str, Any]:
    rows = [
        {"version": text, "released": "2024-01-31", "yanked": False, "prerelease": "rc" in text}
        for text in versions
    ]
    return {"event": "result", "verb": "versions", "name": "pandas", "versions": rows, **facts}


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (None, ""),
        ({"current": "1", "compatible": "1", "latest": "1"}, ""),
        (
            {"current": "1", "compatible": "2", "latest": "2", "released": "2024-01-31T10:00:00Z"},
            "2 fits, released 2024-01-31",
        ),
        (
            {"current": "1", "compatible": "2", "latest": "3", "released": "2024-01-31"},
            "2 fits, 3 is the newest, but does not fit, released 2024-01-31",
        ),
        (
            {"current": "1", "compatible": None, "latest": "3", "yanked": True},
            "1 was yanked by its makers, 3 is the newest, but does not fit",
        ),
    ],
)
def test_what_is_newer(row: dict[str, Any] | None, text: str) -> None:
    assert pages.newer_text(row) == text


def test_a_line_says_what_was_typed_pinned_and_is_newer() -> None:
    row = pin("pandas", "2.2.3", direct=True)
    newer = {"current": "2.2.3", "compatible": "2.3.0", "latest": "2.3.0"}
    line = pages.requirement_line
    assert parsed(line(row, "pandas>=2", newer, True)).text.endswith("2.2.3 1.0 kB 2.3.0 fits")
    assert "newest" in parsed(line(row, "pandas", None, True)).text
    assert "newest" not in parsed(line(row, "pandas", None, False)).text
    elsewhere = pin("winonly", size=None)
    assert "not for this platform" in parsed(line(elsewhere, None, None, False)).text


def test_why_a_package_is_here() -> None:
    listed = result_of(
        shown(
            distributions=[
                pin("pandas", "2.2.3", direct=True, dependencies=["numpy"], instantiated=True),
                pin("numpy", "2.0", required_by=["pandas"], marker="sys_platform == 'linux'"),
                pin("ipykernel", "7.0", kernel=True, required_by=["ipywidgets"]),
                pin("winonly", "1", size=None),
            ]
        )
    )
    assert text_of(*pages.package_parts(listed, "pandas", None)) == (
        "pandas 2.2.3file1.0 kB, on this machinewhyyou asked for itneedsnumpy"
    )
    numpy = text_of(*pages.package_parts(listed, "numpy", {"current": "2.0", "latest": "3"}))
    assert "1.0 kB, not fetched yet" in numpy
    assert "only wheresys_platform == 'linux'" in numpy
    assert "3 is the newest, but does not fit" in numpy
    assert "whyneeded by pandas" in numpy
    assert "who needs numpy" in numpy
    kernel = text_of(*pages.package_parts(listed, "ipykernel", None))
    assert "the kernel itself needs it; needed by ipywidgets" in kernel
    assert "none: it is not for this platform" in text_of(
        *pages.package_parts(listed, "winonly", None)
    )


def test_the_python_the_platforms_and_the_indexes() -> None:
    listed = result_of(
        shown(
            platform="linux-x86_64",
            left_out=[{"platform": "macos-arm64", "reason": "no wheel of triton"}],
            indexes=["pytorch https://x.example/whl"],
            as_of="2024-06-30",
            interpreter={"version": "3.11.9", "why": "another patch", "path": "/p"},
            interpreter_problem="no such Python",
        )
    )
    platforms = text_of(*pages.platform_parts(listed))
    assert "platforms 1 platformlockedlinux-x86_64this machine" in platforms
    assert "left outmacos-arm64no wheel of triton" in platforms
    assert "indexpytorch https://x.example/whlas of2024-06-30" in platforms
    python = text_of(*pages.python_parts(listed))
    assert python == ("Pythonlockedcpython 3.11.7in use3.11.9: another patchpath/pno such Python")


def test_the_choices_of_versions_leave_out_what_nobody_wants() -> None:
    found = result_of(released("3.0rc1", "2.3.0", "2.2.3"))
    assert pages.version_options(found, "2.2.3") == [
        ("2.3.0  2024-01-31", "2.3.0"),
        ("2.2.3  (pinned)  2024-01-31", "2.2.3"),
    ]
    only = result_of(released("3.0rc1"))
    assert [value for _, value in pages.version_options(only, "x")] == ["3.0rc1"]


def test_the_verdict_on_what_is_typed() -> None:
    good = pages.verdict(result_of(released("2.3.0", "2.2.3")))
    assert text_of(good).endswith(
        "✓ pandas is on the index; the newest is 2.3.0, released 2024-01-31"
    )
    none = pages.verdict(result_of(released()))
    assert text_of(none).endswith("no version of pandas is allowed by that")
    wrong = PyArtifactsError("a requirement cannot be read", hint="write it so")
    assert '<div class="pya-bad" role="status">' in pages.verdict(error=wrong)
    # That the index is not reached says nothing against a requirement.
    offline = PyArtifactsError("no network", hint="later", code="network")
    assert '<div class="pya-dim" role="status">' in pages.verdict(error=offline)
    # Nor does a file, of which no index knows.
    assert pages.verdict(error=PyArtifactsError("a file", hint="", code="usage")) == ""


def test_the_table_where_no_widgets_are() -> None:
    listed = result_of(shown(distributions=[pin("pandas", "2.2.3", direct=True)]))
    plain = pages.static_bundle(listed)
    assert "run this cell again for the buttons" in plain["text/html"]
    assert "run this cell" not in plain["text/plain"]
    said = pages.static_bundle(listed, "there are no buttons", "warn")
    assert said["text/plain"].splitlines()[-1] == "there are no buttons"
    assert "run this cell" not in parsed(said["text/html"]).text
    assert "nothing is pinned" in pages.static_bundle(pages.nothing_shown())["text/html"]


def test_hostile_names_are_text() -> None:
    listed = result_of(
        shown(
            python=EVIL,
            platforms=[EVIL],
            left_out=[{"platform": EVIL, "reason": EVIL}],
            indexes=[EVIL],
            interpreter={"version": EVIL, "why": EVIL, "path": EVIL},
            interpreter_problem=EVIL,
            distributions=[
                pin(EVIL, EVIL, marker=EVIL, direct=True, required_by=[EVIL], dependencies=[EVIL])
            ],
        )
    )
    newer = {"current": EVIL, "compatible": EVIL + "2", "latest": EVIL, "released": EVIL}
    made = [
        pages.static_bundle(listed, EVIL)["text/html"],
        pages.requirement_line(listed.data["distributions"][0], EVIL, newer, True),
        *pages.package_parts(listed, EVIL, newer),
        *pages.python_parts(listed),
        *pages.platform_parts(listed),
        pages.verdict(result_of(released(EVIL, name=EVIL))),
        pages.verdict(result_of(released(name=EVIL))),
        pages.verdict(error=PyArtifactsError(EVIL, hint=EVIL)),
    ]
    for markup in made:
        assert "script" not in parsed(markup).seen
