"""Which messages are dropped, and which are changed."""

import re
from dataclasses import dataclass, field

KEEP, DROP, REDACT = 0, 1, 2


@dataclass
class Settings:
    """What the operator writes under `[plugins.{{name}}.settings]`."""

    words: list[str] = field(default_factory=list)
    redact: bool = False

    def __post_init__(self) -> None:
        # Compiled once, for all messages.
        words = "|".join(map(re.escape, self.words))
        self.pattern = re.compile(words, re.IGNORECASE) if words else None


SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "words": {
            "type": "array",
            "items": {"type": "string", "minLength": 1},
            "default": [],
            "description": "Messages with one of these words are dropped, whether in capitals or not",
        },
        "redact": {
            "type": "boolean",
            "default": False,
            "description": "Keep such messages, with the words blacked out",
        },
    },
}


def judge(text: str, settings: Settings) -> tuple[int, str, str]:
    """The verdict on a text, the new text, and why."""
    found = settings.pattern.findall(text) if settings.pattern else []
    if not found:
        return KEEP, "", ""
    reason = "contains " + ", ".join(dict.fromkeys(word.lower() for word in found))
    if not settings.redact:
        return DROP, "", reason
    return REDACT, settings.pattern.sub("███", text), reason
