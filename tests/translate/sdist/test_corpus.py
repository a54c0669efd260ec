"""Real source archives of all backends come out as a real build makes them, or are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.translate.sdist.corpus import render, run

PAGE = Path(__file__).parents[3] / ".docs" / "sdists.md"


@pytest.mark.network
def test_no_translation_is_wrong_and_the_table_in_the_docs_is_current(tmp_path: Path) -> None:
    rows = run(tmp_path)
    assert {row.project: row.wrong for row in rows if row.wrong} == {}
    assert sum(row.outcome.startswith("the same") for row in rows) >= 40
    assert render(rows) == PAGE.read_text(encoding="utf-8")
