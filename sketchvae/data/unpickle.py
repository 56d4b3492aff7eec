"""Read the NumPy arrays in a pickle without running it.

A pickle is a program, and `pickle.load` runs it: even with a guarded `find_class` it can be
made to allocate at will (a memo index of 2**32, a shape of 2**60). Here the few operations
that NumPy's own pickles of arrays use, under Python 2 and 3 in protocols 2 to 4, are
interpreted, and what NumPy would be called for is only written down. Nothing can be called
and nothing imported; memory follows from the size of the data and MAX_OPERATIONS.
The operations are specified in Python's `pickletools` module.
"""

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from sketchvae.errors import SketchvaeError

MAX_OPERATIONS = 10_000_000  # an array takes 20 to 45; the largest category has 340,000


@dataclass(slots=True)
class PickledDtype:
    """What the pickle says of a dtype: its code ("i2", "O8") and byte order ("<", ">", "|")."""

    code: object
    order: object = "|"


@dataclass(slots=True)
class PickledArray:
    """What the pickle says of an array: (version, shape, dtype, fortran order, data), unchecked.

    `data` is a list for an array of objects, else bytes, or str with a character a byte.
    """

    state: tuple[object, ...] = ()


def unpickle(data: bytes, name: str) -> object:
    """Interpret a pickle and return what it builds: plain values, PickledArray, PickledDtype.

    Args:
        data: the whole pickle.
        name: what errors call it.

    Raises:
        SketchvaeError: if the pickle names a global or an operation that arrays do not need,
            takes too many operations, or is damaged.
    """
    machine = _Machine(data, name)
    try:
        return machine.run()
    except SketchvaeError:
        raise
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise SketchvaeError(
            f"{name}: is damaged near byte {machine.at} of its pickle ({error}); "
            "fetch or copy the file again"
        ) from error


def _reconstruct(_cls: object, _shape: object, _code: object) -> PickledArray:
    return PickledArray()


def _dtype(code: object, _align: object = False, _copy: object = True) -> PickledDtype:
    return PickledDtype(code)


def _encode(text: object, _encoding: object) -> object:
    return text  # stays a str: Python 3 writes bytes so in protocol 2, a character a byte


def _no_bytes() -> bytes:
    return b""


# What each permitted global stands for. Functions of ours are the only things on the stack
# that can be called, so a name can be permitted without being callable: ndarray.
_GLOBALS: dict[tuple[str, str], object] = {
    ("numpy", "ndarray"): "ndarray",
    ("numpy", "dtype"): _dtype,
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("_codecs", "encode"): _encode,
    ("__builtin__", "bytes"): _no_bytes,
    ("builtins", "bytes"): _no_bytes,
}

_SKIPPED = {pickle.PROTO: 1, pickle.FRAME: 8}  # operation: bytes of its argument
_CONSTANTS: dict[bytes, object] = {
    pickle.NONE: None,
    pickle.NEWTRUE: True,
    pickle.NEWFALSE: False,
    pickle.EMPTY_TUPLE: (),
}
_INTEGERS = {pickle.BININT1: 1, pickle.BININT2: 2, pickle.BININT: 4}
_DATA = {  # operation: bytes of the length before the data, encoding
    pickle.SHORT_BINSTRING: (1, "latin1"),
    pickle.BINSTRING: (4, "latin1"),
    pickle.SHORT_BINUNICODE: (1, "utf-8"),
    pickle.BINUNICODE: (4, "utf-8"),
    pickle.BINUNICODE8: (8, "utf-8"),
    pickle.SHORT_BINBYTES: (1, ""),
    pickle.BINBYTES: (4, ""),
    pickle.BINBYTES8: (8, ""),
}
_TUPLES = {pickle.TUPLE1: 1, pickle.TUPLE2: 2, pickle.TUPLE3: 3}
_PUTS = {pickle.BINPUT: 1, pickle.LONG_BINPUT: 4}
_GETS = {pickle.BINGET: 1, pickle.LONG_BINGET: 4}


class _Machine:
    """The stack machine of pickle, with a list as memo: no index far beyond its end."""

    def __init__(self, data: bytes, name: str) -> None:
        self.data, self.name, self.at = data, name, 0
        self.stack: list[object] = []
        self.marks: list[int] = []
        self.memo: list[object] = []

    def run(self) -> object:
        for _ in range(MAX_OPERATIONS):
            code = self.take(1)
            if code == pickle.STOP:
                return self.stack.pop()
            self.step(code)
        raise SketchvaeError(
            f"{self.name}: must take at most {MAX_OPERATIONS} pickle operations, got more; "
            "split the file into smaller ones"
        )

    def step(self, code: bytes) -> None:
        stack = self.stack
        if code in _OPERATIONS:
            _OPERATIONS[code](self)
        elif code in _GETS:
            stack.append(self.memo[self.number(_GETS[code])])
        elif code in _INTEGERS:
            stack.append(self.number(_INTEGERS[code], signed=code == pickle.BININT))
        elif code in _CONSTANTS:
            stack.append(_CONSTANTS[code])
        elif code in _TUPLES:
            stack.append(self.pop_from(len(stack) - _TUPLES[code]))
        elif code in _DATA:
            stack.append(self.text_or_bytes(*_DATA[code]))
        elif code in _PUTS:
            self.put(self.number(_PUTS[code]))
        elif code in _SKIPPED:
            self.take(_SKIPPED[code])
        else:
            raise SketchvaeError(
                f"{self.name}: its pickle uses the operation {code!r}, which arrays do not need; "
                "it was not run: do not trust this file"
            )

    def take(self, size: int) -> bytes:
        end = self.at + size
        if end > len(self.data):
            raise ValueError("it ends too early")
        taken = self.data[self.at : end]
        self.at = end
        return taken

    def number(self, size: int, signed: bool = False) -> int:
        return int.from_bytes(self.take(size), "little", signed=signed)

    def text_or_bytes(self, length_size: int, encoding: str) -> str | bytes:
        data = self.take(self.number(length_size))
        return data.decode(encoding) if encoding else data

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

    def memoize(self) -> None:
        self.memo.append(self.stack[-1])

    def mark(self) -> None:
        self.marks.append(len(self.stack))

    def long(self) -> None:
        self.stack.append(self.number(self.number(1), signed=True))

    def pack(self) -> None:
        self.stack.append(self.pop_from(self.marks.pop()))

    def empty_list(self) -> None:
        self.stack.append([])

    def append(self) -> None:
        self.extend(self.pop_from(len(self.stack) - 1))

    def appends(self) -> None:
        self.extend(self.pop_from(self.marks.pop()))

    def extend(self, items: tuple[object, ...]) -> None:
        target = self.stack[-1]
        if not isinstance(target, list):
            raise TypeError("it appends to something else than a list")
        target.extend(items)

    def global_by_lines(self) -> None:
        end = self.data.index(b"\n", self.data.index(b"\n", self.at) + 1)
        module, name = self.take(end + 1 - self.at).decode().splitlines()
        self.push_global(module, name)

    def global_by_stack(self) -> None:
        module, name = self.pop_from(len(self.stack) - 2)
        self.push_global(module, name)

    def push_global(self, module: object, name: object) -> None:
        if not (isinstance(module, str) and isinstance(name, str)):
            self.refuse_global("something without a name")
        if (module, name) not in _GLOBALS:
            self.refuse_global(f"{module}.{name}")
        self.stack.append(_GLOBALS[module, name])

    def refuse_global(self, name: str) -> NoReturn:
        raise SketchvaeError(
            f"{self.name}: its pickle asks for {name[:80]!a}, which arrays do not need; "
            "it was not run: do not trust this file"
        )

    def reduce(self) -> None:
        function, arguments = self.pop_from(len(self.stack) - 2)
        if not callable(function) or not isinstance(arguments, tuple):
            raise TypeError("it calls something else than a function")
        self.stack.append(function(*arguments))

    def build(self) -> None:
        target, state = self.pop_from(len(self.stack) - 2)
        if isinstance(target, PickledArray) and isinstance(state, tuple):
            target.state = state
        elif isinstance(target, PickledDtype) and isinstance(state, tuple):
            target.order = state[1]
        else:
            raise TypeError("it builds something else than an array")
        self.stack.append(target)


_OPERATIONS: dict[bytes, Callable[[_Machine], None]] = {
    pickle.MARK: _Machine.mark,
    pickle.LONG1: _Machine.long,
    pickle.TUPLE: _Machine.pack,
    pickle.EMPTY_LIST: _Machine.empty_list,
    pickle.APPEND: _Machine.append,
    pickle.APPENDS: _Machine.appends,
    pickle.MEMOIZE: _Machine.memoize,
    pickle.GLOBAL: _Machine.global_by_lines,
    pickle.STACK_GLOBAL: _Machine.global_by_stack,
    pickle.REDUCE: _Machine.reduce,
    pickle.BUILD: _Machine.build,
}
