"""The `punchline` command.

`main`: the command itself; `answers`: what its parts share; `doctor`: checks of an installation.
"""
