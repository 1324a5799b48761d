"""The pictures of a page: each once, small, and with names of its own that no other picture's can be taken for."""

import base64
import gzip
import re
from dataclasses import dataclass, field

PLACES = re.compile(r'( (?:d|transform|x|y|x1|x2|y1|y2|width|height|cx|cy|r)=")([^"]*)(?=")')
"""Attributes that say where something is."""

NAMES = re.compile(r'(?<=\bid=")[^"]+|(?<=url\(#)[^)]+|(?<=href="#)[^"]+')
"""Names within a picture, which count up as pictures are drawn; a page keeps pictures apart by itself."""


@dataclass
class Album:
    """Pictures by their place.

    Attributes
    ----------
    pictures : list of str
        SVG, packed by gzip and written in base64.
    """

    pictures: list[str] = field(default_factory=list)
    _places: dict[str, int] = field(default_factory=dict, repr=False)

    def add(self, svg: str) -> int:
        """Take in a picture; give its place, that of an equal one if there is one."""
        small = smaller(svg)
        if small not in self._places:
            self._places[small] = len(self.pictures)
            packed = gzip.compress(small.encode("utf-8"), mtime=0)
            self.pictures.append(base64.b64encode(packed).decode("ascii"))
        return self._places[small]


def smaller(svg: str) -> str:
    """Round where things are to a tenth of a pixel, and number names anew."""
    names: dict[str, str] = {}
    svg = PLACES.sub(lambda match: match[1] + re.sub(r"-?\d*\.\d{2,}(?:e-?\d+)?", _rounded, match[2]), svg)
    return NAMES.sub(lambda match: names.setdefault(match[0], f"n{len(names)}"), svg)


def _rounded(match: "re.Match[str]") -> str:
    return f"{round(float(match[0]), 1):g}"
