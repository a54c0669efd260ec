"""`%pip` in an isolated kernel names the command to type instead."""

import pytest

from jupyter_pyartifacts.shim.failures import PyArtifactsError
from jupyter_pyartifacts.shim.pip import refuse


@pytest.mark.parametrize(
    ("installer", "line", "hint"),
    [
        ("pip", "install pandas", "%pyartifacts add pandas"),
        ("pip", "install -U 'pandas>=2' six", "%pyartifacts add 'pandas>=2' six"),
        ("pip", "install pandas >= 2", "%pyartifacts add 'pandas>=2'"),
        ("conda", "install -y pandas", "%pyartifacts add pandas"),
        ("uv", "pip install pandas", "%pyartifacts add pandas"),
        ("uv", "add pandas", "%pyartifacts add pandas"),
        ("pip", "uninstall pandas", "%pyartifacts remove pandas"),
        ("pip", "list", "%pyartifacts show"),
        ("pip", "install", "%pyartifacts help"),
        ("pip", "", "%pyartifacts help"),
        ("pip", "install 'pandas", "%pyartifacts add ''\"'\"'pandas'"),
    ],
)
def test_the_hint_is_the_command_to_type(installer: str, line: str, hint: str) -> None:
    with pytest.raises(PyArtifactsError) as caught:
        refuse(installer, line)
    assert str(caught.value) == (
        f"%{installer} does not reach this notebook's packages: they are pinned in the notebook\n"
        f"hint: {hint}"
    )
