"""What explorables are given to show, and what of it a saved notebook keeps."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest

from zerohttpd_lib import LabError
from zerohttpd_lib.kernel.wait_price import CostModel, WaitTime, fit, measure_grid
from zerohttpd_lib.lab.article import RUNGS as SEVEN
from zerohttpd_lib.lab.saved_run import load_run, shipped_run
from zerohttpd_lib.servers.epoll import EpollServer
from zerohttpd_lib.servers.poll import PollServer
from zerohttpd_lib.views import explore_density, explore_idle, explore_port, explore_request, explore_silence, stage
from zerohttpd_lib.views.component import KEPT, Component
from zerohttpd_lib.views.explore_silence import HOLDERS

MEASURED = {"iterative": {1: False}, "preforked": {9: True, 10: False}, "poll": {15: True}}
MOST_KEPT = 50_000  # bytes of a saved notebook


@pytest.fixture(scope="module")
def times() -> dict[str, list[WaitTime]]:
    return {how: measure_grid(how, (5, 20, 60), (1, 5), repeats=20, may_sleep=True) for how in ("poll", "epoll")}


@pytest.fixture(scope="module")
def models(times: dict[str, list[WaitTime]]) -> list[CostModel]:
    return [fit(times[how]) for how in times]


def one_ready(times: dict[str, list[WaitTime]]) -> list[WaitTime]:
    return [time for time in times["poll"] if time.ready == 1]


def test_the_line_of_idle_ones_is_what_was_measured(times: dict[str, list[WaitTime]]) -> None:
    shown = explore_idle(one_ready(times)[::-1])
    assert shown.ready == 1
    for line, changed in zip(shown.lines, (False, True), strict=True):
        assert line["points"] == [
            [time.watched, time.seconds * 1e6] for time in one_ready(times) if time.changed == changed
        ]


def test_what_makes_no_line_is_refused(times: dict[str, list[WaitTime]]) -> None:
    for wrong in ([], times["poll"], times["epoll"], one_ready(times) + times["epoll"][:1]):
        with pytest.raises(LabError, match="One line is drawn"):
            explore_idle(wrong)
    for wrong in (one_ready(times)[:2], [time for time in one_ready(times) if not time.changed]):
        with pytest.raises(LabError, match="two points"):
            explore_idle(wrong)


def test_prices_are_those_of_the_model_and_marks_those_of_the_clock(
    times: dict[str, list[WaitTime]], models: list[CostModel]
) -> None:
    trace = load_run(shipped_run("poll-1000-idle")).trace
    shown = explore_density(times["poll"] + times["epoll"], models, {"eight": trace})
    for model, here in zip(models, shown.models, strict=True):
        price = here["base"] + here["per_watched"] * 60 + here["per_ready"] * 5
        assert price == pytest.approx(model.seconds(60, 5) * 1e6)
    unchanged = [time for time in times["poll"] + times["epoll"] if not time.changed]
    assert [point["us"] for point in shown.points] == [time.seconds * 1e6 for time in unchanged]
    assert shown.seen == [{"name": "eight", "density": trace.ready.sum() / trace.watched.sum()}]
    assert "dotted" in shown.note
    assert "dotted" not in explore_density(times["poll"] + times["epoll"], models).note


def test_two_prices_are_needed(times: dict[str, list[WaitTime]], models: list[CostModel]) -> None:
    both = times["poll"] + times["epoll"]
    for some, wrong in ((times["poll"], models), (both, models[:1]), (both, models[::-1]), ([], [])):
        with pytest.raises(LabError, match="Two prices"):
            explore_density(some, wrong)


def test_each_of_the_seven_holds_its_clients_somehow() -> None:
    assert list(HOLDERS) == list(SEVEN)
    shown = explore_silence(MEASURED, pool=10)
    assert [(each["name"], each["workers"]) for each in shown.servers] == [
        ("iterative", 1),
        ("preforked", 10),
        ("poll", None),
    ]
    assert shown.servers[1]["measured"] == [[9, True], [10, False]]
    assert shown.most > 15


@pytest.mark.parametrize(
    ("measured", "words"), [({"edge": {1: True}}, "edge"), ({}, "Nothing"), ({"poll": {}}, "Nothing")]
)
def test_silence_at_other_servers_is_not_known(measured: dict[str, dict[int, bool]], words: str) -> None:
    with pytest.raises(LabError, match=words):
        explore_silence(measured, pool=10)


def port() -> Any:
    return explore_port(*(load_run(shipped_run(f"{name}-1000-idle")) for name in ("poll", "epoll")))


def test_the_port_shows_the_text_of_both_servers() -> None:
    for step in port().steps[1:]:
        for name, server in (("poll", PollServer), ("epoll", EpollServer)):
            text = inspect.cleandoc("\n" + inspect.getsource(getattr(server, step["name"])))
            assert [line["text"] for line in step[name]] == text.splitlines()
        poll = {line["text"] for line in step["poll"]}
        assert [line["text"] for line in step["epoll"] if line["differs"]] == [
            line["text"] for line in step["epoll"] if line["text"] not in poll
        ]
    assert [line["text"] for line in port().steps[0]["epoll"]] == ["self.epoll = select.epoll()"]


def test_the_port_has_all_methods_that_differ_and_counts_what_was_recorded() -> None:
    shown = port()
    methods = dict(inspect.getmembers(PollServer, inspect.isfunction))
    differ = [n for n in methods if inspect.getsource(methods[n]) != inspect.getsource(getattr(EpollServer, n))]
    assert sorted(step["name"] for step in shown.steps) == sorted(differ)
    assert len(shown.states) == len(shown.steps) + 1
    trace = load_run(shipped_run("epoll-1000-idle")).trace
    assert shown.counts["epoll"]["watch"] == trace.total("watch") / (trace.total("forget") / 2)
    assert shown.counts["epoll"]["looked_at"] == pytest.approx(
        trace.ready.sum() / (trace.total("forget") / 2), rel=0.01
    )


@pytest.mark.parametrize("name", ["poll-1000-idle", "epoll-1000-idle"])
@pytest.mark.parametrize("start", [0, 333, 1000])
def test_a_request_is_followed_from_accept_to_its_end(name: str, start: int) -> None:
    """Each page of these servers goes through the same callbacks: see the top of servers/poll.py."""
    trace = load_run(shipped_run(name)).trace
    shown = explore_request(trace, start=start)
    steps = shown.steps
    assert [step["callback"] for step in steps] == [
        "accept_clients", "read_request", "redis_connected", "redis_replied", "redis_replied", "redis_replied",
    ]  # fmt: skip
    assert [step["us"] for step in steps] == sorted(step["us"] for step in steps)
    client, redis = steps[1]["fd"], steps[2]["fd"]
    assert f"new fd {client}" in steps[0]["done"][0]
    assert steps[-1]["done"][-2:] == [f"forget fd {client}", f"forget fd {redis}"]
    turns = [
        turn.entry for wait in trace for turn in wait.turns if wait.number >= steps[0]["wait"] and turn.entry.fd >= 0
    ]
    begun = next(n for n, entry in enumerate(turns) if entry.role == "listener")
    assert [role for role, _ in shown.events] == [entry.role for entry in turns[begun : begun + len(shown.events)]]
    assert [step for _, step in shown.events if step >= 0] == list(range(len(steps)))


def test_where_no_whole_request_is_recorded_it_is_said() -> None:
    trace = load_run(shipped_run("poll-1000-idle")).trace
    for source in (load_run(shipped_run("keepalive")), trace[:2], trace[:0]):
        with pytest.raises(LabError, match="No request is recorded"):
            explore_request(source)


def shown_in_a_notebook(component: Component, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    outputs: list[dict[str, Any]] = []
    monkeypatch.setattr("zerohttpd_lib.views.component.display", lambda data, **_: outputs.append(data))
    component._ipython_display_()
    return outputs[1]


def test_a_saved_notebook_keeps_what_was_measured_and_no_record(
    times: dict[str, list[WaitTime]], models: list[CostModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = [explore_idle(one_ready(times)), explore_density(times["poll"] + times["epoll"], models)]
    for component in (*measured, explore_silence(MEASURED, pool=10)):
        saved = shown_in_a_notebook(component, monkeypatch)
        assert json.loads(json.dumps(saved[KEPT]["data"])) == {
            name: getattr(component, name) for name in component.shown
        }
        assert len(json.dumps(saved[KEPT])) < MOST_KEPT
        assert "image/png" in saved and saved["text/plain"]
    run = load_run(shipped_run("poll-1000-idle"))
    for component in (port(), explore_request(run), stage(run)):
        assert KEPT not in shown_in_a_notebook(component, monkeypatch)
