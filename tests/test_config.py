"""Settings that say which Python runs a lock, and where it comes from."""

from __future__ import annotations

import pytest
from traitlets import TraitError

from jupyter_pyartifacts.config import Config
from jupyter_pyartifacts.errors import UsageError
from jupyter_pyartifacts.server.settings import PyArtifacts

ENVIRON = {
    "PYARTIFACTS_PYTHON_POLICY": " Exact ",
    "PYARTIFACTS_PYTHON_MIRROR": "/srv/pythons",
    "PYARTIFACTS_PYTHON_TABLE": "https://site.example/versions.json",
}


def test_pythons_are_as_designed_unless_told_otherwise() -> None:
    config = Config.from_environ({})
    assert (config.python_policy, config.python_mirror, config.python_table) == ("any", None, None)
    config = Config.from_environ(ENVIRON)
    assert config.python_policy == "exact"
    assert config.python_mirror == "/srv/pythons"
    assert config.python_table == "https://site.example/versions.json"


def test_a_quota_is_a_size() -> None:
    assert Config.from_environ({}).store_quota is None
    assert Config.from_environ({"PYARTIFACTS_STORE_QUOTA": " "}).store_quota is None
    assert Config.from_environ({"PYARTIFACTS_STORE_QUOTA": "2 GB"}).store_quota == 2_000_000_000
    with pytest.raises(UsageError) as caught:
        Config.from_environ({"PYARTIFACTS_STORE_QUOTA": "much"})
    assert str(caught.value).startswith("PYARTIFACTS_STORE_QUOTA is no size\n")


def test_a_servers_quota_holds_for_its_kernels() -> None:
    for given in ("2 GB", 2_000_000_000):
        settings = PyArtifacts(store_quota=given)
        assert settings.engine_config({}).store_quota == 2_000_000_000
        assert settings.variables() == {"PYARTIFACTS_STORE_QUOTA": "2000000000"}
    assert PyArtifacts(store_quota=0).variables() == {"PYARTIFACTS_STORE_QUOTA": "0"}
    with pytest.raises(TraitError, match="store_quota is no size"):
        PyArtifacts(store_quota="much")


def test_a_policy_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        Config.from_environ({"PYARTIFACTS_PYTHON_POLICY": "newest"})
    assert str(caught.value) == (
        "PYARTIFACTS_PYTHON_POLICY has a value that is not known\n"
        "  expected: any, exact or artifact\n"
        "  found:    newest\n"
        "hint: unset PYARTIFACTS_PYTHON_POLICY, or set it to one of these"
    )


def test_a_server_tells_its_engine_and_its_kernels() -> None:
    settings = PyArtifacts(
        python_policy="artifact", python_mirror="/srv/pythons", python_table="/srv/table.json"
    )
    config = settings.engine_config(ENVIRON)
    assert (config.python_policy, config.python_mirror) == ("artifact", "/srv/pythons")
    assert config.python_table == "/srv/table.json"
    assert settings.variables() == {
        "PYARTIFACTS_PYTHON_POLICY": "artifact",
        "PYARTIFACTS_PYTHON_MIRROR": "/srv/pythons",
        "PYARTIFACTS_PYTHON_TABLE": "/srv/table.json",
    }
    assert PyArtifacts().engine_config(ENVIRON).python_policy == "exact"
