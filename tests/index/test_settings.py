"""Where the default index comes from: our own setting, uv's, pip's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jupyter_pyartifacts.config import Config
from jupyter_pyartifacts.errors import NetworkError, ResolutionError
from jupyter_pyartifacts.index.settings import default_index
from jupyter_pyartifacts.index.uv import SUPPORTED, check_version, child_environ, find_uv


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """Return an environment without any settings."""
    return {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "XDG_CONFIG_DIRS": str(tmp_path)}


def found(environ: dict[str, str], **settings: str) -> str:
    config = Config(environ=environ, **settings)  # type: ignore[arg-type]
    return default_index(config, cache=Path(environ["HOME"], "cache"))


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_our_own_setting_wins(home: dict[str, str]) -> None:
    environ = {**home, "UV_DEFAULT_INDEX": "https://uv.example/simple"}
    assert found(environ, index_url="https://own.example/simple/") == "https://own.example/simple"


def test_a_directory_may_be_named_by_its_path(home: dict[str, str]) -> None:
    assert found(home, index_url="/srv/index") == "file:///srv/index"


def test_what_is_no_url(home: dict[str, str]) -> None:
    with pytest.raises(NetworkError) as caught:
        found(home, index_url="index.example")
    assert str(caught.value) == (
        "the configured index is not a URL that can be read\n"
        "  expected: https://, http:// or file:\n"
        "  found:    index.example\n"
        "hint: set PYARTIFACTS_INDEX_URL, or --index, to the URL of a Simple API"
    )


@pytest.mark.parametrize("name", ["UV_DEFAULT_INDEX", "UV_INDEX_URL"])
def test_uv_variables(home: dict[str, str], name: str) -> None:
    environ = {**home, name: "https://uv.example/simple", "PIP_INDEX_URL": "https://pip.example/s"}
    assert found(environ) == "https://uv.example/simple"


def test_uv_file_of_the_user(home: dict[str, str]) -> None:
    place = Path(home["HOME"], ".config/uv/uv.toml")
    write(place, '[[index]]\nurl = "https://file.example/simple"\ndefault = true\n')
    assert found(home) == "https://file.example/simple"
    write(place, '[[index]]\nurl = "https://changed.example/simple"\ndefault = true\n')
    os.utime(place, ns=(1, 1))
    assert found(home) == "https://changed.example/simple"


def test_pip_variable(home: dict[str, str]) -> None:
    assert found({**home, "PIP_INDEX_URL": "https://pip.example/simple"}) == (
        "https://pip.example/simple"
    )


def test_pip_file_of_the_user(home: dict[str, str]) -> None:
    place = Path(home["HOME"], ".config/pip/pip.conf")
    write(place, "[global]\nindex-url = https://me:word@pip.example/simple\n")
    assert found(home) == "https://me:word@pip.example/simple"
    kept = [p.read_text() for p in Path(home["HOME"]).rglob("*.json")]
    assert not any("word" in text for text in kept)


def test_uv_wins_over_pip_when_both_are_set(home: dict[str, str]) -> None:
    write(Path(home["HOME"], ".config/pip/pip.conf"), "[global]\nindex-url = https://p.example/s\n")
    place = Path(home["HOME"], ".config/uv/uv.toml")
    write(place, '[[index]]\nurl = "https://file.example/simple"\ndefault = true\n')
    assert found(home) == "https://file.example/simple"


def test_without_any_setting_it_is_uv_s_own_and_is_remembered(home: dict[str, str]) -> None:
    first = found(home)
    assert first.startswith("https://")
    assert first in Path(home["HOME"], "cache/default-index.json").read_text()


def test_uv_is_found_and_of_a_version_that_is_known() -> None:
    assert Path(find_uv()).is_file()


@pytest.mark.parametrize("version", ["0.4.0", "99.0", "unknown"])
def test_a_version_of_uv_that_was_never_tested(version: str) -> None:
    with pytest.raises(ResolutionError) as caught:
        check_version(version, "/opt/uv")
    assert str(caught.value) == (
        "uv, which resolves requirements, has a version that this package does not know (/opt/uv)\n"
        f"  expected: uv{SUPPORTED}\n"
        f"  found:    uv {version}\n"
        f"hint: install a version that is known: pip install 'uv{SUPPORTED}'"
    )


def test_nothing_of_the_users_uv_settings_reaches_a_run() -> None:
    environ = {
        "UV_INDEX_URL": "x",
        "UV_EXCLUDE_NEWER": "x",
        "uv_offline": "1",
        "VIRTUAL_ENV": "x",
        "PYTHONPATH": "x",
        "PATH": "/bin",
        "HTTPS_PROXY": "http://proxy.example",
        "UV_NATIVE_TLS": "1",
    }
    assert child_environ(environ, UV_HTTP_RETRIES="0") == {
        "PATH": "/bin",
        "HTTPS_PROXY": "http://proxy.example",
        "UV_NATIVE_TLS": "1",
        "UV_HTTP_RETRIES": "0",
    }
