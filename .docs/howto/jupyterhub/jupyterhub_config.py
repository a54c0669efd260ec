# What a hub needs for notebooks that carry their packages; all else is as you have it.
c = get_config()  # noqa: F821

# Each user's server runs as that user. Nobody needs the rights of an administrator.
c.JupyterHub.spawner_class = "jupyterhub.spawner.LocalProcessSpawner"
c.Spawner.default_url = "/lab"

# Servers take their settings from /etc/jupyter, not from what users write into ~/.jupyter.
c.Spawner.disable_user_config = True
