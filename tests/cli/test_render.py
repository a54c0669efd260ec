"""Results as text: pure functions, exact output."""

from __future__ import annotations

import io
from typing import Any

from jupyter_pyartifacts.cli.console import Console

PINS = [
    ("python-dateutil", "2.9.0", 229_892, False, False, ["pandas"], ["six"]),
    ("pandas", "2.2.3", 12_999_999, True, False, [], ["numpy", "python-dateutil"]),
    ("numpy", "2.1.0", 16_000_000, True, False, ["pandas"], []),
    ("six", "1.16.0", None, False, False, ["python-dateutil"], []),
    ("ipykernel", "6.29.5", 117_173, False, True, [], ["six", "python-dateutil"]),
]
SHOW: dict[str, Any] = {
    "event": "result",
    "verb": "show",
    "requirements": ["pandas", "numpy"],
    "kernel": ["ipykernel"],
    "python": "cpython 3.11.7",
    "platforms": ["linux-x86_64"],
    "left_out": [{"platform": "macos-arm64", "reason": "no wheel of triton"}],
    "indexes": ["pytorch https://x.example/whl"],
    "as_of": "2024-06-30",
    "interpreter": {
        "path": None,
        "version": "3.11.7",
        "source": "artifact",
        "why": "the archive that the lock pins, which is still to be fetched",
    },
    "interpreter_problem": None,
    "digest": "sha256:0",
    "trusted": False,
    "notes": ["Python 3.11.9 serves"],
    "distributions": [
        dict(
            zip(
                ("name", "version", "size", "direct", "kernel", "required_by", "dependencies"),
                pin,
                strict=True,
            ),
            marker=None,
        )
        for pin in PINS
    ],
}


def text_of(event: dict[str, Any]) -> str:
    out = io.StringIO()
    Console(stdout=out, stderr=io.StringIO()).result(event)
    return out.getvalue()


def test_show() -> None:
    assert text_of(SHOW) == SHOWN


SHOWN = """\
distribution      version       size   needed by
──────────────────────────────────────────────────────
numpy             2.1.0      16.0 MB   you, pandas
pandas            2.2.3      13.0 MB   you
ipykernel         6.29.5      117 kB   the kernel
python-dateutil   2.9.0       230 kB   pandas
six               1.16.0    not here   python-dateutil
cpython 3.11.7
├── requirements
│   ├── numpy 2.1.0
│   └── pandas 2.2.3
│       ├── numpy 2.1.0
│       └── python-dateutil 2.9.0
│           └── six 1.16.0
└── kernel
    └── ipykernel 6.29.5
        ├── python-dateutil 2.9.0 ...
        └── six 1.16.0
platforms: linux-x86_64
python: 3.11.7, the archive that the lock pins, which is still to be fetched
left out: macos-arm64: no wheel of triton
index: pytorch https://x.example/whl
as of: 2024-06-30
lock: sha256:0
trusted: no (jupyter pyartifacts trust NOTEBOOK)
note: Python 3.11.9 serves
"""


def test_an_empty_lock_is_shown() -> None:
    text = text_of({**SHOW, "distributions": [], "requirements": [], "notes": []})
    assert text.startswith("cpython 3.11.7\n└── requirements\n    └── none\n")


def test_a_diff() -> None:
    changes = [
        {"name": "six", "before": "1.15", "after": None, "direct": False},
        {"name": "numpy", "before": "1.26", "after": "2.1", "direct": False},
        {"name": "pandas", "before": None, "after": "2.2.3", "direct": True},
        {"name": "pytz", "before": None, "after": "2024.1", "direct": False},
    ]
    event = {
        "event": "result",
        "verb": "add",
        "dry_run": False,
        "digest": "sha256:0",
        "lock": {"distributions": ["a", "b"]},
        "changes": changes,
        "environment": {"path": "/s/views/x", "version": "3.11.9", "notes": []},
        "notes": ["numpy 2.0 was yanked"],
        "platforms": ["linux-x86_64", "macos-arm64"],
        "left_out": [{"platform": "windows-amd64", "reason": "no wheel of jax"}],
        "size": 30_000_000,
    }
    diff = "+ pandas 2.2.3\n+ pytz 2024.1\n~ numpy 1.26 -> 2.1\n- six 1.15\n"
    left_out = "left out: windows-amd64: no wheel of jax\n"
    summary = "2 distributions, 30.0 MB here, for linux-x86_64, macos-arm64"
    assert text_of(event) == (
        f"{diff}{left_out}{summary}\n"
        "environment: /s/views/x (Python 3.11.9)\n"
        "note: numpy 2.0 was yanked\n"
    )
    assert text_of({**event, "dry_run": True, "environment": None, "notes": []}) == (
        f"{diff}{left_out}{summary}; dry run, nothing was written\n"
    )


def test_a_change_that_changes_nothing() -> None:
    event = {"verb": "upgrade", "changes": [], "lock": {"distributions": ["a"]}}
    assert text_of(event) == "nothing changed\n1 distribution\n"
    event["python"] = {"before": "3.11.7", "after": "3.11.7"}
    assert text_of(event) == "nothing changed\n1 distribution\n"
    event["python"] = {"before": "3.11.7", "after": "3.12.15"}
    assert text_of(event) == "~ Python 3.11.7 -> 3.12.15\n1 distribution\n"


def test_an_undo_of_the_first_change() -> None:
    change = {"name": "six", "before": "1.16", "after": None, "direct": False}
    event = {"verb": "undo", "changes": [change], "lock": None}
    assert text_of(event) == "- six 1.16\nthe notebook has no lock now\n"


def test_outdated() -> None:
    row = {
        "name": "pandas",
        "current": "2.1.0",
        "compatible": "2.2.3",
        "latest": "3.0.0",
        "released": "2025-01-02T03:04:05Z",
        "yanked": True,
        "direct": True,
    }
    other = {
        **row,
        "name": "numpy",
        "compatible": None,
        "released": None,
        "yanked": False,
        "direct": False,
    }
    assert (
        text_of({"verb": "outdated", "outdated": [other, row]})
        == """\
distribution   now     compatible   latest   released
────────────────────────────────────────────────────────────────
pandas         2.1.0   2.2.3        3.0.0    2025-01-02   yanked
numpy          2.1.0   -            3.0.0
"""
    )
    assert text_of({"verb": "outdated", "outdated": []}) == "everything is up to date\n"


def test_versions() -> None:
    rows = [
        {"version": "3.0rc1", "released": None, "yanked": False, "prerelease": True},
        {"version": "2.3.0", "released": "2025-01-02", "yanked": True, "prerelease": False},
    ]
    event = {"event": "result", "verb": "versions", "name": "pandas", "versions": rows}
    assert (
        text_of(event)
        == """\
pandas   released
─────────────────────────────────
3.0rc1   -            pre-release
2.3.0    2025-01-02   yanked
"""
    )
    assert text_of({**event, "versions": []}) == "no version of pandas is allowed\n"


def test_the_store() -> None:
    facts = {"path": "/s", "size": 2_000_000, "artifacts": 3, "views": 1, "free": 5_000_000_000}
    event = {"event": "result", "verb": "store", "quota": None, "layers": [], **facts}
    assert text_of(event) == (
        "store: /s\nholds: 2.0 MB (3 packages, 1 environment)\nfree:  5.0 GB\n"
    )
    assert text_of({**event, "free": None}).endswith("1 environment)\n")
    assert text_of({**event, "quota": 9_000_000, "layers": ["/srv"]}).endswith(
        "1 environment)\nquota: 9.0 MB\nfree:  5.0 GB\nlayer: /srv\n"
    )


def test_verify() -> None:
    damage = [
        {"path": "/s/a.py", "expected": "sha256:1", "found": "sha256:2"},
        {"path": "/s/b.py", "expected": "sha256:3", "found": "nothing"},
    ]
    event = {"verb": "verify", "files": 10, "damaged": damage, "repaired": ["/s/a.py"]}
    assert text_of(event) == (
        "repaired: /s/a.py\n  expected: sha256:1\n  found:    sha256:2\n"
        "damaged: /s/b.py\n  expected: sha256:3\n  found:    nothing\n"
        "10 files verified, 2 damaged\n"
    )
    assert text_of({**event, "damaged": [], "repaired": []}) == "10 files verified, none damaged\n"


def test_trust_history_and_gc() -> None:
    trust = {"verb": "trust", "digest": "sha256:0", "distributions": 2, "indexes": ["a", "b"]}
    assert text_of(trust) == "approved sha256:0: 2 distributions from a, b\n"
    assert text_of({"verb": "history", "history": []}) == "no changes are remembered\n"
    gc = {"verb": "gc", "removed": ["views/x"], "size": 1500, "kept": 3, "dry_run": True}
    assert text_of(gc) == "views/x\nwould remove 1, 1.5 kB; kept 3\n"
    assert text_of({**gc, "dry_run": False}) == "views/x\nremoved 1, 1.5 kB; kept 3\n"


def test_a_chain_without_end_is_drawn() -> None:
    chain = [
        {
            "name": f"d{number}",
            "version": "1",
            "size": 1,
            "direct": number == 0,
            "kernel": False,
            "required_by": [],
            "dependencies": [f"d{(number + 1) % 2000}"],
            "marker": None,
        }
        for number in range(2000)
    ]
    text = text_of({**SHOW, "distributions": chain})
    assert "d1999 1\n" in text
    assert "d0 1 ...\n" in text


def test_markup_in_names_is_text() -> None:
    event = {"verb": "history", "history": [{"when": "now", "what": "[red]add[/red] :smile:"}]}
    assert text_of(event) == "now  [red]add[/red] :smile:\n"
