"""What the daemon calls. The thinking is in logic.py, the export itself in exporter.py."""

import json

import exporter
import logic
from errors import refused
from wit_world import exports
from wit_world.exports.exporter import FileFormat


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


class Exporter(exports.Exporter):
    @refused
    def configure(self, text: str) -> None:
        exporter.settings = logic.Settings(**json.loads(text))

    def formats(self) -> list[FileFormat]:
        return [FileFormat("lines", "txt", "text/plain", "One message a line: when, who, what")]
