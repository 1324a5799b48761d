"""Pictures of published views, as the site draws them: a PNG and a PDF each."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import PublishError
from pipeline.publish.owned import Owned
from pipeline.publish.sign_in import Site
from pipeline.stores.scratch import file_name, told

BEGINNINGS = {"png": b"\x89PNG\r\n\x1a\n", "pdf": b"%PDF-"}


@dataclass(frozen=True)
class Picture:
    """A picture that the site can draw.

    Attributes
    ----------
    view : tableauserverclient.ViewItem
    kind : str
        "png" or "pdf".
    file : Path
        Where it goes.
    """

    view: Any
    kind: str
    file: Path


def find_pictures(site: Site, workbook: Owned, folder: Path) -> list[Picture]:
    """List the pictures of a workbook's views, in its order: FOLDER/WORKBOOK/01 VIEW.png and .pdf."""
    with site.told(f"listing views of {workbook.name!r}"):
        site.server.workbooks.populate_views(workbook.content)
        views = list(workbook.content.views)
    plain = file_name(workbook.name)
    # Two names that files cannot tell apart get folders that can.
    own = folder / (plain if plain == workbook.name else f"{plain} {workbook.content.id[:8]}")
    return [
        Picture(view, kind, own / f"{number:02d} {file_name(view.name)}.{kind}")
        for number, view in enumerate(views, start=1)
        for kind in BEGINNINGS
    ]


def draw(site: Site, picture: Picture) -> None:
    """Have the site draw a picture of data not older than a minute, its shortest, and write it.

    Raises
    ------
    PublishError
        The site refuses, or gives something else.
    """
    from tableauserverclient import ImageRequestOptions, PDFRequestOptions

    image: Any = ImageRequestOptions
    pdf: Any = PDFRequestOptions
    paper, wide = PDFRequestOptions.PageType.A4, PDFRequestOptions.Orientation.Landscape
    view = picture.view
    what = f"drawing {view.name!r} as {picture.kind.upper()}"
    with site.told(what):
        if picture.kind == "png":
            site.server.views.populate_image(view, image(imageresolution=image.Resolution.High, maxage=1))
        else:
            site.server.views.populate_pdf(view, pdf(page_type=paper, orientation=wide, maxage=1))
        drawn = view.image if picture.kind == "png" else view.pdf
    if not drawn.startswith(BEGINNINGS[picture.kind]):
        raise PublishError(f"{what}: what the site gives is none -> look at the view in a browser")
    with told(picture.file):
        picture.file.parent.mkdir(parents=True, exist_ok=True)
        picture.file.write_bytes(drawn)
