"""`python -m core.cli` is the `punchline` command."""

from core.cli.main import main

main()
