"""Which cells the fallback kernel runs, and how it reads its failure."""

import pytest

from jupyter_pyartifacts.kernel.fallback import engine_verb


@pytest.mark.parametrize(
    ("code", "verb"),
    [
        ("%pyartifacts trust", "trust"),
        ("  %pyartifacts  show \n", "show"),
        ("\n%pyartifacts verify\n", "verify"),
    ],
)
def test_a_cell_that_is_one_command(code, verb):
    assert engine_verb(code) == verb


@pytest.mark.parametrize(
    "code",
    [
        "",
        "%pyartifacts",
        "%pyartifacts add pandas",
        "%pyartifacts upgrade",
        "%pyartifacts trust --yes",
        "%pyartifacts trust; import os",
        "%pyartifacts trust\nimport os",
        "import os\n%pyartifacts trust",
        "!jupyter pyartifacts trust n.ipynb",
        "%pyartifacts trusty",
    ],
)
def test_every_other_cell_is_answered_with_the_failure(code):
    assert engine_verb(code) is None
