"""Draws curves as an SVG picture."""

from pathlib import Path

WIDTH, HEIGHT, MARGIN = 640, 320, 56
COLOURS = ["#1f6feb", "#c2410c", "#15803d", "#7e22ce"]


def draw(path, title, curves, across, highest):
    """Writes a picture of curves, which are lists of points by their names. `across` names the horizontal axis; `highest`
    is a value that a dashed line shows."""
    points = [point for curve in curves.values() for point in curve]
    right = max(x for x, _ in points)
    top = max([y for _, y in points] + [highest]) * 1.1

    def place(x, y):
        across = MARGIN + x / right * (WIDTH - 2 * MARGIN)
        return f"{across:.1f},{HEIGHT - MARGIN - y / top * (HEIGHT - 2 * MARGIN):.1f}"

    def text(x, y, words, colour="#444", anchor="middle"):
        return f'<text x="{x}" y="{y}" fill="{colour}" text-anchor="{anchor}">{words}</text>'

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        text(WIDTH / 2, 20, title),
        text(WIDTH / 2, HEIGHT - 12, across),
        f'<polyline points="{place(0, top)} {place(0, 0)} {place(right, 0)}" fill="none" stroke="#444"/>',
        f'<polyline points="{place(0, highest)} {place(right, highest)}" stroke="#999" stroke-dasharray="4"/>',
    ]
    for value in sorted({0, 1, highest}):
        _, y = place(0, value).split(",")
        parts.append(text(MARGIN - 6, float(y) + 4, f"{value:g}", anchor="end"))
    for x in sorted({x for x, _ in points}):
        at, _ = place(x, 0).split(",")
        parts.append(text(at, HEIGHT - MARGIN + 16, f"{x:g}"))
    for number, (name, curve) in enumerate(curves.items()):
        colour = COLOURS[number % len(COLOURS)]
        line = " ".join(place(x, y) for x, y in curve)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(text(MARGIN + 12, HEIGHT - MARGIN - 12 - 16 * number, name, colour, "start"))
    Path(path).write_text("\n".join(parts + ["</svg>\n"]))
