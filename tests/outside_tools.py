"""Tools that are not ours, against every rung. What they find wrong, we do not excuse.

    python tests/outside_tools.py [RUNG ...]

curl, ab, wrk, h2load (apt: nghttp2-client), slowhttptest and a Chromium, each for a moment. `make test` runs
the first two. Each function returns what is wrong, in the words of the tool, or nothing.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from typing import Final

from chromium import FLAGS

from zerohttpd_lib.lab import Server
from zerohttpd_lib.lab.redis_server import Redis
from zerohttpd_lib.servers import RUNGS

REQUESTS: Final = 40
CLIENTS: Final = 10
SLOW: Final = {"slow headers": ["-H"], "slow bodies": ["-B"], "slow readers": ["-X"], "byte ranges": ["-R"]}


def said(*command: str) -> str:
    """All that it prints, on both streams."""
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    return re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)


def curl(url: str) -> str:
    """A page, its head, a page by HTTP/1.0, an upgrade that is declined, a form that asks before it is sent."""
    form = ["-d", "guest-name=curl&guest-remarks=hello", "-H", "Expect: 100-continue"]
    for options in ([], ["-I"], ["--http1.0"], ["--http2"], form):
        answer = said("curl", "-sS", "-m", "30", "-o", "/dev/null", "-w", "%{http_code}", *options, url)
        if answer != "200":
            return f"curl {' '.join(options)}: {answer}"
    return ""


def ab(url: str) -> str:
    for options in ([], ["-k"]):
        answer = said("ab", "-q", *options, "-n", str(REQUESTS), "-c", str(CLIENTS), url)
        if not re.search(rf"Complete requests: +{REQUESTS}\nFailed requests: +0\n", answer) or "Non-2xx" in answer:
            return f"ab {' '.join(options)}: {answer[-500:]}"
    return ""


def wrk(url: str) -> str:
    answer = said("wrk", "-t", "1", "-c", str(CLIENTS), "-d", "1", url)
    if not re.search(r"[1-9]\d* requests in", answer) or "Socket errors" in answer or "Non-2xx" in answer:
        return f"wrk: {answer[-500:]}"
    return ""


def h2load(url: str) -> str:
    """One request at a time, and as many connections as requests: it takes an end of connection for a failure."""
    number = str(CLIENTS)
    answer = said("h2load", "--h1", "-n", number, "-c", number, "-m", "1", url)
    return "" if f"{number} succeeded, 0 failed" in answer else f"h2load: {answer[-500:]}"


def slowhttptest(url: str) -> str:
    """Fifty that dawdle, for three seconds. "Available" is what it says of a visitor of its own."""
    for name, options in SLOW.items():
        answer = said("slowhttptest", *options, "-c", "50", "-r", "50", "-l", "3", "-i", "1", "-u", url)
        if not re.search(r"service available: +YES", answer):
            return f"slowhttptest, {name}: {answer[-300:]}"
    return ""


def chromium(url: str) -> str:
    """It reads the page, signs the guestbook, and reads what it has written."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=FLAGS)
        page = browser.new_page()
        page.goto(url)
        page.fill("[name=guest-name]", "Chromium")
        page.fill("[name=guest-remarks]", "I was <here>")
        page.click("form button")
        page.get_by_text("Thank you").wait_for(timeout=30_000)
        page.goto(url)
        found = page.get_by_text("I was <here> - Chromium").count()
        browser.close()
    return "" if found else "chromium: the remark is not on the page"


TOOLS: Final[dict[str, Callable[[str], str]]] = {
    tool.__name__: tool for tool in (curl, ab, wrk, h2load, slowhttptest, chromium)
}


def main() -> int:
    wrong = 0
    for rung in sys.argv[1:] or RUNGS:
        with Redis() as redis:
            server = Server(rung, redis.address, record=False)
            for name, tool in TOOLS.items():
                problem = tool(server.url + "/guestbook") if shutil.which(name) else "is not installed"
                wrong += bool(problem)
                print(f"{rung:14}{name:14}{problem or 'nothing wrong'}", flush=True)
                redis.client.delete("guestbook_remarks")
            server.stop()
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
