"""A page that shows a view of Tableau Public, and a picture of it for as long as the view does not come.

Without the network, behind a filter, or where third-party cookies are blocked and no event ever arrives, the picture
stays. The page asks `public.tableau.com` and nobody else, and its own content policy says so.
"""

import base64
import hashlib
import html
from urllib.parse import urlsplit

from pipeline.errors import SettingsError

HOST = "https://public.tableau.com"
API = f"{HOST}/javascripts/api/tableau.embedding.3.latest.min.js"
EXAMPLE = f"{HOST}/views/WORKBOOK/VIEW"

SCRIPT = """
const view = document.querySelector("tableau-viz"), picture = document.querySelector("img");
view.addEventListener("firstinteractive", () => { picture.hidden = true; view.classList.add("here"); });
"""

# Until it has come the view has its size and its place, but is not seen: a view without a size is laid out for none.
STYLE = """
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 1200px; margin: 0 auto; padding: 1rem; box-sizing: border-box; position: relative; }
h1 { margin: 0 0 1rem; }
img { width: 100%; height: auto; }
tableau-viz { display: block; height: min(85vh, 900px); visibility: hidden; }
tableau-viz:not(.here) { position: absolute; top: 0; left: 1rem; right: 1rem; }
tableau-viz.here { visibility: visible; }
"""

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
<img src="data:image/png;base64,{picture}" alt="{alt}">
{view}
</main>
</body>
</html>
"""

VIEW = """<script type="module" src="{api}"></script>
<tableau-viz src="{address}" toolbar="bottom" hide-tabs></tableau-viz>
<script>{script}</script>"""


def embed_page(title: str, picture: bytes, alt: str, view: str | None = None) -> str:
    """Write the page.

    Parameters
    ----------
    title, alt : str
        Of the page and of the picture; any text.
    picture : bytes
        A PNG; it becomes part of the page.
    view : str or None
        Address of the view on Tableau Public; None: not published yet, the picture alone.

    Raises
    ------
    SettingsError
        An address that cannot be embedded.
    """
    inside = ""
    if view is not None:
        inside = VIEW.format(api=API, address=html.escape(check_view(view)), script=SCRIPT)
    return PAGE.format(
        policy=policy(),
        title=html.escape(title),
        style=STYLE,
        picture=base64.b64encode(picture).decode("ascii"),
        alt=html.escape(alt),
        view=inside,
    )


def policy() -> str:
    """Give what the page may load: itself, and Tableau Public."""
    own = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode("ascii")
    return (
        f"default-src 'none'; img-src data: {HOST}; style-src 'unsafe-inline' {HOST}; "
        f"script-src {HOST} 'sha256-{own}'; frame-src {HOST}; connect-src {HOST}"
    )


def check_view(view: str) -> str:
    """Give the address of a view as it can be embedded, without what follows a question mark.

    Raises
    ------
    SettingsError
        Another host, or the page around a view, which refuses to be embedded.
    """
    parts = urlsplit(view.strip())
    names = parts.path.strip("/").split("/")
    if f"{parts.scheme}://{parts.netloc}" != HOST or names[0] != "views" or len(names) != 3:
        raise SettingsError(f"{view!r} cannot be embedded -> use the address of Share, Copy Link: {EXAMPLE}")
    return f"{HOST}{parts.path}"
