"""What gunicorn is told beside its command line when it serves Tryton for tests."""

import os
import signal
import sys
import threading


def on_starting(server: object) -> None:
    """Ends the server when whoever started it is gone, however that came about.

    The starter holds the other end of standard input: reading it returns nothing once he is gone.
    """

    def follow() -> None:
        sys.stdin.buffer.read()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=follow, daemon=True).start()
