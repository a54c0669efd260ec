"""Makes `%pyartifacts` available in every IPython of this environment; leaves no name behind."""

try:
    __import__("jupyter_pyartifacts").load_ipython_extension(get_ipython())  # noqa: F821
except ImportError:
    # The package was taken out of the environment and this file was not.
    pass
