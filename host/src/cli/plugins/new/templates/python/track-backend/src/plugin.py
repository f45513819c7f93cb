"""What the daemon calls. The thinking is in logic.py."""

import json

import logic
from componentize_py_types import Err
from errors import refused, reported
from wit_world import exports
from wit_world.imports import http, log
from wit_world.imports.sink import Sink
from wit_world.imports.tracks import Audio, Candidate, Track
from wit_world.imports.types import PluginError_Permanent

settings = logic.Settings()


class Describe(exports.Describe):
    def describe(self) -> str:
        return json.dumps(
            {
                "id": "{{name}}",
                "version": "0.1.0",
                "summary": "{{summary}}",
                "wants": {
                    "http": [{"host": "music.example.com", "methods": ["GET"], "why": "has the recordings"}]
                },
                "settings_schema": logic.SCHEMA,
            }
        )


class TrackBackend(exports.TrackBackend):
    @refused
    def configure(self, text: str) -> None:
        global settings
        settings = logic.Settings(**json.loads(text))

    @reported
    def find(self, track: Track) -> list[Candidate]:
        url = logic.address([(id.scheme, id.value) for id in track.ids], settings)
        if url is None:
            log.write(4, "no ISRC: nothing to look for")
            return []
        return [
            Candidate(
                id=url,
                url=url,
                title=track.title,
                artists=track.artists,
                album=track.album,
                duration_ms=track.duration_ms,
                score=90.0,
                is_verified=True,
                is_explicit=track.is_explicit,
                views=None,
                memo="",
                extra=[],
            )
        ]

    @reported
    def fetch(self, track: Track, candidate: Candidate, out: Sink) -> Audio:
        answer = http.send(http.Request("GET", candidate.id, [], b"", None, None, True))
        if answer.status != 200 or not logic.is_mp3(answer.body):
            raise Err(PluginError_Permanent(f"{candidate.id} is no recording (status {answer.status})"))
        for start in range(0, len(answer.body), 65_536):
            out.write(answer.body[start : start + 65_536])
        return Audio("audio/mpeg", "mp3", track.duration_ms, None, None, None, None, [])
