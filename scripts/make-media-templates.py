#!/usr/bin/env python3
"""Makes the little files that the simulated world's media start from.

    python3 -m venv /tmp/v && /tmp/v/bin/pip install pillow && /tmp/v/bin/python scripts/make-media-templates.py

Needs ffmpeg with x264, libvpx, libopus and lame. The results are committed: this runs only when one is to look or
sound different. Each holds MARK once, in a place its format sets aside for remarks; `make/media/` writes the number of the
file there.
"""

import gzip
import io
import json
import random
import struct
import subprocess
import tempfile
import zlib
from pathlib import Path

from PIL import Image, ImageDraw

MARK = b"tapedeck:0000000000000000"
OUT = Path(__file__).resolve().parent.parent / "sim/src/telegram/make/media/templates"

SKIES = [
    ((43, 88, 118), (247, 151, 30)),
    ((255, 175, 189), (255, 195, 160)),
    ((15, 32, 39), (44, 83, 100)),
    ((86, 204, 242), (47, 128, 237)),
    ((252, 70, 107), (63, 94, 251)),
    ((168, 192, 255), (63, 43, 150)),
]

# The quantisation that Telegram's clients assume for stripped thumbnails.
STRIPPED_LUMA = [
    40, 28, 30, 35, 30, 25, 40, 35, 33, 35, 45, 43, 40, 48, 60, 100, 65, 60, 55, 55, 60, 123, 88, 93, 73, 100, 145, 128, 153,
    150, 143, 128, 140, 138, 160, 180, 230, 195, 160, 170, 218, 173, 138, 140, 200, 255, 203, 218, 238, 245, 255, 255, 255,
    155, 193, 255, 255, 255, 250, 255, 230, 253, 255, 248,
]
STRIPPED_CHROMA = [
    43, 45, 45, 60, 53, 60, 118, 65, 65, 118, 248, 165, 140, 165, 248,
] + [248] * 49


def mix(a, b, share):
    return tuple(round(x + (y - x) * share) for x, y in zip(a, b))


def scene(number, width, height):
    """A sky with a sun and hills."""
    dice = random.Random(number)
    top, bottom = SKIES[number % len(SKIES)]
    image = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(image)
    for y in range(height):
        draw.line([(0, y), (width, y)], fill=mix(top, bottom, y / height))
    radius = height // 9
    x, y = dice.randint(radius, width - radius), dice.randint(height // 6, height // 2)
    draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=mix(bottom, (255, 255, 255), 0.6))
    for ridge in range(3):
        base = height * (0.55 + 0.13 * ridge)
        points = [(0, height)]
        for step in range(9):
            points.append((width * step / 8, base + dice.uniform(-0.09, 0.09) * height))
        points.append((width, height))
        draw.polygon(points, fill=mix(top, (10, 14, 20), 0.35 + 0.25 * ridge))
    return image


def remark(jpeg):
    """A comment segment after the first marker."""
    return jpeg[:2] + b"\xff\xfe" + struct.pack(">H", len(MARK) + 2) + MARK + jpeg[2:]


def jpeg(image, **options):
    out = io.BytesIO()
    image.save(out, "JPEG", **({"quality": 55, "optimize": True} | options))
    return out.getvalue()


def stripped(image):
    """What is left of a JPEG without the header that all stripped thumbnails share."""
    whole = jpeg(image, qtables=natural_tables(), optimize=False, subsampling="4:2:0")
    scan = whole.index(b"\xff\xda")
    length = struct.unpack(">H", whole[scan + 2 : scan + 4])[0]
    return bytes([1, image.height, image.width]) + whole[scan + 2 + length : -2]


def natural_tables():
    """Pillow takes tables in reading order; they are written down in zigzag."""
    order = sorted(range(64), key=lambda i: (i // 8 + i % 8, (i // 8 if (i // 8 + i % 8) % 2 else i % 8)))
    tables = []
    for zigzag in (STRIPPED_LUMA, STRIPPED_CHROMA):
        natural = [0] * 64
        for place, value in zip(order, zigzag):
            natural[place] = value
        tables.append(natural)
    return tables


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(image):
    out = io.BytesIO()
    image.quantize(32).save(out, "PNG", optimize=True)
    data = out.getvalue()
    header = 8 + 25
    return data[:header] + png_chunk(b"tEXt", b"Comment\0" + MARK) + data[header:]


def sticker(number, size):
    image = Image.new("RGBA", (size, size), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    colour = SKIES[number % len(SKIES)][1]
    edge = size // 16
    draw.ellipse([edge, edge, size - edge, size - edge], fill=colour + (255,))
    for x in (0.35, 0.65):
        draw.ellipse([size * (x - 0.05), size * 0.36, size * (x + 0.05), size * 0.48], fill=(30, 30, 30, 255))
    draw.arc([size * 0.3, size * 0.4, size * 0.7, size * 0.75], 20, 160, fill=(30, 30, 30, 255), width=size // 24)
    return image


def webp(image):
    """Lossy with transparency, which is an extended file: it may hold XMP."""
    out = io.BytesIO()
    packet = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><!--' + MARK + b"--></x:xmpmeta>"
    image.save(out, "WEBP", quality=40, xmp=packet)
    return out.getvalue()


def mp4(folder, name, arguments):
    path = folder / name
    run(*arguments, "-map_metadata", "-1", "-fflags", "+bitexact", "-movflags", "+faststart", str(path))
    free = b"free" + MARK
    return path.read_bytes() + struct.pack(">I", len(free) + 4) + free


def run(*arguments):
    subprocess.run(["ffmpeg", "-hide_banner", "-loglevel", "error", "-y", *arguments], check=True)


def id3():
    """The number's frame only; title and performer are in the document's attributes."""
    text = b"\x03note\0" + MARK
    frame = b"TXXX" + struct.pack(">I", len(text)) + b"\0\0" + text
    return b"ID3\x03\0\0" + bytes([0, 0, len(frame) >> 7, len(frame) & 127]) + frame


def tgs():
    """A ball that breathes."""
    ease = {"i": {"x": [0.5], "y": [1]}, "o": {"x": [0.5], "y": [0]}}
    pulse = [{"t": t, "s": [s, s], **ease} for t, s in ((0, 80), (30, 110), (60, 80))]
    ball = {"ty": "el", "p": {"a": 0, "k": [0, 0]}, "s": {"a": 0, "k": [300, 300]}}
    fill = {"ty": "fl", "c": {"a": 0, "k": [1, 0.76, 0.2, 1]}, "o": {"a": 0, "k": 100}}
    still = {"ty": "tr", "p": {"a": 0, "k": [0, 0]}, "a": {"a": 0, "k": [0, 0]}, "s": {"a": 0, "k": [100, 100]}}
    still |= {"r": {"a": 0, "k": 0}, "o": {"a": 0, "k": 100}}
    layer = {"ty": 4, "ip": 0, "op": 60, "st": 0, "ks": {}, "shapes": [{"ty": "gr", "it": [ball, fill, still]}]}
    layer["ks"] = {"p": {"a": 0, "k": [256, 256]}, "s": {"a": 1, "k": pulse}, "o": {"a": 0, "k": 100}}
    layer["ks"] |= {"a": {"a": 0, "k": [0, 0]}, "r": {"a": 0, "k": 0}}
    lottie = {"tgs": 1, "v": "5.5.2", "fr": 60, "ip": 0, "op": 60, "w": 512, "h": 512, "layers": [layer]}
    packed = gzip.compress(json.dumps(lottie, separators=(",", ":")).encode(), mtime=0)
    # The comment of the header: flag 16, text up to a zero.
    return packed[:3] + bytes([packed[3] | 16]) + packed[4:10] + MARK + b"\0" + packed[10:]


def pdf():
    """One page that says hello, with true offsets."""
    words = b"BT /F1 24 Tf 40 90 Td (A page of the simulated world) Tj ET"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 420 180] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(words), words),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out = b"%PDF-1.4\n%" + MARK + b"\n"
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    table += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(out))
    return out + table + trailer


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    made = {}
    for number in range(6):
        made[f"photo{number}.jpg"] = remark(jpeg(scene(number, 480, 360)))
        made[f"photo{number}-small.jpg"] = remark(jpeg(scene(number, 480, 360).resize((160, 120)), quality=40))
        made[f"photo{number}-stripped.bin"] = stripped(scene(number, 480, 360).resize((40, 30)))
    made["face.jpg"] = remark(jpeg(sticker(1, 160).convert("RGB"), quality=40))
    made["cover.jpg"] = remark(jpeg(scene(4, 200, 200), quality=40))
    made["picture.png"] = png(scene(3, 160, 120))
    made["sticker.webp"] = webp(sticker(0, 512))
    made["sticker.tgs"] = tgs()
    made["page.pdf"] = pdf()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scene(0, 160, 120).save(folder / "wide.png")
        sticker(2, 240).convert("RGB").save(folder / "round.png")
        sticker(3, 512).save(folder / "sticker.png")
        zoom = "zoompan=z='1+0.01*on':d=12:s={}:fps=12"
        x264 = ["-c:v", "libx264", "-preset", "veryslow", "-crf", "34", "-pix_fmt", "yuv420p"]
        tone = ["-f", "lavfi", "-i", "sine=frequency=440:duration=1"]
        aac = ["-c:a", "aac", "-b:a", "24k", "-shortest"]
        wide = ["-i", str(folder / "wide.png")]
        circle = ["-i", str(folder / "round.png")]
        made["video.mp4"] = mp4(folder, "v.mp4", [*wide, *tone, "-vf", zoom.format("160x120"), *x264, *aac])
        made["round.mp4"] = mp4(folder, "r.mp4", [*circle, *tone, "-vf", zoom.format("240x240"), *x264, *aac])
        made["silent.mp4"] = mp4(folder, "s.mp4", [*wide, "-vf", zoom.format("160x120"), *x264, "-an"])
        webm = ["-i", str(folder / "sticker.png"), "-vf", "loop=14:1:0,fps=30,format=yuva420p", "-c:v", "libvpx-vp9"]
        webm += ["-crf", "50", "-b:v", "0", "-metadata", "comment=" + MARK.decode(), "-fflags", "+bitexact", "-an"]
        run(*webm, str(folder / "s.webm"))
        made["sticker.webm"] = (folder / "s.webm").read_bytes()
        voice = ["-f", "lavfi", "-i", "sine=frequency=180:duration=2,vibrato=f=6:d=0.6,tremolo=f=4:d=0.8"]
        voice += ["-c:a", "libopus", "-b:a", "12k", "-ac", "1", "-metadata", "comment=" + MARK.decode()]
        run(*voice, "-fflags", "+bitexact", str(folder / "v.ogg"))
        made["voice.ogg"] = (folder / "v.ogg").read_bytes()
        music = ["-f", "lavfi", "-i", "aevalsrc='0.4*sin(2*PI*(220+110*floor(mod(t*4,4)))*t)':d=3:s=22050"]
        run(*music, "-c:a", "libmp3lame", "-b:a", "24k", "-ac", "1", "-id3v2_version", "0", str(folder / "m.mp3"))
        made["music.mp3"] = id3() + (folder / "m.mp3").read_bytes()
    for name, data in sorted(made.items()):
        if not name.endswith(".bin"):
            assert data.count(MARK) == 1, f"{name} holds the mark {data.count(MARK)} times"
        (OUT / name).write_bytes(data)
        print(f"{len(data):7} {name}")
    print(f"{sum(map(len, made.values())):7} bytes in all")


main()
