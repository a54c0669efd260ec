"""What is read of a Dockerfile, and what is put at its end."""

from __future__ import annotations

import pytest

from jupyter_pyartifacts.binder.dockerfile import with_docker_block
from jupyter_pyartifacts.binder.scripts import BEGIN, BUILD, END
from jupyter_pyartifacts.errors import ForeignFileError

ASK = "jupyter_pyartifacts>=0.1.0"
RUN = f"RUN python3 -m pip install --no-cache-dir '{ASK}' && \\\n    {BUILD} "


@pytest.mark.parametrize(
    ("text", "directory", "user"),
    [
        ("FROM a\nCOPY . ${HOME}\n", "${HOME}", None),
        (
            "FROM a\nCOPY --chown=1000 ./ ${HOME}/\nUSER root\nRUN x\nUSER ${NB_USER}\n",
            "${HOME}",
            "${NB_USER}",
        ),
        (
            'from a\nWORKDIR /w\nWORKDIR sub\ncopy [".", "here/"]\nuser 1000:100',
            "/w/sub/here",
            "1000:100",
        ),
        ("FROM a\nCOPY . .\n", ".", None),
        ("FROM a\nCOPY . /w/./\nUSER root\n", "/w", None),
        ("FROM a\nADD --link . \\\n # no end\n  /x\n", "/x", None),
        ("FROM a\nRUN <<EOF\nCOPY . /no\nUSER no\nEOF\nCOPY . /yes\n", "/yes", None),
        (
            "FROM a AS b\nUSER no\nCOPY . /no\nFROM c\nCOPY --from=b . /no\nCOPY . /yes\n",
            "/yes",
            None,
        ),
    ],
)
def test_the_last_stage_counts(text: str, directory: str, user: str | None) -> None:
    after = with_docker_block(text, ASK, "Dockerfile")
    root, back = ("USER root\n", f"USER {user}\n") if user else ("", "")
    assert after == f'{text.rstrip()}\n\n{BEGIN}\n{root}{RUN}"{directory}"\n{back}{END}\n'
    assert with_docker_block(after, ASK, "Dockerfile") == after


def test_one_that_does_it_already_stays() -> None:
    text = f"FROM a\nRUN {BUILD} /x\n"
    assert with_docker_block(text, ASK, "Dockerfile") == text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("FROM a\n", "none in its last stage"),
        ("FROM a\nCOPY . /x\nFROM b\n", "none in its last stage"),
        ("FROM a\nCOPY notebooks /x\n", "none in its last stage"),
        ("FROM a\nCOPY . $(date)`x`\n", "$(date)`x`"),
        ("FROM a\nCOPY . /\n", "/"),
        ("", "none in its last stage"),
    ],
)
def test_notebooks_have_to_be_in_the_image(text: str, found: str) -> None:
    with pytest.raises(ForeignFileError) as caught:
        with_docker_block(text, ASK, "binder/Dockerfile")
    assert str(caught.value) == (
        "the Dockerfile does not copy the repository's notebooks into its image "
        "(binder/Dockerfile)\n"
        f"  expected: COPY . DIRECTORY\n  found:    {found}\n"
        "hint: add to it, as Binder's documentation shows: COPY . ${HOME}"
    )
