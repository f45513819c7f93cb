"""One export, from its first byte to its last. componentize-py looks for it in a module of this name."""

import logic
from errors import reported
from wit_world.exports import exporter
from wit_world.exports.exporter import Options, Piece
from wit_world.imports import log
from wit_world.imports.chats import Chat, Person, Topic
from wit_world.imports.messages import Batch

settings = logic.Settings()


class Session(exporter.Session):
    def __init__(self, options: Options) -> None:
        self.count = 0

    @reported
    def begin_chat(self, chat: Chat, topics: list[Topic]) -> list[Piece]:
        return [Piece("", f"# {chat.title}\n".encode())]

    @reported
    def introduce(self, people: list[Person]) -> None:
        pass

    @reported
    def push(self, batch: Batch) -> list[Piece]:
        self.count += len(batch.ids)
        texts = logic.texts(batch.texts.offsets, batch.texts.bytes)
        rows = zip(batch.dates, batch.sender_ids, texts)
        return [Piece("", "".join(logic.line(*row, settings) for row in rows).encode())]

    @reported
    def finish(self) -> list[Piece]:
        log.write(4, f"wrote {self.count} messages")
        return []
