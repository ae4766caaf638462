"""The `punchline` command.

`main`: the command itself; `answers`: what its parts share; `doctor`: checks of an installation.
"""

STOPPED = "stopped; what was finished is kept, run the same command again to go on"
