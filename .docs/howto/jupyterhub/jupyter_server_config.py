# /etc/jupyter/jupyter_server_config.py: the settings of every user's server.
c = get_config()  # noqa: F821

# First each user's own store, then the layer that all of them read and only you write.
c.PyArtifacts.stores = ["~/.local/share/jupyter_pyartifacts", "/srv/pyartifacts"]

# What each user's own store may take. The shared layer counts for nobody.
# c.PyArtifacts.store_quota = "10 GB"

# Locks that install from here alone run without a question; any other has to be approved.
c.PyArtifacts.trust = "index"
c.PyArtifacts.index_url = "https://packages.example.org/simple"
c.PyArtifacts.allowed_indexes = ["https://packages.example.org/simple"]
