"""What GRBL 1.1 answers, and what that means."""

from sketchvae.errors import SketchvaeError

_ERRORS = {  # GRBL 1.1, doc/csv/error_codes_en_US.csv, in our words
    1: "a word without its letter",
    2: "a number that cannot be read",
    3: "an unknown $ command",
    5: "homing is switched off, $22",
    8: "it is not idle",
    9: "it is locked",
    11: "the line is too long",
    15: "beyond its travel",
    20: "a command it does not know",
    21: "two commands of one kind",
    22: "no feed rate",
    24: "two commands that both want the axes",
    25: "a word twice",
    26: "no axis word",
    28: "a word is missing",
    31: "an axis word too much",
    33: "a move that cannot be made",
    36: "a word too much",
}
_ALARMS = {
    1: "a limit switch was hit",
    2: "the move would leave its travel",
    3: "it was reset while it moved",
    6: "homing was stopped",
    7: "the door opened in homing",
    8: "homing did not leave the switch",
    9: "homing found no switch",
}
_KEEPS = {2}  # alarms after which the machine knows where it is


class MachineError(SketchvaeError):
    """Say what the machine or the link did.

    Attributes:
        refused: whether it refused one line, and goes on otherwise.
        alarmed: whether it stopped by an alarm.
        linked: whether it can still be spoken to.
        placed: whether it still knows where the pen is.
    """

    def __init__(
        self,
        what: str,
        *,
        refused: bool = False,
        alarmed: bool = False,
        linked: bool = True,
        placed: bool = True,
    ) -> None:
        super().__init__(what)
        self.refused, self.alarmed, self.linked, self.placed = refused, alarmed, linked, placed


def is_greeting(line: str) -> bool:
    """Whether a line is what GRBL says when it begins."""
    return line.startswith(("Grbl ", "GrblHAL "))


def check_answer(line: str, text: str) -> None:
    """Raise a MachineError where the machine refuses a line, stops by an alarm or begins anew.

    Args:
        line: what it says.
        text: the line that it was to answer.
    """
    word, _, number = line.partition(":")
    code = int(number) if number.isdigit() else 0
    if word == "error":
        meaning = f", {_ERRORS[code]}" if code in _ERRORS else ""
        raise MachineError(f"refused {text} ({line}{meaning})", refused=True)
    if word == "ALARM":
        meaning = f" ({_ALARMS[code]})" if code in _ALARMS else ""
        raise MachineError(f"stopped with {line}{meaning}", alarmed=True, placed=code in _KEEPS)
    if is_greeting(line):
        raise MachineError("was reset by someone else", placed=False)


def check_version(line: str) -> None:
    """Raise a MachineError at the greeting of a firmware that is too old."""
    if is_greeting(line) and line.startswith("Grbl 0"):
        raise MachineError(f"must run GRBL 1.1, runs {line.split('[')[0].strip()}; flash a newer")
