"""What the shim reads of a lock document."""

from jupyter_pyartifacts.lock import render_lock
from jupyter_pyartifacts.shim.lockfile import (
    changes_between,
    kernel_group,
    pinned_names,
    requirement_names,
)

from ..locks import small_lock


def test_names_of_a_real_lock_document() -> None:
    lock = small_lock()
    document = render_lock(lock)
    assert pinned_names(document) == sorted({each.name for each in lock.distributions})
    assert kernel_group(document) == list(lock.kernel)


def test_requirements_of_every_kind() -> None:
    lock = {
        "requirements": [
            "pandas>=2",
            "Typing.Extensions[x] ; python_version < '3.9'",
            "./wheels/my_own-1.0-py3-none-any.whl",
            "torch @ https://example.org/torch-2-cp311-cp311-linux_x86_64.whl",
            "https://example.org/six-1.16-py2.py3-none-any.whl",
            "./my-other.thing-1.0b2.tar.gz",
            "old-3.zip",
        ]
    }
    assert requirement_names(lock) == [
        "pandas",
        "typing-extensions",
        "my-own",
        "torch",
        "six",
        "my-other-thing",
        "old",
    ]


def test_a_lock_of_the_wrong_shape_has_nothing() -> None:
    assert pinned_names(None) == []
    assert pinned_names({"distributions": "x"}) == []
    assert requirement_names({"requirements": [3]}) == []
    assert kernel_group({}) == ["ipykernel", "ipywidgets"]


def test_what_is_between_two_locks() -> None:
    before = {"distributions": ["numpy 1.0", "old 1", "six 1.16 | x"], "requirements": ["six"]}
    after = {
        "distributions": ["numpy 1.9 ; sys_platform == 'win32'", "numpy 2.0", "new 1", "six 1.16"],
        "requirements": ["six", "new"],
    }
    assert changes_between(before, after) == [
        {"name": "new", "before": None, "after": "1", "direct": True},
        {"name": "numpy", "before": "1.0", "after": "1.9, 2.0", "direct": False},
        {"name": "old", "before": "1", "after": None, "direct": False},
    ]
    assert changes_between(None, None) == []
