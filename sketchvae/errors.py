"""The error a person at the keyboard can fix."""


class SketchvaeError(Exception):
    """Say in one line what was expected, what came, where, and what to do next.

    The command line prints the message and exits with 1. Anything else that is
    raised is a bug of ours and keeps its traceback.
    """
