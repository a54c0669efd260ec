"""Enabling and disabling: the original comes back, whatever happened in between."""

import json
import os
import stat

import pytest

from jupyter_pyartifacts.errors import PyArtifactsError
from jupyter_pyartifacts.kernel import registration

ORIGINAL = b"""{
 "argv": ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
 "display_name": "Python 3 (ipykernel)",
 "language": "python",
 "metadata": {"debugger": true}
}"""
STANZA = {"provisioner_name": "pyartifacts"}


@pytest.fixture
def spec(tmp_path):
    path = registration.kernelspec_path(str(tmp_path))
    path.parent.mkdir(parents=True)
    path.write_bytes(ORIGINAL)
    path.chmod(0o644)
    return path


def test_enable_adds_the_stanza_and_keeps_the_original(spec):
    result = registration.enable(spec)
    assert (result.state, result.changed, result.path) == ("enabled", True, str(spec))
    document = json.loads(spec.read_bytes())
    assert document.pop("metadata") == {"debugger": True, "kernel_provisioner": STANZA}
    assert document == {k: v for k, v in json.loads(ORIGINAL).items() if k != "metadata"}
    assert (spec.parent / registration.ORIGINAL_NAME).read_bytes() == ORIGINAL
    assert stat.S_IMODE(spec.stat().st_mode) == 0o644


def test_enable_twice_changes_nothing(spec):
    registration.enable(spec)
    before = spec.read_bytes()
    assert registration.enable(spec).changed is False
    assert spec.read_bytes() == before


def test_a_hard_link_to_an_installers_cache_is_not_written_through(spec, tmp_path):
    os.link(spec, tmp_path / "cached")
    registration.enable(spec)
    assert (tmp_path / "cached").read_bytes() == ORIGINAL


def test_disable_brings_the_original_back_byte_for_byte(spec):
    registration.enable(spec)
    result = registration.disable(spec)
    assert (result.state, result.changed) == ("disabled", True)
    assert spec.read_bytes() == ORIGINAL
    assert os.listdir(spec.parent) == ["kernel.json"]
    assert registration.disable(spec).changed is False


def test_disable_keeps_what_was_edited_meanwhile(spec):
    registration.enable(spec)
    document = json.loads(spec.read_bytes())
    document["env"] = {"A": "1"}
    spec.write_text(json.dumps(document))
    registration.disable(spec)
    assert json.loads(spec.read_bytes()) == {**json.loads(ORIGINAL), "env": {"A": "1"}}


def test_disable_without_the_original_takes_only_the_stanza_out(spec):
    registration.enable(spec)
    (spec.parent / registration.ORIGINAL_NAME).unlink()
    assert registration.disable(spec).state == "disabled"
    assert json.loads(spec.read_bytes()) == json.loads(ORIGINAL)


def test_an_upgrade_that_rewrote_the_file_is_noticed_and_mended(spec):
    registration.enable(spec)
    newer = ORIGINAL.replace(b'"debugger": true', b'"debugger": false')
    spec.write_bytes(newer)
    assert registration.state(spec).state == "rewritten"
    assert registration.enable(spec).changed
    assert (spec.parent / registration.ORIGINAL_NAME).read_bytes() == newer
    registration.disable(spec)
    assert spec.read_bytes() == newer


def test_disable_after_an_upgrade_leaves_the_new_file(spec):
    registration.enable(spec)
    spec.write_bytes(b'{"argv": []}')
    result = registration.disable(spec)
    assert (result.state, result.changed) == ("disabled", True)
    assert spec.read_bytes() == b'{"argv": []}'
    assert os.listdir(spec.parent) == ["kernel.json"]


def test_an_environment_without_a_kernelspec_gets_one_and_loses_it_again(tmp_path):
    path = registration.kernelspec_path(str(tmp_path))
    assert registration.state(path).state == "missing"
    assert registration.enable(path).state == "enabled"
    document = json.loads(path.read_bytes())
    assert document["language"] == "python"
    assert document["argv"][1:] == ["-m", "ipykernel_launcher", "-f", "{connection_file}"]
    assert document["metadata"]["kernel_provisioner"] == STANZA
    result = registration.disable(path)
    assert (result.state, result.changed) == ("missing", True)
    assert not path.parent.exists()


def test_another_provisioner_is_left_alone(spec):
    document = json.loads(ORIGINAL)
    document["metadata"]["kernel_provisioner"] = {"provisioner_name": "slurm"}
    spec.write_text(json.dumps(document))
    before = spec.read_bytes()
    with pytest.raises(PyArtifactsError) as caught:
        registration.enable(spec)
    assert str(caught.value) == (
        f"the kernelspec names another provisioner ({spec})\n"
        "  expected: none, or local-provisioner\n"
        "  found:    slurm\n"
        "hint: take its kernel_provisioner out of the file's metadata if it may go"
    )
    assert registration.disable(spec).state == "foreign"
    assert spec.read_bytes() == before
    assert os.listdir(spec.parent) == ["kernel.json"]


def test_the_stock_provisioner_may_be_replaced_and_comes_back(spec):
    text = ORIGINAL.replace(
        b'"debugger": true', b'"kernel_provisioner": {"provisioner_name": "local-provisioner"}'
    )
    spec.write_bytes(text)
    registration.enable(spec)
    registration.disable(spec)
    assert spec.read_bytes() == text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "{",
            "the kernelspec is not JSON ({path})\n"
            "  found:    Expecting property name enclosed in double quotes: line 1 column 2"
            " (char 1)\n"
            "hint: install ipykernel again: pip install --force-reinstall ipykernel",
        ),
        (
            "[]",
            "the kernelspec is no JSON object ({path})\n"
            "  found:    list\n"
            "hint: install ipykernel again: pip install --force-reinstall ipykernel",
        ),
    ],
)
def test_a_broken_kernelspec_is_named(spec, content, message):
    spec.write_text(content)
    for verb in (registration.state, registration.enable, registration.disable):
        with pytest.raises(PyArtifactsError) as caught:
            verb(spec)
        assert str(caught.value) == message.format(path=spec)
    assert spec.read_text() == content


def test_a_kernelspec_that_cannot_be_written(tmp_path):
    (tmp_path / "share").touch()
    path = registration.kernelspec_path(str(tmp_path))
    with pytest.raises(PyArtifactsError) as caught:
        registration.enable(path)
    assert str(caught.value) == (
        f"the kernelspec cannot be changed ({path})\n"
        "  found:    Not a directory\n"
        "hint: run this as the owner of the environment, or set "
        "JUPYTER_DEFAULT_PROVISIONER_NAME=pyartifacts instead"
    )
