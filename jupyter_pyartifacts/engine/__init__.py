"""One running engine: a process that has everything loaded and forks a child for each request.

A command line is mostly the loading of modules. Where an engine runs, a command hands its
arguments, environment, directory and standard streams to it over a Unix socket; the engine forks,
and the child becomes what the command would have been. The engine itself does no work, has no
threads and opens no store.

Safety: the socket is in a directory of the user's own (0700, the socket 0600), and both ends
check whom they speak with. An engine that is not of this very installation, whose modules changed
on disk, that does not answer or that is anything else than expected is not used, and nothing is
said about it: the command runs by itself, as it does where no engine is.
"""
