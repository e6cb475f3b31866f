"""PDF documents by hand."""

from collections.abc import Sequence


def pdf(*pages: tuple[Sequence[float], str], extra: str = "", objects: Sequence[str] = (), trailer: str = "") -> bytes:
    """Return a document of pages, each a media box and what draws it; ``extra`` goes into every page's dictionary."""
    bodies = ["<< /Type /Catalog /Pages 2 0 R " + trailer + " >>", ""]
    kids = []
    for media, drawing in pages:
        number = len(bodies) + 1
        kids.append(f"{number} 0 R")
        edges = " ".join(f"{edge:g}" for edge in media)
        bodies.append(f"<< /Type /Page /Parent 2 0 R /MediaBox [{edges}] /Contents {number + 1} 0 R {extra} >>")
        bodies.append(f"<< /Length {len(drawing)} >>\nstream\n{drawing}\nendstream")
    bodies[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(kids)}] >>"
    return _file([*bodies, *objects])


def _file(bodies: Sequence[str]) -> bytes:
    out, places = b"%PDF-1.7\n", []
    for number, body in enumerate(bodies, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    end = f"xref\n0 {len(bodies) + 1}\n0000000000 65535 f \n{table}trailer\n<< /Size {len(bodies) + 1} /Root 1 0 R >>\n"
    return out + f"{end}startxref\n{len(out)}\n%%EOF\n".encode()
