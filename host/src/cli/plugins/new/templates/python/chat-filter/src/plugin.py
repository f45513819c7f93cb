"""What the daemon calls. The thinking is in logic.py."""

import json

import logic
from errors import refused, reported
from wit_world import exports
from wit_world.exports.chat_filter_records import Decision
from wit_world.imports import log
from wit_world.imports.chats import Chat
from wit_world.imports.records import Message

settings = logic.Settings()


class Describe(exports.Describe):
    def describe(self) -> str:
        return json.dumps(
            {
                "id": "{{name}}",
                "version": "0.1.0",
                "summary": "{{summary}}",
                "settings_schema": logic.SCHEMA,
            }
        )


class ChatFilterRecords(exports.ChatFilterRecords):
    @refused
    def configure(self, text: str) -> None:
        global settings
        settings = logic.Settings(**json.loads(text))
        log.write(4, f"looking for {len(settings.words)} words")

    @reported
    def select_chat(self, chat: Chat) -> bool:
        return True

    @reported
    def judge(self, messages: list[Message]) -> list[Decision]:
        decisions = []
        for index, message in enumerate(messages):
            verdict, text, reason = logic.judge(message.text, settings)
            if verdict != logic.KEEP:
                decisions.append(Decision(index, verdict, text, reason))
        return decisions
