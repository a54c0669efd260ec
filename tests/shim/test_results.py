"""What the verbs show: exact plain text, and markup in which everything is escaped."""

from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

import pytest

from jupyter_pyartifacts.shim.loaded import Stale
from jupyter_pyartifacts.shim.results import result_of

EVIL = "<script>alert(1)</script>\"'&"
VOID = {"br"}


class Balanced(HTMLParser):
    """Fails where an element is not closed by its own end tag; collects elements and text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen.add(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def parsed(markup: str) -> Balanced:
    parser = Balanced()
    parser.feed(markup)
    parser.close()
    assert parser.open == []
    return parser


def changed(**facts: Any) -> dict[str, Any]:
    return {
        "event": "result",
        "verb": "add",
        "dry_run": False,
        "digest": "sha256:" + "ab" * 32,
        "lock": {},
        "changes": [
            {"name": "numpy", "before": "1.0", "after": "2.0", "direct": False},
            {"name": "old", "before": "1", "after": None, "direct": False},
            {"name": "pandas", "before": None, "after": "2.2.3", "direct": True},
        ],
        "environment": None,
        "notes": ["a legacy specifier was rewritten"],
        "platforms": ["linux-x86_64", "macos-arm64"],
        "left_out": [{"platform": "windows-amd64", "reason": "triton has no wheel for it"}],
        "size": 98_765_432,
        **facts,
    }


def pin(name: str, version: str = "1", **facts: Any) -> dict[str, Any]:
    row = {"name": name, "version": version, "size": 1000, "direct": False, "kernel": False}
    return {**row, "required_by": [], "dependencies": [], "marker": None, **facts}


def shown(**facts: Any) -> dict[str, Any]:
    return {
        "event": "result",
        "verb": "show",
        "requirements": ["pandas"],
        "python": "cpython 3.11.7",
        "platforms": ["linux-x86_64"],
        "left_out": [],
        "trusted": True,
        "distributions": [
            pin("ipykernel", kernel=True, dependencies=["six"]),
            pin("numpy", required_by=["pandas"]),
            pin("pandas", "2.2.3", direct=True, dependencies=["numpy", "six"]),
            pin("six", size=None, required_by=["ipykernel", "pandas"]),
        ],
        **facts,
    }


def test_a_change() -> None:
    assert str(result_of(changed(), title="add pandas")).splitlines() == [
        "add pandas: 1 added, 1 changed, 1 removed",
        "  ~ numpy 1.0 \u2192 2.0",
        "  + pandas 2.2.3",
        "  - 1 dependency: old 1",
        "98.8 MB on this machine, locked for 2 platforms, lock abababab",
        "not locked for windows-amd64: triton has no wheel for it",
        "note: a legacy specifier was rewritten",
    ]


def test_a_change_that_wants_a_restart() -> None:
    stale = [Stale("numpy", "1.0", "2.0"), Stale("old", "1", None)]
    result = result_of(changed(left_out=[], notes=[]), restart="required", stale=stale)
    assert str(result).splitlines()[-2:] == [
        "restart required",
        "  still loaded: numpy 1.0 (pinned: 2.0), old 1 (not pinned)",
    ]
    text = parsed(result._repr_html_()).text
    assert "restart required still loaded: numpy 1.0 (pinned: 2.0)" in text


@pytest.mark.parametrize(
    ("facts", "headline"),
    [
        ({"changes": []}, "add: nothing to change"),
        ({"changes": [], "dry_run": True}, "add: nothing would change"),
        ({"dry_run": True}, "add: would be 1 added, 1 changed, 1 removed"),
        ({"verb": "instantiate", "changes": []}, "instantiate: ready"),
        ({"verb": "undo", "lock": None}, "undo: this notebook has no lock any more"),
    ],
)
def test_the_headline(facts: dict[str, Any], headline: str) -> None:
    assert str(result_of(changed(**facts))).splitlines()[0] == headline


def test_the_facts_are_attributes() -> None:
    result = result_of(changed(), restart=None)
    assert result.size == 98_765_432
    assert result.restart is None
    assert result.notes == ["a legacy specifier was rewritten"]
    assert "changes" in dir(result)
    with pytest.raises(AttributeError):
        result.nonsense


def test_what_is_pinned_and_who_needs_it() -> None:
    assert str(result_of(shown())).splitlines() == [
        "4 distributions, 3.0 kB, Python 3.11.7, 1 platform",
        "",
        "name    version    size  needed by",
        "------  -------  ------  -----------------",
        "pandas  2.2.3    1.0 kB  you",
        "numpy   1        1.0 kB  pandas",
        "six     1                ipykernel, pandas",
        "and 1 of the kernel's own: ipykernel 1",
        "",
        "who needs what:",
        "pandas 2.2.3",
        "\u251c\u2500 numpy 1",
        "\u2514\u2500 six 1",
    ]


def test_one_distribution_and_who_needs_it() -> None:
    assert str(result_of(shown(), only="Six")).splitlines()[2:] == [
        "name  version  size  needed by",
        "----  -------  ----  -----------------",
        "six   1              ipykernel, pandas",
        "",
        "needed by:",
        "six 1",
        "\u251c\u2500 ipykernel 1",
        "\u2514\u2500 pandas 2.2.3",
    ]
    assert str(result_of(shown(), only="nope")) == "nope is not pinned"


def test_a_circle_of_dependencies_ends() -> None:
    rows = [
        pin("a", direct=True, dependencies=["b"], required_by=["b"]),
        pin("b", dependencies=["a"], required_by=["a"]),
    ]
    assert str(result_of(shown(distributions=rows))).splitlines()[-3:] == [
        "a 1",
        "\u2514\u2500 b 1",
        "   \u2514\u2500 a 1 (see above)",
    ]


def test_an_empty_and_an_unapproved_lock() -> None:
    assert (
        str(result_of(shown(distributions=[]))) == "nothing is pinned; `%pyartifacts add NAME` does"
    )
    assert str(result_of(shown(trusted=False))).splitlines()[-1] == (
        "this lock is not approved; `%pyartifacts trust` does"
    )


def outdated_row(**facts: Any) -> dict[str, Any]:
    return {
        "name": "pandas",
        "current": "2.2.2",
        "compatible": "2.2.3",
        "latest": "3.0.0",
        "released": "2026-01-02T03:04:05Z",
        "yanked": True,
        "direct": True,
        **facts,
    }


def test_what_is_outdated() -> None:
    numpy = outdated_row(
        name="numpy", compatible="2.2.2", released=None, yanked=False, direct=False
    )
    result = result_of({"verb": "outdated", "outdated": [numpy, outdated_row()]})
    assert str(result).splitlines() == [
        "name    pinned  fits   latest  released",
        "------  ------  -----  ------  ----------  ----------",
        "pandas  2.2.2   2.2.3  3.0.0   2026-01-02  yanked",
        "numpy   2.2.2          3.0.0               dependency",
        "`%pyartifacts upgrade NAME ...` takes what fits, `%pyartifacts add NAME` asks for any",
    ]
    assert str(result_of({"verb": "outdated", "outdated": []})) == "everything is up to date"


def test_history() -> None:
    history = [{"when": "2026-01-02T03:04:05Z", "what": "add pandas"}]
    assert str(result_of({"verb": "history", "history": history})).splitlines() == [
        "when (UTC)           what",
        "-------------------  ----------",
        "2026-01-02 03:04:05  add pandas",
        "`%pyartifacts undo` takes back the first",
    ]
    assert str(result_of({"verb": "history", "history": []})) == "no change is remembered"


def test_verify() -> None:
    damaged = [
        {"path": "a.py", "expected": "sha256:aa", "found": "sha256:bb"},
        {"path": "b.py", "expected": "sha256:aa", "found": "nothing"},
    ]
    event = {"verb": "verify", "files": 7200, "damaged": damaged, "repaired": ["a.py"]}
    result = result_of(event)
    assert not result.ok
    assert str(result).splitlines() == [
        "verify: 7,200 files checked, 2 damaged, 1 repaired",
        "  a.py (repaired)",
        "    expected: sha256:aa",
        "    found:    sha256:bb",
        "  b.py (NOT repaired)",
        "    expected: sha256:aa",
        "    found:    nothing",
    ]
    good = result_of({"verb": "verify", "files": 1, "damaged": [], "repaired": []})
    assert good.ok
    assert str(good) == "verify: 1 file checked, every one as pinned"


def test_trust() -> None:
    event = {
        "verb": "trust",
        "digest": "sha256:" + "ab" * 32,
        "distributions": 36,
        "indexes": ["the default index"],
    }
    assert str(result_of(event)) == (
        "approved: lock abababab, 36 distributions from the default index"
    )


def test_an_export() -> None:
    event = {"verb": "export", "format": "requirements", "distributions": 2, "notes": []}
    here = result_of({**event, "output": None, "text": "a==1\nb==2\n"})
    assert str(here) == "a==1\nb==2"
    assert here.text == "a==1\nb==2\n"
    there = result_of({**event, "output": "/r.txt", "text": None, "notes": ["no hashes"]})
    assert str(there) == "wrote /r.txt: 2 distributions, as requirements\nnote: no hashes"


FINDINGS = [
    {"state": "right", "what": "store", "found": "/store", "hint": None},
    {"state": "wrong", "what": "network", "found": "none", "hint": "connect"},
]


def test_a_doctors_findings() -> None:
    result = result_of({"verb": "doctor", "findings": FINDINGS, "notes": []})
    assert str(result).splitlines() == [
        "ok    store: /store",
        "WRONG network: none",
        "      connect",
    ]
    assert not result.ok
    page = parsed(result._repr_html_()).text
    assert page.index("network") < page.index("store")
    assert result_of({"verb": "doctor", "findings": FINDINGS[:1]}).ok


def test_help() -> None:
    lines = str(result_of({"verb": "help", "topic": None})).splitlines()
    assert lines[0].startswith("%pyartifacts add REQUIREMENT ...  ")
    assert str(result_of({"verb": "help", "topic": "undo"})).splitlines() == [
        "%pyartifacts undo  take the last change back",
        "--dry-run          show what would change, change nothing",
        "--offline          use what is on this machine only",
        "--trust            approve the lock that is in this notebook now",
    ]


@pytest.mark.parametrize(
    "event",
    [
        changed(
            changes=[{"name": EVIL, "before": EVIL, "after": EVIL, "direct": True}],
            notes=[EVIL],
            left_out=[{"platform": EVIL, "reason": EVIL}],
            title=EVIL,
            restart="required",
            stale=[Stale(EVIL, EVIL, EVIL)],
            advice=[EVIL],
            digest="sha256:" + EVIL,
        ),
        shown(
            distributions=[
                pin(EVIL, EVIL, direct=True, dependencies=[EVIL, "x" + EVIL], marker=EVIL),
                pin("x", EVIL, required_by=[EVIL]),
            ],
            left_out=[{"platform": EVIL, "reason": EVIL}],
            python=EVIL,
            notes=[EVIL],
        ),
        shown(only=EVIL),
        {
            "verb": "outdated",
            "outdated": [outdated_row(name=EVIL, current=EVIL, compatible=EVIL, released=EVIL)],
        },
        {"verb": "history", "history": [{"when": EVIL, "what": EVIL}]},
        {
            "verb": "verify",
            "files": 1,
            "damaged": [{"path": EVIL, "expected": EVIL, "found": EVIL}],
            "repaired": [],
        },
        {"verb": "trust", "digest": "sha256:" + EVIL, "distributions": 1, "indexes": [EVIL]},
        {"verb": "export", "format": EVIL, "distributions": 1, "text": EVIL, "output": None},
        {"verb": "export", "format": EVIL, "distributions": 1, "text": None, "output": EVIL},
        {
            "verb": "doctor",
            "findings": [{"state": "wrong", "what": EVIL, "found": EVIL, "hint": EVIL}],
        },
    ],
    ids=[
        *("change", "show", "show one", "outdated", "history", "verify", "trust"),
        *("export", "export into a file", "doctor"),
    ],
)
def test_whatever_comes_from_outside_is_escaped(event: dict[str, Any]) -> None:
    page = parsed(result_of(event)._repr_html_())
    assert "script" not in page.seen
    assert "<script>" in page.text


def test_a_result_that_the_magic_has_shown_is_not_shown_again_by_the_same_cell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown: list[Any] = []
    shell = SimpleNamespace(execution_count=7)
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: shown.append(bundle))
    result = result_of({"verb": "history", "history": []})

    result.was_shown(7)
    result._ipython_display_()
    assert shown == []
    result.was_shown(7)
    shell.execution_count = 8
    result._ipython_display_()
    result._ipython_display_()
    assert shown == [{"text/plain": str(result), "text/html": result._repr_html_()}] * 2


def test_another_python_is_a_change_of_its_own() -> None:
    python = {"before": "3.11.7", "after": "3.12.15"}
    event = changed(verb="lock", title="python 3.12", changes=[], python=python)
    assert str(result_of(event)).splitlines()[0] == "python 3.12: Python 3.11.7 \u2192 3.12.15"
    same = changed(verb="lock", title="lock", changes=[], python={"before": "3", "after": "3"})
    assert str(result_of(same)).splitlines()[0] == "lock: nothing to change"


def test_versions_are_a_table() -> None:
    rows = [
        {"version": "3.0rc1", "released": None, "yanked": False, "prerelease": True},
        {"version": "2.0", "released": "2024-01-31", "yanked": True, "prerelease": False},
    ]
    found = result_of({"verb": "versions", "name": "pandas", "versions": rows})
    head, _, *lines = (line.split() for line in str(found).splitlines())
    assert [head, *lines] == [
        ["pandas", "released"],
        ["3.0rc1", "pre-release"],
        ["2.0", "2024-01-31", "yanked"],
    ]
    assert "2024-01-31" in parsed(found._repr_html_()).text
    many = [dict(rows[1], version=str(number)) for number in range(33)]
    assert str(result_of({"verb": "versions", "name": "p", "versions": many})).splitlines()[-1] == (
        "and 3 versions older"
    )
    none = result_of({"verb": "versions", "name": EVIL, "versions": []})
    assert str(none) == f"no version of {EVIL} is allowed"
    assert "script" not in parsed(none._repr_html_()).seen


def test_the_store_and_what_is_swept() -> None:
    facts = {"path": "/s", "size": 2_000_000, "artifacts": 3, "views": 1, "free": 5_000_000_000}
    stored = result_of({"verb": "store", **facts})
    assert str(stored) == (
        "directory  /s\nholds      2.0 MB (3 packages, 1 environment)\nfree       5.0 GB"
    )
    assert "5.0 GB" in parsed(stored._repr_html_()).text
    assert "free" not in str(result_of({"verb": "store", **facts, "free": None}))
    assert "quota      9.0 MB" in str(result_of({"verb": "store", **facts, "quota": 9_000_000}))
    swept = {"verb": "gc", "removed": ["view 1", "artifact 2"], "size": 9, "kept": 1}
    assert str(result_of(swept)) == "removed 2 items, 9 B; 1 package kept"
    assert str(result_of({**swept, "dry_run": True})).startswith("would remove 2 items")
    assert str(result_of({**swept, "removed": []})) == (
        "nothing to remove: everything in the store is used"
    )


def test_a_plan_says_what_is_to_be_downloaded() -> None:
    plan = changed(dry_run=True, size_missing=31_000_000)
    assert "31.0 MB to download, 98.8 MB on this machine" in str(result_of(plan))
    assert "nothing to download, " in str(result_of({**plan, "size_missing": 0}))
    assert "download" not in str(result_of({**plan, "size_missing": 0, "changes": []}))


def test_the_restart_can_stand_elsewhere() -> None:
    result = result_of(changed(), restart="required", stale=[], advice=["because"])
    assert "restart required" in parsed("".join(result.html_parts())).text
    assert "restart required" not in parsed("".join(result.html_parts(restart=False))).text
    assert "because" in parsed("".join(result.restart_parts())).text
    assert result_of({"verb": "add"}).restart_parts() == []
