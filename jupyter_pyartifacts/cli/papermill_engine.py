"""papermill's engine `pyartifacts`: notebooks run on their locks, without `enable`.

Papermill finds it by its entry point: `papermill --engine pyartifacts in.ipynb out.ipynb`. This
module is imported by papermill alone, which is no dependency of ours.
"""

from __future__ import annotations

from typing import Any

from papermill.engines import NBClientEngine  # type: ignore[import-untyped]

from .execution import IsolatedManager

__all__ = ["PyArtifactsEngine"]


class PyArtifactsEngine(NBClientEngine):  # type: ignore[misc]
    """Execute as papermill does, in kernels that our provisioner starts."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> Any:
        """Run the notebook; one without a lock runs in the stock kernel."""
        options.setdefault("kernel_manager_class", IsolatedManager)
        return super().execute_managed_notebook(nb_man, kernel_name, **options)
