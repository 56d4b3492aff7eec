"""A simulated machine with GRBL 1.1 behind a pseudo-terminal, as unforgiving as the firmware.

It drops bytes that do not fit into its ring of 128, plans 15 moves ahead and then lets the sender
wait, does not answer M3 and G4 until the pen stands still, loses its position when it is reset in
motion, hears no reset while it sleeps behind an alarm, and keeps every millimetre of ink. Its time
runs faster than ours.
"""

import contextlib
import math
import os
import pty
import re
import select
import threading
import time
import tty
from collections import deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field

RING, PLANNER = 128, 15
STEP = 1 / 80  # mm
DECELERATION = 500.0  # mm/s2
ALARM_SECONDS = 0.5  # of ours, in which GRBL sleeps behind the line of an alarm
CRITICAL = {1, 2}  # alarms behind which it does nothing but wait for a reset
PIECE = 0.004  # seconds of its time; within one piece the speed is constant
SETTINGS = {10: 1, 13: 0, 22: 0, 30: 1000, 32: 0, 110: 6000, 111: 6000, 130: 300, 131: 220}
GREETING = "\r\nGrbl 1.1h ['$' for help]\r\n"
WORD = re.compile(r"([A-Z])(-?\d*\.?\d*)")
MOTIONS = {0.0, 1.0}
MODES = {17.0, 20.0, 21.0, 40.0, 49.0, 54.0, 80.0, 90.0, 91.0, 94.0}

Position = tuple[float, float, float]


@dataclass
class Block:
    """A planned move."""

    end: Position
    speed: float  # mm/s


@dataclass
class Simulator:
    """The machine, started by `with`; a sender opens `port`.

    Attributes:
        speed: seconds of its time in one of ours.
        pen: "servo" (M3 S90 is down, M3 S30 up), "relay" (M3 is down, M5 up) or "z" (0 is down).
        boot: "silent" (the greeting is lost), "late" (the greeting comes after the first byte,
            and earlier bytes are not read), "locked", or "dead".
        greeting: what it sends when it starts; relatives of GRBL have others.
        axes: number of them that it reports; FluidNC has as many as the machine.
        chatty: whether it sends reports and messages unasked, between two answers.
        baud: of the line; None for no limit.
        latency: seconds until an answer reaches the sender.
        hook: called with the number and the text of each line; returns the answer in place of
            ok ("error:2", "ALARM:1", or "" for none), or None for the usual answer.
        ink_hooks: pairs of mm of ink and a function to call then, in rising order.
        ink: drawn segments, (x0, y0, x1, y1) in mm on the paper.
        drawn: length of the ink, mm.
        taken: lines that were executed.
        times: when each of these was, by the monotonic clock.
        received: all bytes.
        written: lines that change a setting.
        dropped: number of bytes that did not fit into the ring.
        resets: number of resets.
    """

    speed: float = 50.0
    pen: str = "servo"
    boot: str = "silent"
    greeting: str = GREETING
    axes: int = 3
    chatty: bool = False
    baud: int | None = None
    latency: float = 0.0
    hook: Callable[[int, str], str | None] = lambda _, __: None
    ink_hooks: list[tuple[float, Callable[[], object]]] = field(default_factory=list)
    settings: dict[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.settings = SETTINGS | self.settings
        self.ink: list[tuple[float, float, float, float]] = []
        self.drawn = 0.0
        self.taken: list[str] = []
        self.times: list[float] = []
        self.received = b""
        self.written: list[str] = []
        self.dropped = self.resets = 0
        self.origin, self.shift = (-200.0, -150.0, 0.0), (0.0, 0.0, 0.0)  # G54, G92
        self.position: Position = (0.0, 0.0, 5.0 if self.pen == "z" else 0.0)  # of the machine, G54
        self.slip: Position = (0.0, 0.0, 0.0)  # its true position, less the one it reports
        self.servo = 0.0
        self.spindle, self.s = 5, 0.0
        self.locked = self.boot == "locked"
        self.awake = self.boot != "late"
        self.wakes_at = math.inf
        self.critical = self.held = self.dwelling = False
        self.asleep_until = 0.0  # by the monotonic clock
        self.state, self.alarm, self.velocity, self.clock = "Idle", 0, 0.0, 0.0
        self.master = self.slave = -1
        self.closed = False

    # --- the plug -----------------------------------------------------------------------

    def __enter__(self) -> "Simulator":
        self.plug_in()
        self._restart(greet=False)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True
        self.thread.join(10)
        self.unplug()

    def plug_in(self) -> str:
        """Open a port with a new name, and return the name."""
        master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        os.set_blocking(master, False)
        self.port = os.ttyname(self.slave)
        self.incoming: deque[tuple[float, int]] = deque()
        self.outgoing: deque[tuple[float, bytes]] = deque()
        self.master = master
        return self.port

    def unplug(self) -> None:
        """Take the port away; the machine executes what it has."""
        master, self.master = self.master, -1
        for handle in (master, self.slave):
            with contextlib.suppress(OSError):
                os.close(handle)

    def switch_off_and_on(self) -> None:
        """Forget everything: the pen stands where it stood, and that is the origin now."""
        self.slip = _plus(self.slip, _plus(self.position, self.origin))
        self.position = _minus(self.origin)
        self._restart(greet=True)

    def wait_until_idle(self, seconds: float = 30.0) -> None:
        end = time.monotonic() + seconds
        while self.ring or self.planner or self.state == "Run":
            assert time.monotonic() < end
            time.sleep(0.002)

    # --- for assertions ---------------------------------------------------------------

    @property
    def is_down(self) -> bool:
        if self.pen == "z":
            return _plus(self.position, self.slip)[2] <= 0
        if self.pen == "relay":
            return self.spindle == 3
        return self.servo > 60

    # --- the loop -----------------------------------------------------------------------

    def _run(self) -> None:
        last = time.monotonic()
        while not self.closed:
            busy = bool(self.planner or self.incoming or self.outgoing or self.dwelling)
            with contextlib.suppress(OSError, ValueError):
                waits = [self.master] if self.master >= 0 else []
                select.select(waits, [], [], 0.0005 if busy else 0.003)
            now = time.monotonic()
            self._receive(now)
            self._move((now - last) * self.speed)
            last = now
            for _ in range(40):
                self._checkpoint()
                if self.critical or self.asleep or self.state == "Hold" or not self.awake:
                    break
                next(self.firmware)
            self._transmit(time.monotonic())

    def _receive(self, now: float) -> None:
        content = b""
        if self.master >= 0:
            with contextlib.suppress(OSError):
                content = os.read(self.master, 4096)
        if content:
            self.received += content
            if self.wakes_at == math.inf and not self.awake:
                self.wakes_at = now + 0.2
        due = max(now, self.incoming[-1][0]) if self.incoming else now
        for byte in content:
            due += 10 / self.baud if self.baud else 0.0
            self.incoming.append((due, byte))
        if now >= self.wakes_at:
            self.awake, self.wakes_at = True, math.inf
            self._restart(greet=True)
        while self.incoming and self.incoming[0][0] <= now:
            self._interrupt(self.incoming.popleft()[1])

    def _interrupt(self, byte: int) -> None:
        """Handle a byte: execute a real-time command, else put it into the ring, or drop it."""
        if not self.awake or self.boot == "dead":
            return
        flags = {0x18: "reset", ord("?"): "status", ord("!"): "hold", ord("~"): "start"}
        if byte in flags:
            self.flags.add(flags[byte])
            if byte == 0x18:
                self._stop_at_once()
        elif byte < 0x80:
            if len(self.ring) < RING:
                self.ring.append(byte)
            else:
                self.dropped += 1

    def _stop_at_once(self) -> None:
        self.spindle, self.s = 5, 0.0
        if self.state in ("Run", "Home") or (self.state == "Hold" and not self.held):
            self.alarm = 3
            self.slip = _plus(self.slip, (1.0, 0.0, 0.0))
        self.planner.clear()

    def _transmit(self, now: float) -> None:
        while self.outgoing and self.outgoing[0][0] <= now:
            content = self.outgoing.popleft()[1]
            if self.master >= 0:
                with contextlib.suppress(OSError):  # lost, as nobody reads
                    os.write(self.master, content)

    def _send(self, text: str) -> None:
        content = (text if text.endswith("\n") else text + "\r\n").encode()
        now = time.monotonic()
        due = max(now, self.outgoing[-1][0] - self.latency) if self.outgoing else now
        due += 10 * len(content) / self.baud if self.baud else 0.0
        self.outgoing.append((due + self.latency, content))

    # --- the stepper --------------------------------------------------------------------

    def _move(self, seconds: float) -> None:
        """Advance its time, in small pieces."""
        self.clock += seconds
        moving = self.state == "Run" or (self.state == "Hold" and not self.held)
        while moving and seconds > 0 and self.planner:
            piece, seconds = min(seconds, PIECE), seconds - PIECE
            block = self.planner[0]
            if self.state == "Hold":
                self.velocity -= DECELERATION * piece
                if self.velocity <= 0:
                    self.held = True
                    return
            else:
                self.velocity = block.speed
            left = math.dist(self.position, block.end)
            share = min(self.velocity * piece / left, 1.0) if left else 1.0
            way = _plus(block.end, _minus(self.position))
            self._go(_plus(self.position, (way[0] * share, way[1] * share, way[2] * share)))
            if share == 1.0:
                self.planner.popleft()
            if self.ink_hooks and self.drawn >= self.ink_hooks[0][0]:
                self.ink_hooks.pop(0)[1]()
                return
        if not self.planner and moving:
            self.state, self.held = ("Hold", True) if self.state == "Hold" else ("Idle", False)

    def _go(self, position: Position) -> None:
        (x0, y0, _), (x1, y1, _) = _plus(self.position, self.slip), _plus(position, self.slip)
        if self.is_down and (x0, y0) != (x1, y1):
            self.ink.append((x0, y0, x1, y1))
            self.drawn += math.hypot(x1 - x0, y1 - y0)
        self.position = position

    # --- the firmware -------------------------------------------------------------------

    def _restart(self, greet: bool) -> None:
        self.ring: deque[int] = deque()
        self.planner: deque[Block] = deque()
        self.flags: set[str] = set()
        self.state, self.held, self.alarm = ("Alarm" if self.locked else "Idle"), False, 0
        self.velocity, self.clock, self.dwelling = 0.0, 0.0, False
        self.motion, self.feed, self.unit, self.relative = 0.0, 0.0, 1.0, False
        self.shift = (0.0, 0.0, 0.0)
        self.target: Position = self.position
        self.reports = 0
        self.critical, self.asleep_until = False, 0.0
        self.firmware = self._main()
        if greet:
            self._send(self.greeting)
            if self.locked:
                self._send("[MSG:'$H'|'$X' to unlock]")

    def _checkpoint(self) -> None:
        """Execute the real-time commands that have come."""
        if self.asleep:
            return
        if self.asleep_until and self.critical:
            self.asleep_until = 0.0
            self._send("[MSG:Reset to continue]")
            self.flags.discard("reset")
        if "reset" in self.flags:
            if self.alarm:
                self._raise_alarm(self.alarm)
                return
            self.locked = self.state == "Alarm"
            self.resets += 1
            self._restart(greet=True)
        if self.critical:
            return
        if "status" in self.flags:
            self._report()
        if "hold" in self.flags and self.state in ("Run", "Idle"):
            self.held, self.state = self.state == "Idle", "Hold"
        if "start" in self.flags and "hold" not in self.flags and self.held:
            self.state, self.held = ("Run" if self.planner else "Idle"), False
        self.flags.clear()

    @property
    def asleep(self) -> bool:
        return time.monotonic() < self.asleep_until

    def _raise_alarm(self, code: int) -> None:
        """Stop and sleep; a critical alarm forgets a reset that came meanwhile, and waits for one.

        GRBL 1.1: `protocol_exec_rt_system` and `report_alarm_message`.
        """
        self._send(f"ALARM:{code}")
        self.state, self.alarm = "Alarm", 0
        self.spindle, self.s = 5, 0.0
        self.planner.clear()
        self.critical = code in CRITICAL
        self.asleep_until = time.monotonic() + ALARM_SECONDS

    def _report(self) -> None:
        def triple(name: str, position: Position) -> str:
            unit = 25.4 if self.settings[13] else 1.0
            return f"|{name}:" + ",".join(
                f"{round(v / STEP) * STEP / unit:.4f}" for v in position[: self.axes]
            )

        state = f"Hold:{int(not self.held)}" if self.state == "Hold" else self.state
        offset, machine = _plus(self.origin, self.shift), _plus(self.position, self.origin)
        text = f"<{state}"
        if self.settings[10] == 0:
            text += triple("WPos", _plus(machine, _minus(offset)))
        else:
            text += triple("MPos", machine)
        text += "|FS:0,0"
        text += triple("WCO", offset) if self.reports % 10 == 0 else ""
        self.reports += 1
        self._send(text + ">")

    def _main(self) -> Iterator[None]:
        line, comment = "", ""
        while True:
            while self.ring:
                c = chr(self.ring.popleft())
                if c in "\r\n":
                    yield
                    yield from self._line(line)
                    line, comment = "", ""
                elif comment:
                    comment = "" if c == ")" and comment == "(" else comment
                elif c in "(;":
                    comment = c
                elif c > " " and c != "/":
                    line += c.upper()
            self._start()
            yield

    def _start(self) -> None:
        if self.state == "Idle" and self.planner:
            self.state = "Run"

    def _line(self, text: str) -> Iterator[None]:
        verdict = None
        if text and text[0] != "$":
            self.taken.append(text)
            self.times.append(time.monotonic())
            verdict = self.hook(len(self.taken), text)
        if verdict is not None and verdict.startswith("ALARM"):
            self._raise_alarm(int(verdict[6:]))
            yield
            return
        if verdict is not None:
            if verdict:
                self._send(verdict)
            return
        answer = "ok"
        if len(text) >= 80:
            answer = "error:11"
        elif text.startswith("$"):
            answer = yield from self._system(text)
        elif text and self.state == "Alarm":
            answer = "error:9"
        elif text:
            answer = yield from self._gcode(text)
        if self.chatty:
            self._report()
            self._send("[MSG:Pgm End]")
        self._send(answer)

    def _system(self, text: str) -> Generator[None, None, str]:
        yield
        if text == "$":
            self._send("[HLP:$$ $# $G $I $N $x=val $Nx=line $J=line $SLP $C $X $H ~ ! ? ctrl-x]")
        elif text == "$$":
            if self.state in ("Run", "Hold"):
                return "error:8"
            for number, value in self.settings.items():
                self._send(f"${number}={value:g}")
        elif text == "$X":
            if self.state == "Alarm":
                self._send("[MSG:Caution: Unlocked]")
                self.state, self.locked = "Idle", False
        elif text == "$H":
            if self.settings[22] == 0:
                return "error:5"
            self.state = "Home"
            end = self.clock + 5
            while self.clock < end:
                yield
            self.state, self.locked, self.slip = "Idle", False, (0.0, 0.0, 0.0)
            self._go((0.0, 0.0, self.position[2]))
            self.target = self.position
        elif text == "$C":
            if self.state == "Check":
                self.flags.add("reset")
                self._send("[MSG:Disabled]")
                return "ok"
            if self.state != "Idle":
                return "error:8"
            self.state = "Check"
            self._send("[MSG:Enabled]")
        elif re.match(r"\$\d+=", text):
            self.written.append(text)
        else:
            return "error:3"
        return "ok"

    def _gcode(self, text: str) -> Generator[None, None, str]:
        words = WORD.findall(text)
        if "".join(a + b for a, b in words) != text:
            return "error:1"
        if any(b in ("", "-", ".") for _, b in words):
            return "error:2"
        values: dict[str, float] = {}
        g: set[float] = set()
        m: set[float] = set()
        for letter, number in words:
            if letter in "GM":
                (g if letter == "G" else m).add(float(number))
            elif letter in values:
                return "error:25"
            else:
                values[letter] = float(number)
        if len(g & (MOTIONS | {4.0, 92.0})) > 1:
            return "error:24" if g & {92.0} else "error:21"
        if g - MOTIONS - MODES - {4.0, 92.0} or m - {0.0, 2.0, 3.0, 5.0, 30.0}:
            return "error:20"
        self.unit = 25.4 if 20.0 in g else 1.0 if 21.0 in g else self.unit
        self.relative = 91.0 in g or (self.relative and 90.0 not in g)
        motion = max(g & MOTIONS, default=self.motion)
        axes = {a for a in "XYZ" if a in values}
        feed = values.get("F", self.feed / self.unit) * self.unit
        if (axes or g & MOTIONS) and motion and not feed and not g & {4.0, 92.0}:
            return "error:22"
        if 4.0 in g and "P" not in values:
            return "error:28"
        self.motion, self.feed, self.s = motion, feed, values.get("S", self.s)
        if self.state == "Check":
            return "ok"
        if m & {3.0, 5.0} or "S" in values:
            yield from self._synchronise()
            self.spindle = int(max(m & {3.0, 5.0}, default=float(self.spindle)))
            self.servo = self.s if self.spindle == 3 else self.servo
        if 4.0 in g:
            yield from self._synchronise()
            end, self.dwelling = self.clock + values["P"], True
            while self.clock < end:
                yield
            self.dwelling = False
        elif 92.0 in g:
            yield from self._synchronise()
            x, y, z = (
                p - values[a] * self.unit if a in values else old
                for a, p, old in zip("XYZ", self.position, self.shift, strict=True)
            )
            self.shift = (x, y, z)
        elif axes:
            yield from self._plan(values, motion, feed)
        if m & {0.0, 2.0, 30.0}:
            yield from self._synchronise()
            if 0.0 in m:
                self.state, self.held = "Hold", True
                yield
        return "ok"

    def _plan(self, values: dict[str, float], motion: float, feed: float) -> Iterator[None]:
        target = list(self.target)
        for i, axis in enumerate("XYZ"):
            if axis in values:
                value = values[axis] * self.unit
                target[i] = target[i] + value if self.relative else value + self.shift[i]
        while len(self.planner) >= PLANNER:
            self._start()
            yield
        self.target = (target[0], target[1], target[2])
        self.planner.append(Block(self.target, (feed if motion else self.settings[110]) / 60))

    def _synchronise(self) -> Iterator[None]:
        self._start()
        yield
        while self.planner or self.state == "Run":
            self._start()
            yield


def _plus(a: Position, b: Position) -> Position:
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2])


def _minus(a: Position) -> Position:
    return (-a[0], -a[1], -a[2])
