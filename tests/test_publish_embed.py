"""The page of `publish --public` in a real Chromium: what it shows, and whom it asks."""

import datetime
import functools
import re
import shutil
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tableau_server.views import png

from pipeline.publish.embed import API, HOST, embed_page

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((path for path in map(shutil.which, BROWSERS) if path), "")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-component-update"),
    *("--disable-background-networking", "--disable-sync", "--ignore-certificate-errors"),
)
ASKED = "public.tableau.com:443"
OWN = re.compile(r"^(http://)?[\w.-]+\.(google|googleapis|gvt1)\.com[:/]")
"""Whom the browser asks for itself whatever is opened (time, updates, accounts); no page of ours names them."""
VIEW = f"{HOST}/views/Energy/Overview"

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium is installed")


@dataclass
class Proxy:
    """All that a browser gets of the network: it notes who is asked for, and where there is a script it is all of them.

    Attributes
    ----------
    port : int
    script : bytes or None
        The embedding API; None: nobody is there.
    asked : list of str
        HOST:PORT of every connection that was asked for.
    requests : list of str
        Addresses that were then asked for on them.
    """

    port: int = 0
    script: bytes | None = None
    asked: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    """A proxy that leads nowhere, or to itself."""

    proxy: Proxy
    context: ssl.SSLContext

    def do_CONNECT(self) -> None:
        """Note the host, and be it, where anybody is there."""
        if self.noted() or self.proxy.script is None:
            self.send_error(502)
            return
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        try:
            with self.context.wrap_socket(self.connection, server_side=True) as inner:
                Inside(inner, self.client_address, self.server)
        except OSError:
            # The browser may open connections that it then does not use.
            return

    def do_GET(self) -> None:
        """Note who is asked without encryption; nobody is there."""
        self.noted()
        self.send_error(502)

    def noted(self) -> bool:
        """Note who is asked for; True where the browser asks for itself."""
        own = OWN.match(self.path) is not None
        self.proxy.asked += [] if own else [self.path]
        return own

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


class Inside(Handler):
    """Tableau Public, and anybody else, inside the tunnel."""

    def do_GET(self) -> None:
        """Give the script, whatever is asked for."""
        proxy: Proxy = self.server.RequestHandlerClass.proxy
        script = proxy.script or b""
        proxy.requests.append(f"https://{self.headers['Host']}{self.path}")
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript")
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Content-Length", str(len(script)))
        self.end_headers()
        self.wfile.write(script)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A certificate of Tableau Public that nobody has signed."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path_factory.mktemp("certificate") / "both.pem"
    path.write_bytes(secret + made.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@pytest.fixture
def proxy(certificate: ssl.SSLContext) -> Iterator[Proxy]:
    """A running proxy."""
    made = Proxy()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (Handler,), {"proxy": made, "context": certificate}))
    server.daemon_threads = True
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def browse(proxy: Proxy, tmp_path: Path) -> Callable[..., bytes]:
    """A function that opens a page in a new browser: gives its picture, or with `dom` what the page has become."""
    numbers = iter(range(99))

    def call(page: str, *, dom: bool = False) -> bytes:
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        (folder / "embed.html").write_text(page, encoding="utf-8")
        shot = folder / "shot.png"
        said = [
            *(CHROMIUM, *FLAGS, f"--user-data-dir={folder / 'profile'}", "--window-size=700,800"),
            *(f"--proxy-server=http://127.0.0.1:{proxy.port}", "--proxy-bypass-list=<-loopback>"),
            *("--virtual-time-budget=3000", "--dump-dom" if dom else f"--screenshot={shot}"),
            (folder / "embed.html").as_uri(),
        ]
        done = subprocess.run(said, capture_output=True, timeout=60, check=True, cwd=folder)
        return done.stdout if dom else shot.read_bytes()

    return call


GREEN, RED = png(b"\x00\x80\x00", 400), png(b"\x80\x00\x00", 400)
page = functools.partial(embed_page, "Energy use", alt="Energy of every day")


def test_offline_the_picture_is_seen(proxy: Proxy, browse: Callable[..., bytes]) -> None:
    """Point for point as on a page that has nothing but the picture; a view that does not come takes no place."""
    shown = browse(page(GREEN, view=VIEW))

    assert set(proxy.asked) == {ASKED}
    proxy.asked.clear()
    assert shown == browse(page(GREEN))
    assert shown != browse(page(RED))
    assert proxy.asked == []


def test_view_takes_the_place_of_the_picture(proxy: Proxy, browse: Callable[..., bytes]) -> None:
    """When the view says that it is there, by the page's own script, which its policy lets run."""
    proxy.script = b'document.querySelector("tableau-viz").dispatchEvent(new Event("firstinteractive"));'
    shown = browse(page(GREEN, view=VIEW), dom=True).decode()

    assert set(proxy.requests) == {API}
    assert 'class="here"' in shown
    assert 'hidden=""' in shown


HOSTILE = b"""
const add = (tag, url) => { const one = document.createElement(tag); one.src = url; document.body.append(one); };
fetch("https://a.example/").catch(() => 0);
add("img", "https://b.example/x.png");
add("script", "https://c.example/x.js");
add("iframe", "https://d.example/");
add("img", "https://public.tableau.com/x.png");
document.body.dataset.ran = "yes";
"""


def test_nobody_else_can_be_asked(proxy: Proxy, browse: Callable[..., bytes]) -> None:
    """Were the script of Tableau Public to ask others, by any way, the page's policy would not let it."""
    proxy.script = HOSTILE
    shown = browse(page(GREEN, view=VIEW), dom=True).decode()

    assert 'data-ran="yes"' in shown
    assert set(proxy.requests) == {API, f"{HOST}/x.png"}
    # For a frame Chromium opens a connection before it looks at the policy, and then sends nothing on it.
    assert set(proxy.asked) - {"d.example:443"} == {ASKED}


def test_policy_is_what_forbids_it(proxy: Proxy, browse: Callable[..., bytes]) -> None:
    """Without it the same script asks all of them: the test above would see it."""
    proxy.script = HOSTILE
    browse(re.sub(r"<meta http-equiv[^>]*>", "", page(GREEN, view=VIEW)), dom=True)

    assert {f"https://{letter}.example" for letter in "abcd"} <= {one.rpartition("/")[0] for one in proxy.requests}
