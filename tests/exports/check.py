"""Reads an export of the format telegram-desktop with programs that are not ours: `scripts/test-exports` runs it.

The exporter `json`, which is another one, says what is in the archive. Readers are tg-parser (PyPI), telegram-chat-parser
(npm), and our own importer, whose archive was exported again.
"""

import json
import pathlib
import subprocess
import sys
from datetime import datetime, timezone

from tg_parser.infrastructure.readers.telegram_json import TelegramJSONReader

CHANNELS = -1_000_000_000_000
# What an import takes over to the letter; the rest of a message it keeps as it came.
KEPT = {
    "message": [
        "id", "date", "date_unixtime", "edited_unixtime", "from", "from_id", "text", "text_entities", "reply_to_message_id",
        "forwarded_from_id", "author", "media_type", "mime_type", "sticker_emoji", "poll", "location_information",
    ],
    "service": ["id", "date", "date_unixtime", "actor", "actor_id", "action"],
}
LARGE = ("supergroup", "channel")


def marked(chat):
    """The id that bots know."""
    kind = chat["type"]
    if kind == "private_group":
        return -chat["id"]
    return CHANNELS - chat["id"] if any(it in kind for it in LARGE) else chat["id"]


def read(path):
    return json.loads(pathlib.Path(path).read_text(encoding="utf-8"))


def ours(path):
    """Messages of each chat, as the exporter `json` has them."""
    return {it["chat"]["id"]: {message["id"]: message for message in it["messages"]} for it in read(path)}


def chats(export):
    return [chat for name in ("chats", "left_chats") for chat in export.get(name, {}).get("list", [])]


def plain(text):
    return text if isinstance(text, str) else "".join(it if isinstance(it, str) else it["text"] for it in text)


def reads_with_tg_parser(path, chat):
    read = TelegramJSONReader()
    complaints = [it for it in read.validate(path) if "'name'" not in it or chat["type"] != "saved_messages"]
    assert complaints == [], complaints
    parsed = read.read(path)
    assert [int(it.id) for it in parsed.messages] == [it["id"] for it in chat["messages"]], "every message, in its order"
    for theirs, message in zip(parsed.messages, chat["messages"]):
        moment = datetime.fromtimestamp(int(message["date_unixtime"]), timezone.utc).replace(tzinfo=None)
        assert theirs.timestamp.replace(tzinfo=None) == moment, (theirs, message)
        if message["type"] == "message":
            assert theirs.text == plain(message["text"]), (theirs, message)
            assert theirs.author_name == (message["from"] or theirs.author_name), (theirs, message)
    return parsed


def main(folder, modules):
    folder = pathlib.Path(folder)
    written = chats(read(folder / "first" / "result.json"))
    held = ours(folder / "json" / "messages.json")
    assert {marked(chat) for chat in written} == set(held), "every chat by the id that Telegram Desktop writes"
    paths = []
    for number, chat in enumerate(written):
        messages = held[marked(chat)]
        assert [it["id"] for it in chat["messages"]] == sorted(messages), chat["name"]
        for message in chat["messages"]:
            if message["type"] == "message":
                said = messages[message["id"]]["text"] or ""
                assert plain(message["text"]) == said == plain(message["text_entities"]), (message, said)
        path = folder / f"chat{number}.json"
        path.write_text(json.dumps(chat), encoding="utf-8")
        reads_with_tg_parser(path, chat)
        paths.append(str(path))
    script = pathlib.Path(__file__).with_name("check.cjs")
    counted = json.loads(subprocess.run(["node", script, modules, *paths], check=True, capture_output=True).stdout)
    kinds = set()
    for chat, theirs in zip(written, counted):
        assert theirs["messages"] == [it["id"] for it in chat["messages"]], chat["name"]
        people = {it.get("from_id") or it.get("actor_id") for it in chat["messages"]} - {None}
        assert set(theirs["people"]) >= people or {f"{it}" for it in theirs["people"]} >= people, (chat["name"], theirs["people"], people)
        kinds |= set(theirs["kinds"])
    assert {"text", "image", "sticker", "poll"} <= kinds, kinds
    owners = [read(folder / name / "result.json")["personal_information"] for name in ("first", "second")]
    assert owners[0]["user_id"] == owners[1]["user_id"], owners
    again = {(it["id"], marked(it)): it for it in chats(read(folder / "second" / "result.json"))}
    for chat in written:
        others = again[(chat["id"], marked(chat))]["messages"]
        assert len(others) == len(chat["messages"])
        for one, other in zip(chat["messages"], others):
            assert one["type"] == other["type"], (one, other)
            for field in KEPT[one["type"]]:
                assert one.get(field) == other.get(field), (field, one, other)
    count = sum(len(chat["messages"]) for chat in written)
    print(f"{count} messages of {len(written)} chats: tg-parser, telegram-chat-parser and our own importer read them all")


main(*sys.argv[1:])
