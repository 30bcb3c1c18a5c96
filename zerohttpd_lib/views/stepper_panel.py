"""The stepper: hold a running server before its next wait, and go on by waits, by events, or by system calls."""

from __future__ import annotations

import html
from contextlib import suppress
from dataclasses import replace
from itertools import count
from time import monotonic
from typing import Any, Final

import ipywidgets as widgets

from ..lab import lab as lab_module
from ..lab.errors import LabError
from ..lab.lab import Lab
from ..lab.server import Server
from ..trace.reader import Trace, Wait
from ..trace.stepper import State
from .panel import Panel, button, told_in_words
from .picture import INK, LOCK, Picture
from .stage import Stage, class_of, recording_on
from .stepper_words import names_of, state_in_words, stuck_in_words, waits

AT_FULL_SPEED: Final = 1.0  # seconds between two looks at a server that nobody holds
NEWEST: Final = 200  # waits that can be gone back to
PATIENCE: Final = 0.5  # seconds that a button waits for a step to come to its end
NOTE: Final = (
    "A real server, as its record has it until now. A step beyond the end of the record is one that the server does. "
    "What a wait looks at is as man 2 poll and man 7 epoll have it."
)


class StepperPanel(Panel):
    """See `stepper_panel`. What its buttons do can be done from code, too: `panel.stepper`, `server.add_client()`."""

    name = "stepper"

    def __init__(self, server: Server, lab: Lab | None) -> None:
        super().__init__()
        self.server = server
        self.lab = lab or _lab_of(server)
        self.stepper = server.stepper()
        self._drawn: Any = None
        self._newest, self._drawn_at = -1, 0.0  # the newest wait that is drawn, and when that was
        self._serial = count()
        self._build()
        self.draw()
        self.begin_updates()

    def _build(self) -> None:
        self._state = widgets.HTML(layout={"min_height": "3.2em"})
        self.pause = button("Pause", "Hold the server before its next wait", self._pause)
        self.step = button("Step one wait", "Let it wait once, and handle all that is ready", self._step)
        self.step_event = button("Step one event", "Let it handle one event of its ready list", self._step_event)
        self.step_call = button("Step one system call", "Let it make one call, or change its list", self._step_call)
        self.resume = button("Resume", "Full speed", self._resume)
        self.pause.button_style = "primary"
        self.who = widgets.Dropdown(options=[("no client yet", None)], description="Client", layout={"width": "280px"})
        act = self._act
        self.add = button("Add a client", "Open a connection to the server, and say nothing on it", self._add)
        self.half = button("Send half a request", "The first half of GET /guestbook", lambda: act("send_half"))
        self.rest = button("Send the rest", "The other half", lambda: act("send_rest"))
        self.whole = button("Send a request", "GET /guestbook", lambda: act("send_request"))
        self.hang_up = button("Hang up", "close(): the server is told IN and RDHUP", lambda: act("hang_up"))
        self.reset = button("Reset", "Break the connection off (RST): the server is told ERR", lambda: act("reset"))
        self.freeze = button("Freeze Redis", "Stop the Redis process, so that no reply comes", self._freeze)
        self._steps = [self.pause, self.step, self.step_event, self.step_call, self.resume]
        self._acts = [self.who, self.add, self.half, self.rest, self.whole, self.hang_up, self.reset]
        rows = [self._steps, [*self._acts, self.freeze]]
        boxes = [widgets.HBox(row, layout={"flex_flow": "row wrap"}) for row in rows]
        trace = self._trace()
        self.stage = Stage([trace], recordings=[self._recording(trace, self.stepper.state)], starts=[0], note=NOTE)
        self.stage.on_msg(lambda _, message, buffers: self._asked(message))
        self.fill(self._state, *boxes, self._message, self.stage)

    # Buttons.

    @told_in_words
    def _pause(self) -> None:
        self.stepper.pause(PATIENCE)
        self._after("")

    @told_in_words
    def _step(self) -> None:
        self._after_step(self.stepper.step(PATIENCE))

    @told_in_words
    def _step_event(self) -> None:
        self._after_step(self.stepper.step_event(PATIENCE))

    @told_in_words
    def _step_call(self) -> None:
        self._after_step(self.stepper.step_call(PATIENCE))

    def _asked(self, message: Any) -> None:
        """The stage has come to the end of the record, and a step on is wanted."""
        steps = {"call": self._step_call, "event": self._step_event, "wait": self._step}
        if isinstance(message, dict) and message.get("step") in steps and not self.server.has_ended:
            steps[message["step"]]()

    @told_in_words
    def _resume(self) -> None:
        self.stepper.resume()
        self._after("")

    def _after_step(self, wait: Wait | None) -> None:
        nothing = wait is None and self.stepper.state.where == "in wait"
        self._after("Nothing is ready: add a client, or let one send something." if nothing else "")

    def _after(self, text: str) -> None:
        self.say(text)
        with LOCK:
            self._drawn = None
            self.draw()
            self.keep_still()
        self.begin_updates()

    @told_in_words
    def _add(self) -> None:
        visitor = self.server.add_client()
        with LOCK:
            self._offer_clients()
            self.who.value = visitor
        self._after(f"{names_of(self.server.visitors)[visitor.address]} has connected, from {visitor.address}.")

    @told_in_words
    def _act(self, action: str) -> None:
        visitor = self.who.value
        if visitor is None:
            raise LabError("There is no client yet: add one first.")
        getattr(visitor, action)()
        self._after(f"{names_of(self.server.visitors)[visitor.address]}: {visitor.state}.")

    @told_in_words
    def _freeze(self) -> None:
        if self.lab is None:
            raise LabError("The panel does not know the lab: stepper_panel(server, lab).")
        if self.lab.redis_is_frozen:
            self.lab.thaw_redis()
        else:
            self.lab.freeze_redis()
        self.freeze.description = "Thaw Redis" if self.lab.redis_is_frozen else "Freeze Redis"
        self._after("Redis is frozen: no reply comes." if self.lab.redis_is_frozen else "Redis answers again.")

    # Drawing.

    def _trace(self) -> Trace:
        return self.server.newest(NEWEST, with_list=True)

    def draw(self) -> bool:
        state = self.stepper.state
        visitors = [(each.address, each.state, each.answer) for each in self.server.visitors]
        runs = state.where == "running"
        now = (replace(state, wait=-1) if runs else state, visitors, self._is_frozen)
        # A held server stays as it is: nothing to draw. Of one that runs, nobody can follow the waits.
        has_waited = state.wait != self._newest and monotonic() > self._drawn_at + AT_FULL_SPEED
        if now != self._drawn or has_waited:
            self._drawn, self._newest, self._drawn_at = now, state.wait, monotonic()
            self._enable(state)
            self._offer_clients()
            trace = self._trace()
            self._draw_state(state, trace)
            self.stage.traces = [trace]
            self.stage.recordings = [self._recording(trace, state)]
        return state.where != "ended"

    def _recording(self, trace: Trace, state: State) -> Any:
        visitors = self.server.visitors
        names = names_of(visitors)
        live: dict[str, Any] = {
            "serial": next(self._serial), "held": state.is_held,
            "visitors": [
                {"name": names[each.address], "state": each.state, "answer": each.answer, "waits": waits(each)}
                for each in visitors
            ],
        }  # fmt: skip
        if state.call:
            words = stuck_in_words(state, trace, visitors)
            live["stuck"] = {
                "system": state.call,
                "fd": state.fd,
                "words": words,
                "at": trace.records.names[state.line],
            }
        server = class_of(self.server, self.server.name)
        return recording_on(trace, self.server.name, server, visitors=names, live=live)

    @property
    def _is_frozen(self) -> bool:
        return self.lab is not None and self.lab.redis_is_frozen

    def _draw_state(self, state: State, trace: Trace) -> None:
        words = state_in_words(state, trace, self.server.visitors, self._is_frozen)
        sign = "■" if state.where == "ended" else "‖" if state.is_held else "▶"
        self._state.value = (
            f"<p role='status' style='font-size:1.15em;color:var(--jp-content-font-color1, {INK});margin:4px 0'>{sign} "
            f"<b>{html.escape(self.server.name)}</b>: {html.escape(words)}</p>"
        )

    def _offer_clients(self) -> None:
        """Of the server's clients, all that were added: by the button, or by a cell."""
        names = names_of(self.server.visitors)
        offered = [(f"{names[each.address]} ({each.address})", each) for each in self.server.visitors]
        if offered and offered != list(self.who.options):
            chosen = self.who.value or offered[0][1]
            self.who.options = offered
            self.who.value = chosen

    def _enable(self, state: State) -> None:
        """A server that has ended does nothing any more, and nothing can be done to it."""
        ended = state.where == "ended"
        for each in (*self._steps, *self._acts):
            each.disabled = ended
        self.resume.disabled = ended or state.where == "running"
        self.freeze.disabled = self.lab is None or (ended and not self._is_frozen)

    def picture(self) -> Picture | None:
        trace = self.stage.traces[0]
        if not len(trace):
            return None
        still = self.stage.picture()
        words = state_in_words(self.stepper.state, trace, self.server.visitors, self._is_frozen)
        still.words = f"{words}\n{still.words}"
        return still

    def interrupt(self) -> None:
        """Nothing of ours runs on its own; a held server goes on when the panel is closed."""

    def close(self) -> None:
        if not self.is_closed:
            super().close()
            with suppress(LabError):
                for visitor in self.server.visitors:
                    visitor.hang_up()
                if self.lab is not None and self.lab.redis_is_frozen:
                    self.lab.thaw_redis()
            self.stepper.close()


def _lab_of(server: Server) -> Lab | None:
    return next((lab for lab in lab_module._in_this_notebook if server in lab.servers), None)


def stepper_panel(server: Server, lab: Lab | None = None) -> StepperPanel:
    """Hold, step and resume a running server, and do things to it meanwhile. Raises LabError.

    The server is started with `record=True`, or better `record="details"`. `lab` is whose Redis
    can be frozen; in a notebook it need not be named.
    """
    return StepperPanel(server, lab)
