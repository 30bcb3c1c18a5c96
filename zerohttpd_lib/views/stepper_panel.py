"""The stepper: hold a running server before its next wait, and go on wait by wait, or event by event."""

from __future__ import annotations

import html
from contextlib import suppress
from typing import Any, Final

import ipywidgets as widgets

from ..lab import lab as lab_module
from ..lab.errors import LabError
from ..lab.lab import Lab
from ..lab.server import Server
from ..trace.reader import Wait
from ..trace.stepper import State
from .chart import picture_of
from .panel import Panel, button, table, told_in_words
from .picture import INK, LOCK, Picture
from .timeline import Timeline
from .wait_table import came_back, headline, list_html, passed_in, what_was_done

NEWEST: Final = 2000  # waits that are looked at while the server runs
PATIENCE: Final = 0.5  # seconds that a button waits for a step to come to its end


class StepperPanel(Panel):
    """See `stepper_panel`. What its buttons do can be done from code, too: `panel.stepper`, `server.add_client()`."""

    name = "stepper"

    def __init__(self, server: Server, lab: Lab | None) -> None:
        super().__init__()
        self.server = server
        self.lab = lab or _lab_of(server)
        self.stepper = server.stepper()
        self._drawn: Any = None
        self._wait: Wait | None = None
        self._build()
        self.draw()
        self.begin_updates()

    def _build(self) -> None:
        self._state, self._waits, self._clients = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self._chart = widgets.HTML()
        self.pause = button("Pause", "Hold the server before its next wait", self._pause)
        self.step = button("Step one wait", "Let it wait once, and handle all that is ready", self._step)
        self.step_event = button("Step one event", "Let it handle one event of its ready list", self._step_event)
        self.resume = button("Resume", "Full speed", self._resume)
        self.pause.button_style = "primary"
        self.who = widgets.Dropdown(options=[("no client yet", None)], description="Client", layout={"width": "240px"})
        act = self._act
        self.add = button("Add a client", "Open a connection to the server, and say nothing on it", self._add)
        self.half = button("Send half a request", "The first half of GET /guestbook", lambda: act("send_half"))
        self.rest = button("Send the rest", "The other half", lambda: act("send_rest"))
        self.whole = button("Send a request", "GET /guestbook", lambda: act("send_request"))
        self.hang_up = button("Hang up", "close(): the server is told IN and RDHUP", lambda: act("hang_up"))
        self.reset = button("Reset", "Break the connection off (RST): the server is told ERR", lambda: act("reset"))
        self.freeze = button("Freeze Redis", "Stop the Redis process, so that no reply comes", self._freeze)
        self.freeze.disabled = self.lab is None
        rows = [
            [self.pause, self.step, self.step_event, self.resume],
            [self.who, self.add, self.half, self.rest, self.whole, self.hang_up, self.reset, self.freeze],
        ]
        boxes = [widgets.HBox(row, layout={"flex_flow": "row wrap"}) for row in rows]
        self.box.children = [self._state, *boxes, self._message, self._waits, self._clients, self._chart]

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
            old = [option for option in self.who.options if option[1] is not None]
            self.who.options = [*old, (visitor.address, visitor)]
            self.who.value = visitor
        self._after(f"{visitor.address} has connected.")

    @told_in_words
    def _act(self, action: str) -> None:
        visitor = self.who.value
        if visitor is None:
            raise LabError("There is no client yet: add one first.")
        getattr(visitor, action)()
        self._after(f"{visitor.address}: {visitor.state}.")

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

    def draw(self) -> bool:
        state = self.stepper.state
        visitors = [(v.address, v.state, v.answer) for v in self.server.visitors]
        now = (state, visitors)
        if now != self._drawn:  # a held server stays as it is: nothing to draw
            self._drawn = now
            self._draw_state(state)
            self._draw_waits(state)
            rows = [[html.escape(cell or "–") for cell in row] for row in visitors]
            head = ["Client", "What it did last", "What it was answered"]
            self._clients.value = table(head, rows, left=3) if rows else ""
        return state.where != "ended"

    def _draw_state(self, state: State) -> None:
        ended = state.where == "ended"
        held = state.where in ("before wait", "list in hand")
        sign = "■" if ended else "‖" if held else "▶"
        self._state.value = (
            f"<p style='font-size:1.15em;color:{INK};background:#fff;margin:4px 0'>{sign} "
            f"<b>{html.escape(self.server.name)}</b>: {html.escape(str(state))}</p>"
        )
        for each in (self.pause, self.step, self.step_event, self.resume, self.add):
            each.disabled = ended
        if not ended:
            self.resume.disabled = state.where == "running"

    def _draw_waits(self, state: State) -> None:
        trace = self.server.newest(NEWEST)
        if not len(trace):
            self._waits.value = "The server has not returned from a wait yet."
            return
        self._wait = wait = trace[-1]
        words, found = passed_in(trace, wait.number)
        in_hand = state.where == "list in hand"
        held = f" {state.handled} of {state.in_hand} handled so far; ▶ is next." if in_hand else ""
        parts = [
            f"<b>{headline(wait)}</b>",
            f"<p style='margin:4px 0 0'><b>Passed in.</b> {words}</p>",
            f"<details><summary>The list</summary>{list_html(trace, found, wait.watched)}</details>",
            f"<p style='margin:4px 0 0'><b>Came back.</b>{held}</p>",
            came_back(wait, trace.how, state.handled if in_hand else None),
        ]
        if not wait.turns:
            parts.append(f"<p style='margin:4px 0 0'><b>Was done so far.</b> {what_was_done(wait, trace.how)}</p>")
        self._waits.value = f"<div style='color:{INK};background:#fff;line-height:1.5'>{''.join(parts)}</div>"
        self._chart.value = Timeline(trace).close_up(wait.number)[0].svg()

    def picture(self) -> Picture | None:
        trace = self.server.newest(NEWEST)
        if not len(trace):
            return None
        words = [str(self.stepper.state), str(trace[-1])]
        return picture_of(Timeline(trace).close_up(trace.end - 1), "\n".join(words))

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
