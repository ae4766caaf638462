"""The `punchline` command, and `python -m core.cli`: what the system and the console need before anything is loaded."""

import signal
import sys
from io import TextIOWrapper
from types import FrameType

from core.cli import STOPPED


def run() -> None:
    """The command; stopped by a signal or Ctrl-C, it says what is kept, from its first moment on."""
    try:
        signal.signal(signal.SIGTERM, _stop)
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")  # a console may lack the letters of a name

        from core.cli.main import main

        main()
    except KeyboardInterrupt:
        sys.exit(STOPPED)


def _stop(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    run()
