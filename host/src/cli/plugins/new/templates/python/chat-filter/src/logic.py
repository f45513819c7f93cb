"""Which messages are dropped, and which are changed."""

from dataclasses import dataclass, field

KEEP, DROP, REDACT = 0, 1, 2


@dataclass
class Settings:
    """What the operator writes under `[plugins.{{name}}.settings]`."""

    words: list[str] = field(default_factory=list)
    redact: bool = False


SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "words": {
            "type": "array",
            "items": {"type": "string", "minLength": 1},
            "description": "Messages with one of these words are dropped",
        },
        "redact": {
            "type": "boolean",
            "description": "Keep such messages, with the words blacked out",
        },
    },
}


def judge(text: str, settings: Settings) -> tuple[int, str, str]:
    """The verdict on a text, the new text, and why."""
    lower = text.lower()
    found = [word for word in settings.words if word.lower() in lower]
    if not found:
        return KEEP, "", ""
    reason = "contains " + ", ".join(found)
    if not settings.redact:
        return DROP, "", reason
    for word in found:
        text = black_out(text, word)
    return REDACT, text, reason


def black_out(text: str, word: str) -> str:
    start = text.lower().find(word.lower())
    while start >= 0:
        text = text[:start] + "█" * len(word) + text[start + len(word) :]
        start = text.lower().find(word.lower(), start + len(word))
    return text
