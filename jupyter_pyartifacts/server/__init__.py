"""Front-end: what a Jupyter server loads."""
