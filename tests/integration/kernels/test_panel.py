"""The panel in real kernels: its widgets and what their buttons do, with both ipywidgets."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty
from typing import Any

import pytest

from tests.test_widgets import MANAGER, distribution

from .conftest import write_notebook
from .running import PATIENCE, Answer, Running

pytestmark = [pytest.mark.kernel, pytest.mark.network]

VIEW = "application/vnd.jupyter.widget-view+json"
VS_CODE = "__vsc_ipynb_file__ = 'n.ipynb'"
CORE = {"@jupyter-widgets/base", "@jupyter-widgets/controls"}


@pytest.fixture(scope="session")
def old_lock(make_lock: Callable[..., Any]) -> Any:
    """Return a lock with ipywidgets 7, which brings Lab's half of its own time."""
    return make_lock("ipywidgets<8")


class Panel:
    """A panel as the program that draws it knows it: by the state of its models."""

    def __init__(self, kernel: Running, *, variables: str = "") -> None:
        self.kernel = kernel
        self.models: dict[str, dict[str, Any]] = {}
        if variables:
            assert kernel.run(variables).ok
        self.answer = self.run("%pyartifacts panel")

    def run(self, code: str) -> Answer:
        """Run a cell as somebody does who can be asked, and so can press buttons."""
        answer = self.kernel.wait(self.kernel.send(code, stdin=True))
        assert answer.ok, answer.error
        for message in answer.others:
            self._take(message)
        return answer

    def _take(self, message: dict[str, Any]) -> None:
        content = message["content"]
        if message["msg_type"] == "comm_open":
            self.models[content["comm_id"]] = dict(content["data"].get("state", {}))
        elif message["msg_type"] == "comm_msg" and content["data"].get("method") == "update":
            self.models[content["comm_id"]].update(content["data"]["state"])

    def send(self, model: str, data: dict[str, Any]) -> None:
        """Send what a frontend sends for a model."""
        message = self.kernel.client.session.msg("comm_msg", {"comm_id": model, "data": data})
        self.kernel.client.shell_channel.send(message)

    def find(self, **state: Any) -> str:
        """Return the model with this in its state."""
        found = [
            model
            for model, own in self.models.items()
            if all(own.get(key) == value for key, value in state.items())
        ]
        assert found, state
        return found[0]

    def click(self, **state: Any) -> None:
        """Press the button with this in its state."""
        button = self.find(_model_name="ButtonModel", **state)
        self.send(button, {"method": "custom", "content": {"event": "click"}})

    def turn(self, index: int) -> None:
        """Turn to a page."""
        model = self.find(_model_name="ToggleButtonsModel")
        self.send(model, {"method": "update", "state": {"index": index}, "buffer_paths": []})

    def wait_for(self, text: str) -> None:
        """Wait until some markup says a text."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if any(text in str(own.get("value", "")) for own in self.models.values()):
                return
            try:
                self._take(self.kernel.client.get_iopub_msg(timeout=1))
            except Empty:
                continue
        raise AssertionError(f"the panel never says {text!r}")

    def is_shown(self, text: str) -> bool:
        """Tell whether the row is shown that has a button with this text."""
        button = "IPY_MODEL_" + self.find(_model_name="ButtonModel", description=text)
        row = next(own for own in self.models.values() if button in own.get("children", ()))
        return self.models[row["layout"].removeprefix("IPY_MODEL_")].get("display") != "none"


@pytest.mark.parametrize(
    ("fixture", "major", "name"), [("lock", "2", "matplotlib"), ("old_lock", "1", "ipywidgets")]
)
def test_it_is_made_of_what_every_frontend_draws(
    start: Any, tmp_path: Path, request: pytest.FixtureRequest, fixture: str, major: str, name: str
) -> None:
    lock = request.getfixturevalue(fixture)
    panel = Panel(start(write_notebook(tmp_path / "n.ipynb", lock=lock)), variables=VS_CODE)

    # VS Code draws either ipywidgets by a manager of its own, and shows one output's best form.
    (data,) = panel.answer.data
    assert set(data) == {"text/plain", "text/html", VIEW}
    assert data[VIEW]["model_id"] in panel.models
    for own in panel.models.values():
        assert own["_model_module"] in CORE
        assert own["_view_module"] in {*CORE, None}
        assert re.sub(r"[^\d.]", "", own["_model_module_version"]).partition(".")[0] == major

    panel.turn(5)
    panel.wait_for("shared by all your notebooks")
    assert not panel.is_shown("Apply")
    panel.click(tooltip=f"plan to remove {name}")
    panel.wait_for(f">remove {name} <")
    assert panel.is_shown("Apply")


def test_a_lab_that_draws_another_ipywidgets_is_named(
    start: Any, tmp_path: Path, old_lock: Any
) -> None:
    panel = Panel(start(write_notebook(tmp_path / "n.ipynb", lock=old_lock)))
    (data,) = panel.answer.data
    assert set(data) == {"text/plain", "text/html"}
    version = panel.kernel.value("__import__('ipywidgets').__version__")
    assert data["text/plain"].splitlines()[-1] == (
        f"there are no buttons: ipywidgets {version} is pinned here, and this JupyterLab draws "
        'those of ipywidgets 8; if your packages allow it: %pyartifacts add "ipywidgets==8.*"'
    )
    assert panel.models == {}


def test_without_anybody_to_press_buttons_it_is_a_table(kernel: Running) -> None:
    answer = kernel.run("%pyartifacts panel")
    (data,) = answer.data
    assert set(data) == {"text/plain", "text/html"}
    assert re.search(r"^pandas +2\.2\.3 .* you$", data["text/plain"], re.MULTILINE)
    assert data["text/plain"].splitlines()[-1] == (
        "%pyartifacts panel has buttons where a notebook is open"
    )
    assert [each for each in answer.others if each["msg_type"] == "comm_open"] == []


def test_without_ipywidgets_it_is_a_table(kernel: Running) -> None:
    panel = Panel(kernel, variables="import sys; sys.modules['ipywidgets'] = None")
    (data,) = panel.answer.data
    assert set(data) == {"text/plain", "text/html"}
    assert data["text/plain"].splitlines()[-1] == (
        "there are no buttons: this kernel has no ipywidgets; bring it back by %pyartifacts add "
        "ipywidgets, and restart the kernel"
    )


def test_it_adds_is_alone_in_that_and_sees_what_others_do(kernel: Running, lock: Any) -> None:
    panel = Panel(kernel)
    count = len(lock["distributions"])
    table, widgets = panel.answer.data
    assert set(table) == {"text/plain", "text/html"}
    assert VIEW in widgets
    entry = panel.find(_model_name="TextModel", description="Add")
    state = {"value": "inflection==0.5.0"}
    panel.send(entry, {"method": "update", "state": state, "buffer_paths": []})
    panel.wait_for("inflection is on the index; the newest is 0.5.0")
    panel.send(entry, {"method": "custom", "content": {"event": "submit"}})
    panel.wait_for("would be 1 added")
    panel.click(description="Apply")
    panel.wait_for(">1 added<")
    panel.wait_for(f"{count + 1} distributions")
    assert kernel.run("import inflection; print(inflection.__version__)").out == "0.5.0\n"
    panel.run("%pyartifacts undo")
    panel.wait_for(f"{count} distributions")

    held = "get_ipython()._pyartifacts_registration._commands._alone('add pandas')"
    refused = kernel.run(f"with {held}:\n    get_ipython().run_line_magic('pyartifacts', 'undo')")
    assert refused.error is not None
    text = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(refused.error["traceback"]))
    assert text == (
        "PyArtifactsError: another change of this notebook's packages is being made (undo)\n"
        "  found:    add pandas\n"
        "hint: wait until it is done, or press Cancel in the panel that makes it"
    )


def test_a_lock_of_somebody_else_is_asked_about(start: Any, lock: Any, tmp_path: Path) -> None:
    foreign = write_notebook(tmp_path / "foreign.ipynb", lock=lock)
    # Another user, who approved nothing, in an editor that starts kernels itself.
    kernel = start(
        write_notebook(tmp_path / "n.ipynb"),
        variables={"XDG_CONFIG_HOME": str(tmp_path / "another"), "JPY_SESSION_NAME": ""},
    )
    assert kernel.run("%load_ext jupyter_pyartifacts").ok
    panel = Panel(kernel, variables=f"__vsc_ipynb_file__ = {str(foreign)!r}")
    assert panel.is_shown("Trust these packages")
    panel.wait_for("made by somebody else, and you have not approved it")
    panel.click(description="Upgrade all…")
    panel.wait_for("hint: ")
    panel.click(description="Trust these packages")
    panel.wait_for("approved")
    panel.wait_for("press Restart above the notebook")
    assert kernel.value("__import__('pandas').__version__") == "2.2.3"


def test_a_lock_made_beside_an_older_lab_has_widgets_that_it_draws(
    start: Any, make_lock: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is installed beside JupyterLab here, if it were that of ipywidgets 7.
    distribution(
        tmp_path, "jupyterlab_widgets", "1.1.11", MANAGER, {"name": MANAGER, "version": "3.1.11"}
    )
    monkeypatch.syspath_prepend(tmp_path / "lib" / "site-packages")
    kernel = start(write_notebook(tmp_path / "n.ipynb", lock=make_lock("inflection")))
    major = "__import__('ipywidgets').__version__.partition('.')[0]"
    assert kernel.value(major) == "7"
