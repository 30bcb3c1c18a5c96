"""nginx with the finished page as a file: what remains when nothing has to be computed.

One worker, keep-alive without an end, no access log; all its files in one folder, which goes
with it. Nothing is read from, or written to, the places where an installed nginx keeps its own.
"""

from __future__ import annotations

import os
import pwd
import shutil
from pathlib import Path

INSTALL = "sudo apt install nginx-light"

CONF = """\
{user}
worker_processes 1;
daemon off;
pid {folder}/pid;
error_log stderr;
events {{ worker_connections 16384; }}
http {{
    access_log off;
    sendfile on;
    open_file_cache max=10;
    keepalive_requests 1000000000;
    default_type "text/html; charset=utf-8";
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        root {folder}/pages;
    }}
}}
"""


def find() -> str | None:
    """The program; Debian keeps it where only root's PATH leads."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def command(program: str, folder: Path, port: int, page: bytes) -> list[str]:
    """Write what nginx needs into `folder`. Returns the command that serves `page` at /guestbook."""
    (folder / "pages").mkdir()
    (folder / "pages" / "guestbook").write_bytes(page)
    # A master process that is root's gives its worker to a user who may not read our folder.
    user = f"user {pwd.getpwuid(0).pw_name};" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(CONF.format(user=user, folder=folder, port=port))
    return [program, "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")]
