"""The application, driven by hand: no socket, no server, no Redis."""

from __future__ import annotations

import html
import re
import resource
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hiredis import ReplyError
from hypothesis import given
from hypothesis import strategies as st

from zerohttpd_lib.app import guestbook
from zerohttpd_lib.app.guestbook import PUBLIC, SITE, render_page, respond
from zerohttpd_lib.app.messages import Command, Reply, Request, Response

LRANGE = Command(b"LRANGE", (b"guestbook_remarks", b"0", b"-1"))
INCR = Command(b"INCR", (b"visitor_count",))
GET = Command(b"GET", (b"visitor_count",))
ERROR = ReplyError("ERR something")


def request(method: str, path: str, body: bytes = b"") -> Request:
    return Request(method, path, "", {}, body, True)


def converse(asked: Request, replies: Sequence[Reply] = ()) -> tuple[list[Command], Response]:
    """The commands that the application asks for when it gets these replies, and its response."""
    conversation, commands, reply = respond(asked), [], None
    replies = list(replies)
    try:
        while True:
            commands.append(conversation.send(reply))
            reply = replies.pop(0)
    except StopIteration as done:
        assert not replies, "it did not ask for all of them"
        return commands, done.value


def get(path: str) -> Response:
    return converse(request("GET", path))[1]


def sign(**fields: str) -> bytes:
    return urlencode({name.replace("_", "-"): value for name, value in fields.items()}).encode()


def test_a_page_asks_for_the_remarks_then_counts_then_reads_the_count() -> None:
    commands, response = converse(request("GET", "/guestbook"), [[b"Nice - Ada"], 1234, b"1234"])
    assert commands == [LRANGE, INCR, GET]
    assert response.status == 200
    assert re.search(rb"<strong> *1,234</strong>", response.body)
    assert b"<li>Nice - Ada</li>" in response.body


def test_pages_are_of_one_length_whatever_the_count() -> None:
    assert len({len(render_page([b"a remark"], count)) for count in (1, 999, 1_000, 999_999_999)}) == 1


def test_remarks_keep_their_order() -> None:
    body = render_page([b"one", b"two", b"three"], 1)
    assert re.findall(rb"<li>(.*?)</li>", body) == [b"one", b"two", b"three"]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=4))
def test_no_markup_of_a_remark_reaches_the_page(remarks: list[str]) -> None:
    page = render_page([remark.encode() for remark in remarks], 1).decode()
    listed = page[page.index('<ul class="remarks">\n') + 21 : page.rindex("\n</ul>")]
    items = listed.split("</li>\n") if remarks else []
    texts = [item.removeprefix("<li>").removesuffix("</li>") for item in items]
    assert not any(set(text) & set("<>\"'") for text in texts)
    assert [html.unescape(text) for text in texts] == [html.unescape(html.escape(remark)) for remark in remarks]


def test_a_remark_that_is_not_utf_8_is_shown_all_the_same() -> None:
    assert "<li>caf� - A</li>".encode() in render_page([b"caf\xe9 - A"], 1)


def test_a_remark_cannot_use_the_placeholders_of_the_page() -> None:
    body = render_page([b"$COUNT$ $REMARKS$"], 7)
    assert b"<li>$COUNT$ $REMARKS$</li>" in body


def test_signing_stores_the_remark_and_the_name() -> None:
    body = sign(guest_name=" Ada ", guest_remarks="So simple & <neat>")
    commands, response = converse(request("POST", "/guestbook", body), [1])
    assert commands == [Command(b"RPUSH", (b"guestbook_remarks", b"So simple & <neat> - Ada"))]
    assert response.status == 200


def test_the_name_is_escaped_in_the_thanks() -> None:
    body = sign(guest_name="<script>", guest_remarks="hi")
    assert b"<script>" not in converse(request("POST", "/guestbook", body), [1])[1].body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe\x00",
        sign(guest_name="Ada"),
        sign(guest_remarks="hi"),
        sign(guest_name="Ada", guest_remarks="  "),
        b"&".join([b"a=b"] * 21),
        sign(guest_name="Ada", guest_remarks="hi") + b"&a=b" * 1000,
    ],
)
def test_a_form_without_both_fields_or_with_far_too_many_is_refused(body: bytes) -> None:
    commands, response = converse(request("POST", "/guestbook", body))
    assert (commands, response.status) == ([], 400)


@given(st.binary(max_size=200))
def test_any_form_at_all_is_stored_or_refused(body: bytes) -> None:
    conversation = respond(request("POST", "/guestbook", body))
    try:
        next(conversation)
    except StopIteration as done:
        assert done.value.status == 400


def test_the_path_of_the_guestbook_may_be_percent_encoded() -> None:
    assert converse(request("GET", "/%67uestbook"), [[], 1, b"1"])[1].status == 200


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/index.html", "text/html; charset=utf-8"),
        ("/style.css", "text/css; charset=utf-8"),
        ("/logo.svg", "image/svg+xml"),
        ("/%73tyle.css", "text/css; charset=utf-8"),
        ("/nowhere/../style.css", "text/css; charset=utf-8"),
    ],
)
def test_a_file_is_served_as_it_is(path: str, content_type: str) -> None:
    response = get(path)
    name = "index.html" if path == "/" else path.rpartition("/")[2].replace("%73", "s")
    assert (response.status, response.content_type) == (200, content_type)
    assert response.body == (PUBLIC / name).read_bytes()


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/guestbook/",
        "*",
        "/../guestbook.html",
        "/../../http_wire.py",
        "/%2e%2e/guestbook.html",
        "/..%2fguestbook.html",
        "/%2e%2e%2fguestbook.html",
        "/%252e%252e/guestbook.html",
        "/..\\guestbook.html",
        "/x/../../guestbook.html",
        "//../guestbook.html",
        "/..",
        "/../",
        f"/{SITE}/guestbook.html",
        f"/%2f{SITE}/guestbook.html",
        "//etc/passwd",
        "/%00",
        "/style.css%00.html",
        "/%ff%fe",
        "/" + "a" * 5000,
        "/" + "../" * 500 + "etc/passwd",
    ],
)
def test_nothing_outside_the_public_folder_is_served(path: str) -> None:
    assert (SITE / "guestbook.html").exists()
    assert get(path).status == 404


def test_a_link_that_leads_outside_or_nowhere_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    public = tmp_path / "public"
    public.mkdir()
    (tmp_path / "secret").write_text("secret")
    (public / "inside").write_text("inside")
    (public / "out").symlink_to(tmp_path / "secret")
    (public / "up").symlink_to(tmp_path)
    (public / "loop").symlink_to("loop")
    (public / "fine").symlink_to("inside")
    monkeypatch.setattr(guestbook, "PUBLIC", public)
    assert [get(path).status for path in ("/out", "/up/secret", "/loop", "/fine")] == [404, 404, 404, 200]


def test_a_file_that_cannot_be_opened_for_want_of_descriptors_is_503() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        response = get("/style.css")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert response.status == 503


def test_head_is_answered_like_get() -> None:
    assert converse(request("HEAD", "/style.css"))[1] == get("/style.css")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "BREW", "get", "A&B"])
@pytest.mark.parametrize("path", ["/", "/guestbook"])
def test_an_unknown_method_is_501(method: str, path: str) -> None:
    commands, response = converse(request(method, path))
    assert (commands, response.status) == ([], 501)
    assert html.escape(method).encode() in response.body


@pytest.mark.parametrize("path", ["/", "/style.css", "/nothing"])
def test_a_post_to_anything_but_the_guestbook_is_405(path: str) -> None:
    response = converse(request("POST", path))[1]
    assert (response.status, response.headers) == (405, (("Allow", "GET, HEAD"),))


@pytest.mark.parametrize(
    "replies",
    [
        [ERROR, 1, b"1"],
        [[b"a"], ERROR, b"1"],
        [[b"a"], 1, ERROR],
        [None, 1, b"1"],
        [b"text", 1, b"1"],
        [[1, None], 1, b"1"],
        [[[b"a"]], 1, b"1"],
        [[b"a"], 1, None],
        [[b"a"], 1, 1],
        [[b"a"], 1, b"many"],
        [[b"a"], 1, b""],
        [[b"a"], 1, b"9" * 5000],
        [[b"a"], b"1", b"1"],
    ],
    ids=str,
)
def test_an_error_or_a_strange_reply_of_redis_at_any_step_is_503(replies: list[Reply]) -> None:
    commands, response = converse(request("GET", "/guestbook"), replies)
    assert (commands, response.status) == ([LRANGE, INCR, GET], 503)


@pytest.mark.parametrize("reply", [ERROR, None, b"OK"], ids=str)
def test_an_error_or_a_strange_reply_to_signing_is_503(reply: Reply) -> None:
    body = sign(guest_name="Ada", guest_remarks="hi")
    assert converse(request("POST", "/guestbook", body), [reply])[1].status == 503
