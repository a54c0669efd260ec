"""The site's configuration: MyST pages, and what `generator` makes of the code."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from jupyter_pyartifacts import __version__  # noqa: E402 - it has to be found first

project = "jupyter_pyartifacts"
author = copyright = "the jupyter_pyartifacts developers"
version = release = __version__

extensions = ["myst_parser", "sphinx_copybutton", "sphinx_design", "generator"]
exclude_patterns = ["generator"]
nitpicky = True
highlight_language = "text"
# Quotation marks are typed into terminals as they stand here.
smartquotes = False
# Pages are read in the repository, too: anchors and callouts are those that it shows.
myst_enable_extensions = ["alert", "colon_fence"]
myst_heading_anchors = 4
copybutton_prompt_text = r"\$ |%(?=\w)"
copybutton_prompt_is_regexp = True

html_theme = "furo"
html_title = "jupyter_pyartifacts"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_favicon = "static/packages.svg"
html_logo = "static/packages.svg"
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#a34b0f",
        "color-brand-content": "#a34b0f",
        "color-brand-visited": "#7d4a6d",
    },
    "dark_css_variables": {
        "color-brand-primary": "#f4a261",
        "color-brand-content": "#f4a261",
        "color-brand-visited": "#d6a5c9",
    },
}
