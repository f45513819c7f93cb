"""Where a recording is, and what its address means."""

from dataclasses import dataclass

SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "address": {
            "type": "string",
            "pattern": r"^https?://.*\{isrc\}",
            "default": "https://music.example.com/{isrc}.mp3",
            "description": "Where recordings are; {isrc} is replaced by the track's ISRC",
        },
    },
}


@dataclass
class Settings:
    """What the operator writes under `[plugins.{{name}}.settings]`."""

    address: str = "https://music.example.com/{isrc}.mp3"


def address(ids: list[tuple[str, str]], settings: Settings) -> str | None:
    """The address of a track's recording, if its ISRC is known."""
    for scheme, value in ids:
        if scheme == "isrc" and value.isalnum():
            return settings.address.replace("{isrc}", value.upper())
    return None


def is_mp3(content: bytes) -> bool:
    """Whether these are the first bytes of an MP3 file; an error page is none."""
    return content[:3] == b"ID3" or (content[:1] == b"\xff" and content[1:2] > b"\xe0")
