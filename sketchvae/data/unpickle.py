"""Read the NumPy arrays in a pickle without running it.

A pickle is a program for a stack machine, and `pickle.load` runs it. Even with a guarded
`find_class` it can be made to allocate memory at will: by a memo index of 2**32, or an array of
shape 2**60. This module interprets only the operations that NumPy's pickles of arrays use, under
Python 2 and 3 in protocols 2 to 4. Instead of calling NumPy it records the arguments of the call.
So nothing is imported or called, and memory is bounded by the size of the data and MAX_OPERATIONS.

Python's `pickletools` splits the data into operations and specifies each of them.
"""

import pickletools
import warnings
from dataclasses import dataclass
from typing import NoReturn

from sketchvae.errors import FileFormatError, SketchvaeError

MAX_OPERATIONS = 10_000_000  # of a pickle; the largest category has 340,000 arrays of 20 to 45


@dataclass(slots=True)
class PickledDtype:
    """The arguments of a pickled dtype, unchecked.

    Attributes:
        code: type and size, as "i2" or "O8".
        order: byte order, "<", ">" or "|".
    """

    code: object
    order: object = "|"


@dataclass(slots=True)
class PickledArray:
    """The arguments of a pickled array, unchecked.

    Attributes:
        state: (version, shape, dtype, whether in Fortran order, data). The data are a list for an
            array of objects, else bytes, or a str of one character a byte.
    """

    state: tuple[object, ...] = ()


def unpickle(data: bytes, name: str) -> object:
    """Interpret a pickle and return its value: plain values, PickledArray and PickledDtype.

    Args:
        data: the whole pickle.
        name: name of the file and member for error messages.

    Raises:
        FileFormatError: if the pickle uses a global or an operation that arrays do not need, takes
            too many operations, or is damaged.
    """
    machine, position = _Machine(name), 0
    try:
        with warnings.catch_warnings(action="ignore"):  # of Python, about an escape in a name
            for count, (operation, argument, at) in enumerate(pickletools.genops(data)):
                position = at or 0
                if count >= MAX_OPERATIONS:
                    raise FileFormatError(
                        f"{name}: must take at most {MAX_OPERATIONS} pickle operations, got more; "
                        "split the file into smaller ones"
                    )
                machine.run(operation.name, argument)
        return machine.stack.pop()
    except SketchvaeError:
        raise
    except (IndexError, KeyError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise FileFormatError(
            f"{name}: is damaged near byte {position} of its pickle ({reason:.100}); "
            "fetch or copy the file again"
        ) from error


# --- stand-ins for what a pickle of arrays names ------------------------------------


def _reconstruct(_class: object, _shape: object, _code: object) -> PickledArray:
    return PickledArray()


def _dtype(code: object, _align: object = False, _copy: object = True) -> PickledDtype:
    return PickledDtype(code)


def _encode(text: object, _encoding: object) -> object:
    return text  # in protocol 2, Python 3 writes bytes as a str of one character a byte


def _no_bytes() -> bytes:
    return b""


_GLOBALS: dict[str, object] = {  # "module name": stand-in; no other value on the stack is callable
    "numpy ndarray": "ndarray",
    "numpy dtype": _dtype,
    "numpy.core.multiarray _reconstruct": _reconstruct,
    "numpy._core.multiarray _reconstruct": _reconstruct,
    "_codecs encode": _encode,
    "__builtin__ bytes": _no_bytes,
    "builtins bytes": _no_bytes,
}

# --- the stack machine, with operations by their names in pickletools ----------------

_IGNORED = {"PROTO", "FRAME", "STOP"}
_LITERALS = {
    "BININT", "BININT1", "BININT2", "LONG1", "SHORT_BINSTRING", "BINSTRING", "SHORT_BINUNICODE",
    "BINUNICODE", "BINUNICODE8", "SHORT_BINBYTES", "BINBYTES", "BINBYTES8",
}  # fmt: skip
_CONSTANTS: dict[str, object] = {
    "NONE": None,
    "NEWTRUE": True,
    "NEWFALSE": False,
    "EMPTY_TUPLE": (),
}
_GETS = {"BINGET", "LONG_BINGET"}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}  # number of their items


class _Machine:
    """A stack, the positions of marks in it, and a memo of values."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.stack: list[object] = []
        self.marks: list[int] = []
        self.memo: list[object] = []  # a list: an index far beyond its end is refused

    def run(self, operation: str, argument: object) -> None:
        """Run one operation, the most frequent ones first.

        Args:
            operation: its name.
            argument: the value that follows it in the data.
        """
        if operation in _LITERALS:
            self.stack.append(argument)
        elif operation == "MEMOIZE":
            self.memo.append(self.stack[-1])
        elif operation in _GETS and isinstance(argument, int):
            self.stack.append(self.memo[argument])
        elif operation in _TUPLES:
            self.stack.append(self.pop(_TUPLES[operation]))
        elif operation in _CONSTANTS:
            self.stack.append(_CONSTANTS[operation])
        elif operation not in _IGNORED:
            self.run_other(operation, argument)

    def run_other(self, operation: str, argument: object) -> None:
        match operation, argument:
            case "BINPUT" | "LONG_BINPUT", int(index):
                self.put(index)
            case "MARK", _:
                self.marks.append(len(self.stack))
            case "TUPLE", _:
                self.stack.append(self.pop_to_mark())
            case "EMPTY_LIST", _:
                self.stack.append([])
            case "APPEND", _:
                self.extend(self.pop(1))
            case "APPENDS", _:
                self.extend(self.pop_to_mark())
            case "GLOBAL", str(name):
                self.push_global(name)
            case "STACK_GLOBAL", _:
                self.push_global(" ".join(part for part in self.pop(2) if isinstance(part, str)))
            case "REDUCE", _:
                self.reduce(*self.pop(2))
            case "BUILD", _:
                self.build(*self.pop(2))
            case _:
                self.refuse(f"uses the operation {operation}")

    def pop(self, count: int) -> tuple[object, ...]:
        return self.pop_from(len(self.stack) - count)

    def pop_to_mark(self) -> tuple[object, ...]:
        return self.pop_from(self.marks.pop())

    def pop_from(self, start: int) -> tuple[object, ...]:
        if start < 0:
            raise IndexError("its stack is empty")
        items = tuple(self.stack[start:])
        del self.stack[start:]
        return items

    def put(self, index: int) -> None:
        if index > len(self.memo) + 1:  # Python 3 counts from 0, Python 2 from 1
            raise IndexError("memo out of order")
        while len(self.memo) <= index:
            self.memo.append(None)
        self.memo[index] = self.stack[-1]

    def extend(self, items: tuple[object, ...]) -> None:
        target = self.stack[-1]
        if not isinstance(target, list):
            raise TypeError("it appends to something else than a list")
        target.extend(items)

    def push_global(self, name: str) -> None:
        if name not in _GLOBALS:
            self.refuse(f"asks for {name.replace(' ', '.')[:80]!a}")
        self.stack.append(_GLOBALS[name])

    def reduce(self, function: object, arguments: object) -> None:
        if not callable(function) or not isinstance(arguments, tuple):
            raise TypeError("it calls something else than a function")
        self.stack.append(function(*arguments))

    def build(self, target: object, state: object) -> None:
        if isinstance(target, PickledArray) and isinstance(state, tuple):
            target.state = state
        elif isinstance(target, PickledDtype) and isinstance(state, tuple):
            target.order = state[1]
        else:
            raise TypeError("it builds something else than an array")
        self.stack.append(target)

    def refuse(self, action: str) -> NoReturn:
        raise FileFormatError(
            f"{self.name}: its pickle {action}, which arrays do not need; "
            "it was not run: do not trust this file"
        )
