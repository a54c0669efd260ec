"""A real JupyterHub with the documented settings: two users, one layer that both read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.hub import Person
from tests.uids import OWN_UIDS

from .conftest import Site

pytestmark = pytest.mark.kernel

WHERE = "import os, common; print(common.__file__); print(os.environ['VIRTUAL_ENV'])"
TRY_TO_WRITE = """
import pathlib
for path in {paths!r}:
    try:
        pathlib.Path(path, "intruder").write_text("")
    except OSError as error:
        print(type(error).__name__)
    else:
        print("written")
"""


def wheels(site: Site) -> list[str]:
    """Return the names of the wheels that were fetched, not merely looked into; forget them."""
    requests = [request.split() for request in site.index.requests]
    site.index.requests.clear()
    paths = [words[1] for words in requests if words[0] == "GET" and len(words) == 2]
    return [path.rpartition("/")[2] for path in paths if path.endswith(".whl")]


def test_both_use_the_layer_and_nothing_is_fetched(site: Site, alice: Person, bob: Person) -> None:
    before = site.state()
    wheels(site)
    for person in (alice, bob):
        common, view = person.run(person.open("shared.ipynb"), WHERE).split()
        assert Path(common).resolve().is_relative_to(site.shared / "artifacts")
        assert Path(view).is_relative_to(site.shared / "views")
        store = person.get("store")
        assert store["path"] == str(
            site.root / "home" / person.name / ".local/share/jupyter_pyartifacts"
        )
        assert (store["size"], store["artifacts"], store["views"]) == (0, 0, 0)
        assert store["quota"] == 1_000_000
        assert store["layers"] == [str(site.shared)]
    assert site.index.requests == []
    assert site.state() == before


def test_what_the_layer_lacks_goes_into_ones_own_store(
    site: Site, alice: Person, bob: Person
) -> None:
    before = site.state()
    wheels(site)
    kernel = alice.open("more.ipynb")
    printed = alice.run(kernel, f"{WHERE}; import rare; print(rare.__file__)").split()
    own = Path(alice.get("store")["path"])
    assert Path(printed[0]).resolve().is_relative_to(site.shared / "artifacts")
    assert Path(printed[1]).is_relative_to(own / "views")
    assert Path(printed[2]).resolve().is_relative_to(own / "artifacts")
    assert {name.split("-")[0] for name in wheels(site)} == {"rare"}
    assert alice.get("store")["artifacts"] == 1
    assert bob.get("store")["artifacts"] == 0
    assert site.state() == before
    if OWN_UIDS:
        paths = [str(path) for path in (site.shared, site.shared / "artifacts", site.root / "home")]
        paths.append(bob.get("store")["path"])
        assert alice.run(kernel, TRY_TO_WRITE.format(paths=paths)).split() == [
            "PermissionError"
        ] * len(paths)


def test_sweeping_and_verifying_leave_the_layer_alone(site: Site, alice: Person) -> None:
    before = site.state()
    verified = alice.finished("verify", path="shared.ipynb")
    assert verified["state"] == "done", verified
    assert verified["result"]["damaged"] == []
    swept = alice.finished("gc", dry_run=False)
    assert swept["state"] == "done", swept
    assert site.state() == before


def test_the_policy_refuses_another_index(site: Site, alice: Person) -> None:
    site.elsewhere.requests.clear()
    answer = alice.run(alice.open("foreign.ipynb"), "import foreign")
    assert "NotApproved: this lock was made by somebody else, and you have not" in answer
    assert site.elsewhere.url in answer
    assert site.elsewhere.requests == []


def test_the_quota_refuses_before_a_byte_is_fetched(site: Site, bob: Person) -> None:
    wheels(site)
    answer = bob.run(bob.open("large.ipynb"), "import large")
    expected = f"""
QuotaExceeded: the store's quota leaves no room for this ({bob.get("store")["path"]})
  expected: at most 1.0 MB in all
  found:    0 B in use, and at least 2.0 MB to add
hint: take packages out of notebooks, or delete those that you no longer need, and try again"""
    assert expected in answer
    assert wheels(site) == []
    assert bob.get("store")["artifacts"] == 0


def test_the_quota_holds_for_what_a_cell_adds(site: Site, bob: Person) -> None:
    wheels(site)
    answer = bob.run(bob.open("shared.ipynb"), "%pyartifacts add large")
    assert "the store's quota leaves no room for this" in answer
    assert wheels(site) == []


def test_the_interface_through_the_proxy(site: Site, alice: Person, bob: Person) -> None:
    refused = alice.send("POST", "pyartifacts/gc", {"dry_run": True}, xsrf=False)
    assert refused.status_code == 403
    assert "_xsrf" in refused.json()["message"]
    other = bob.session.get(f"{alice.url}pyartifacts/store")
    assert other.status_code == 403
    state = alice.call("state", path="shared.ipynb")
    assert state["trusted"] is True
    assert alice.call("state", path="foreign.ipynb")["trusted"] is False
    events = alice.listen("instantiate", path="more.ipynb")
    assert events[-1]["state"] == "done"
    assert {event["notebook"] for event in events} == {"more.ipynb"}
    assert json.dumps(events).count(str(site.index.url)) == 0


def test_settings_hold_in_kernels_and_terminals(site: Site, alice: Person) -> None:
    names = ("STORE", "STORE_QUOTA", "TRUST", "ALLOWED_INDEXES", "INDEX_URL")
    home = site.root / "home" / "alice"
    index = site.index.url
    expected = [
        f"{home}/.local/share/jupyter_pyartifacts:{site.shared}",
        *("1000000", "index", index, index),
    ]
    code = f"import os; print(*[os.environ['PYARTIFACTS_' + name] for name in {names!r}])"
    kernel = alice.open("shared.ipynb")
    assert alice.run(kernel, code).split() == expected
    # The echo of what is typed has no number in it.
    words = "-".join(f"$PYARTIFACTS_{name}" for name in names)
    text = "-".join(expected)
    assert text in alice.terminal(f"stty cols 1000; echo {words}-$((40+2))", f"{text}-42")
