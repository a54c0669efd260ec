"""The kernel front-end: the provisioner and what starts when no environment can be had."""
