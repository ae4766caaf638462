"""The `punchline` command, and `python -m core.cli`: what the system and the console need before anything is loaded."""

import signal
import sys
from io import TextIOWrapper
from types import FrameType

from core.cli import STOPPED

_stops: list[int] = []  # signals that asked this process to end


def run() -> None:
    """The command; stopped by a signal or Ctrl-C, it says what is kept, from its first moment on."""
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _stop)
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")  # a console may lack the letters of a name

        from core.cli.main import main

        _stop_if_asked()
        main()
    except KeyboardInterrupt:
        sys.exit(STOPPED)
    except SystemExit as end:
        if not end.code and _stops:
            sys.exit(STOPPED)
        raise


def _stop_if_asked() -> None:
    """Some imports swallow what is raised in them."""
    if _stops:
        sys.exit(STOPPED)


def _stop(signum: int, frame: FrameType | None) -> None:
    _stops.append(signum)
    sys.exit(STOPPED)  # a KeyboardInterrupt that passes through `exec` has Python end itself by a signal


if __name__ == "__main__":
    run()
