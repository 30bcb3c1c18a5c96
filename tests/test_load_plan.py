"""A load test that cannot or must not be run is refused before anything is started, and told why."""

from __future__ import annotations

import math
import resource
from typing import Any

import pytest

from zerohttpd_lib import Lab, LabError
from zerohttpd_lib.app.http_wire import read_request
from zerohttpd_lib.load.plan import Plan, PlanError
from zerohttpd_lib.load.requests import VARIANTS

URL = "http://127.0.0.1:8000/guestbook"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"clients": 0}, "at least one client"),
        ({"clients": -1}, "at least one client"),
        ({"idle": -1}, "cannot be negative"),
        ({"seconds": 1, "requests": 1}, "not both"),
        ({"seconds": 0}, "more than 0 and at most 600 seconds"),
        ({"seconds": 601}, "more than 0 and at most 600 seconds"),
        ({"seconds": math.nan}, "more than 0 and at most 600 seconds"),
        ({"requests": 0}, "from 1 to 10,000,000"),
        ({"requests": 10_000_001}, "from 1 to 10,000,000"),
        ({"rate": 0}, "rate=0: choose more than 0"),
        ({"rate": math.nan}, "rate=nan: choose more than 0"),
        ({"rate": "9"}, "rate='9': this has to be a number"),
        ({"think": 0}, "think=0: choose more than 0"),
        ({"think": math.inf}, "think=inf: choose more than 0"),
        ({"think": True}, "think=True: this has to be a number"),
        ({"think": 1, "rate": 1}, "either a rate or a think time"),
        ({"think": 1, "think_times": "normal"}, "choose exponential or fixed"),
        ({"cap": 0}, "cap=0: choose more than 0"),
        ({"cap": math.nan}, "cap=nan: choose more than 0"),
        ({"timeout": 0}, "more than 0 and at most 600 seconds"),
        ({"timeout": 601}, "more than 0 and at most 600 seconds"),
        ({"clients": 10_000_000}, "clients=10,000,000: .*fewer"),
        ({"idle": 10_000_000}, "idle=10,000,000: .*fewer"),
        ({"url": "https://127.0.0.1/"}, "http://HOST:PORT/PATH"),
        ({"url": "127.0.0.1:8000"}, "http://HOST:PORT/PATH"),
        ({"url": "http://"}, "http://HOST:PORT/PATH"),
        ({"url": ""}, "http://HOST:PORT/PATH"),
        ({"url": "http://127.0.0.1:65536/"}, "from 1 to 65535"),
        ({"url": "http://127.0.0.1:x/"}, "from 1 to 65535"),
        ({"url": "http://127.0.0.1:0/"}, "from 1 to 65535"),
        ({"url": "http://127.0.0.1/caf\u00e9"}, "as a browser sends it"),
        ({"url": "http://127.0.0.1/a b"}, "as a browser sends it"),
        ({"url": "http://no-such-name.invalid/"}, "leads to no address"),
    ],
    ids=str,
)
def test_a_plan_that_cannot_be_carried_out_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(PlanError, match=message):
        Plan(**{"url": URL, **changes}).check()


@pytest.mark.parametrize(
    "changes",
    [{"clients": 1}, {"seconds": 600}, {"seconds": 0.1}, {"requests": 1}, {"requests": 10_000_000}, {"timeout": 600}],
    ids=str,
)
def test_a_plan_at_the_limit_is_taken(changes: dict[str, Any]) -> None:
    checked = Plan(url=URL, **changes).check()
    assert all(getattr(checked, name) == value for name, value in changes.items())


@pytest.mark.parametrize("host", ["192.0.2.1", "8.8.8.8", "10.0.0.1", "0.0.0.0", "[2001:db8::1]"])
def test_a_target_other_than_this_machine_is_refused(host: str) -> None:
    with pytest.raises(PlanError, match="is not this machine"):
        Plan(url=f"http://{host}/").check()


def test_a_target_of_ones_own_can_be_vouched_for() -> None:
    assert Plan(url="http://192.0.2.1/", own_target=True).check().address == ("192.0.2.1", 80)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "[::1]"])
def test_every_name_of_this_machine_is_taken(host: str) -> None:
    assert Plan(url=f"http://{host}:8000/").check().address[1] == 8000


def test_without_an_end_it_takes_five_seconds() -> None:
    assert Plan(url=URL).check().seconds == 5
    assert Plan(url=URL, requests=7).check().seconds is None


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("http://127.0.0.1", b"GET / HTTP/1.1"),
        ("http://127.0.0.1/guestbook", b"GET /guestbook HTTP/1.1"),
        ("http://127.0.0.1/a?b=c", b"GET /a?b=c HTTP/1.1"),
    ],
)
def test_the_request_asks_for_the_path_of_the_url(url: str, line: bytes) -> None:
    request = Plan(url=url).request
    assert request.startswith(line + b"\r\nHost: 127.0.0.1\r\n")
    assert request.endswith(b"Connection: close\r\n\r\n")
    assert b"Connection: keep-alive\r\n" in Plan(url=url, keep_alive=True).request


def test_what_is_too_much_for_one_process_is_shared_out() -> None:
    plan = Plan(url=URL, clients=50_000, idle=50_001, requests=1_000_001, rate=500)
    parts, idle_parts = plan.client_parts(), plan.idle_parts()
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert all(part.clients < limit for part in parts)
    assert all(part.idle < limit for part in idle_parts)
    assert sum(part.clients for part in parts) == 50_000
    assert sum(part.requests or 0 for part in parts) == 1_000_001
    assert sum(part.rate or 0 for part in parts) == pytest.approx(500)
    assert sum(part.idle for part in idle_parts) == 50_001


def test_a_small_plan_is_one_process_and_one_for_the_idle() -> None:
    plan = Plan(url=URL, clients=8, idle=5, requests=20)
    assert [(part.clients, part.requests) for part in plan.client_parts()] == [(8, 20)]
    assert [part.idle for part in plan.idle_parts()] == [5]
    assert Plan(url=URL).idle_parts() == []


def test_no_two_varied_requests_are_the_same_bytes_and_all_ask_for_the_same_page() -> None:
    plan = Plan(url="http://127.0.0.1:8000/guestbook?a=%20b")
    found = [template % number for number, template in enumerate(plan.templates)]
    assert len(set(found)) == len(found) == VARIANTS
    for number, request in enumerate(found):
        parsed = read_request(request)
        assert parsed is not None
        assert parsed[1] == len(request)
        assert (parsed[0].method, parsed[0].path) == ("GET", "/guestbook")
        assert f"visit={number}".encode() in request
        assert b"a=%20b" in request
    heads = [request.partition(b"\r\n")[2] for request in found]
    assert len(set(heads)) > VARIANTS / 2


def test_a_setting_that_there_is_not_is_refused_with_the_one_that_was_meant() -> None:
    with pytest.raises(PlanError, match=r"no setting 'cleints'. Did you mean clients\?"):
        Plan.of(URL, {"cleints": 3})
    with pytest.raises(PlanError, match="There are clients, idle, seconds"):
        Plan.of(URL, {"xyzzy": 3})


@pytest.mark.parametrize(
    ("settings", "kind", "who"),
    [
        ({"clients": 1}, "closed loop", "1 client"),
        ({"rate": 1500}, "open loop", "1,500 requests due a second"),
        ({"clients": 20, "think": 2}, "users who think", "20 clients who think for 2 s (exponential)"),
    ],
)
def test_a_plan_says_which_kind_of_load_it_is(settings: dict[str, Any], kind: str, who: str) -> None:
    plan = Plan(URL, **settings)
    assert (plan.kind, plan.who) == (kind, who)


def test_more_processes_than_clients_are_not_made() -> None:
    assert [part.clients for part in Plan(URL, clients=3).client_parts(8)] == [1, 1, 1]
    assert [part.first for part in Plan(URL, clients=5, idle=10).client_parts(2)] == [10, 13]


def test_a_plan_travels_as_json() -> None:
    plan = Plan(url=URL, clients=3, idle=4, requests=5, keep_alive=True, timeout=6.5, think=0.5, varied=True)
    assert Plan.from_json(plan.to_json()) == plan


def test_a_refused_plan_is_a_lab_error(lab: Lab) -> None:
    with pytest.raises(LabError, match="is not this machine"):
        lab.load("http://192.0.2.1/", requests=1)
    with pytest.raises(LabError, match="at least one client"):
        lab.load("http://127.0.0.1:1/", clients=0)
