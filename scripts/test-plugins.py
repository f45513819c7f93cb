#!/usr/bin/env python3
"""Makes a plugin of every kind in every language with `tapedeck plugins new`, runs its tests, builds it and calls what
came out; the examples in plugins/examples too.

    scripts/test-plugins.py target/debug/tapedeck [rust-exporter ...]

Tools and results are kept in target/plugin-tests: what has not changed is neither built nor called again.
"""

import hashlib
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEMPLATES = ROOT / "host/src/cli/plugins/new/templates"
EXAMPLES = ROOT / "plugins/examples"
WORK = ROOT / "target/plugin-tests"
VENV, NODE, CARGO, COMPILED = WORK / "venv", WORK / "node", WORK / "cargo", WORK / "compiled"

KINDS = ["chat-filter", "exporter", "track-backend"]
RUST, *SCRIPTS = "rust", "python", "js"
WASIP2, UNKNOWN = "wasm32-wasip2", "wasm32-unknown-unknown"
SAMPLE_FILTER = {"words": ["price"]}
RECORDING = b"ID3\x03" + bytes(range(256)) * 1_000


class Failed(Exception):
    """Says what failed, with all that it printed."""


def run(command, folder=ROOT, **environment):
    command = [str(part) for part in command]
    environment = {**os.environ, "NO_COLOR": "1", **environment}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    if done.returncode != 0:
        said = (done.stdout + done.stderr).decode(errors="replace").rstrip()
        raise Failed(f"in {folder}: {' '.join(command)}\n{said}")
    return done.stdout


# Tools, each pinned where authors find it too.


def python_tools():
    wanted = TEMPLATES / "python/common/requirements.txt"
    # build.py looks into this file, too, whether it has to install anything.
    installed = VENV / "requirements.txt"
    if not is_same(wanted, installed):
        print("getting componentize-py from PyPI", flush=True)
        run([sys.executable, "-m", "venv", "--clear", VENV])
        run([VENV / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", wanted])
        shutil.copy(wanted, installed)


def node_tools():
    wanted, installed = TEMPLATES / "js/common/package.json", NODE / "installed.json"
    if not is_same(wanted, installed):
        print("getting componentize-qjs from npm", flush=True)
        NODE.mkdir(exist_ok=True)
        (NODE / "package.json").write_text(wanted.read_text().replace("{{name}}", "tools"))
        # As authors do, without a lock file: the version is pinned, and it has no dependencies of its own.
        run(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"], NODE)
        shutil.copy(wanted, installed)


def is_same(one, other):
    return other.exists() and one.read_bytes() == other.read_bytes()


# Projects: one for each language and kind, and one for each language's example.


class Project:
    def __init__(self, language, kind, is_example=False):
        self.language, self.kind, self.is_example = language, kind, is_example
        self.id = f"{language}-no-links" if is_example else f"{language}-{kind}"
        self.plugin = "no-links" if is_example else f"sample-{kind}"
        self.folder = WORK / "projects" / self.id
        self.kept = WORK / "kept" / self.id

    def make(self, tapedeck):
        shutil.rmtree(self.folder, ignore_errors=True)
        new = [tapedeck, "--quiet", "plugins", "new", self.plugin, "--folder", self.folder]
        run([*new, "--kind", self.kind, "--lang", self.language])
        if self.is_example:
            shutil.copytree(EXAMPLES / self.language, self.folder, dirs_exist_ok=True)
            shutil.copy(EXAMPLES / "cases.json", self.folder)

    def key(self):
        """Of all that was written by hand."""
        digest = hashlib.sha256()
        for file in sorted(file for file in self.folder.rglob("*") if file.is_file()):
            digest.update(f"{file.relative_to(self.folder)} {file.stat().st_size} ".encode() + file.read_bytes())
        return digest.hexdigest()

    def build(self):
        """Runs its tests, and gives its components by what they were built for."""
        if self.language == RUST:
            cargo(self.folder, "fmt", "--check")
        if self.kind == "track-backend":
            for file in [*(self.folder / "src").iterdir(), *self.folder.glob("*.schema.json")]:
                # Where this script serves recordings.
                file.write_text(file.read_text().replace("music.example.com", "127.0.0.1"))
        if self.language == RUST:
            # What cargo makes of a name.
            name = self.plugin.replace("-", "_") + ".wasm"
            cargo(self.folder, "clippy", "--quiet", "--all-targets", "--", "--deny", "warnings")
            cargo(self.folder, "test", "--quiet")
            for target in (WASIP2, UNKNOWN):
                cargo(self.folder, "build", "--quiet", "--release", "--target", target)
            return {target: CARGO / target / "release" / name for target in (WASIP2, UNKNOWN)}
        if self.language == "python":
            (self.folder / ".venv").symlink_to(VENV)
            run([sys.executable, "-m", "unittest", "discover", "--quiet", "src"], self.folder)
            run([sys.executable, "build.py"], self.folder)
        else:
            (self.folder / "node_modules").symlink_to(NODE / "node_modules")
            run(["npm", "test", "--silent"], self.folder)
            run(["npm", "run", "--silent", "build"], self.folder)
        return {"": self.folder / f"{self.plugin}.wasm"}

    def components(self):
        return sorted(self.kept.glob("*.wasm"))

    def test(self, tapedeck):
        """Whether there was anything to do."""
        self.make(tapedeck)
        built, called = self.kept / "built", self.kept / "called"
        key, host = self.key(), f"{tapedeck.stat().st_mtime_ns} {tapedeck.stat().st_size}"
        if not holds(built, key):
            shutil.rmtree(self.kept, ignore_errors=True)
            self.kept.mkdir(parents=True)
            for target, component in self.build().items():
                shutil.copy(component, self.kept / ("-".join(filter(None, [self.id, target])) + ".wasm"))
            built.write_text(key)
        if holds(called, host):
            return False
        for component in self.components():
            self.call(Host(tapedeck, component))
        called.write_text(host)
        return True

    def call(self, host):
        settings = {} if self.is_example or self.kind != "chat-filter" else SAMPLE_FILTER
        report = json.loads(host.plugins("test", "--json", settings=settings))
        is_component = UNKNOWN not in host.component.name
        expect(json.loads(host.plugins("inspect", "--json", cache=False))["is_core_module"], not is_component)
        if self.kind != "track-backend":
            expect(report["is_pure"], WASIP2 not in host.component.name)
        if self.is_example:
            call_example(host)
        elif self.kind == "chat-filter":
            call_filter(host)
        elif self.kind == "exporter":
            call_exporter(host)
        else:
            call_backend(host)
        size, compiled = report["bytes"] / 1e6, report["compile_ms"] or 0
        memory = report["memory_bytes"] / 2**20
        print(f"ok {host.component.stem}: {size:.2f} MB, compiled in {compiled} ms, {memory:.1f} MiB", flush=True)


def holds(file, text):
    return file.exists() and file.read_text() == text


def cargo(folder, *arguments):
    # The versions that are on this machine already.
    shutil.copy(ROOT / "Cargo.lock", folder)
    run(["cargo", *arguments], folder, CARGO_TARGET_DIR=str(CARGO), RUSTUP_TOOLCHAIN=channel())


def channel():
    lines = (ROOT / "rust-toolchain.toml").read_text().splitlines()
    return next(line.split('"')[1] for line in lines if line.startswith("channel"))


# Calls, as a daemon would make them.


class Host:
    def __init__(self, tapedeck, component):
        self.tapedeck, self.component = tapedeck, component

    def plugins(self, command, *arguments, settings=None, cache=True):
        given = [] if settings is None else ["--settings", json.dumps(settings)]
        kept = ["--cache", COMPILED] if cache else []
        return run([self.tapedeck, "plugins", command, self.component, *arguments, *given, *kept])

    def judge(self, settings, messages):
        """What becomes of messages: verdict and text of each."""
        file = self.component.with_suffix(".json")
        file.write_text(json.dumps(messages))
        verdicts = json.loads(self.plugins("call", "--json", "--messages", file, settings=settings))
        return [(verdict["verdict"], verdict["text"]) for verdict in verdicts]


def expect(found, wanted):
    if found != wanted:
        raise Failed(f"expected {wanted!r}, found {found!r}")


def call_filter(host):
    messages = ["the price", "good morning"]
    expect(host.judge(SAMPLE_FILTER, messages), [("drop", None), ("keep", "good morning")])
    (verdict, text), kept = host.judge({**SAMPLE_FILTER, "redact": True}, messages)
    expect((verdict, text.replace("█", ""), "█" in text), ("redact", "the ", True))
    expect(kept, ("keep", "good morning"))


def call_example(host):
    cases = json.loads((EXAMPLES / "cases.json").read_text())
    for settings in unique(case["settings"] for case in cases):
        own = [case for case in cases if case["settings"] == settings]
        judged = host.judge(settings, [message(case) for case in own])
        for case, found in zip(own, judged):
            text = {"keep": case["text"], "drop": None}.get(case["verdict"], case.get("result"))
            expect((case["says"], *found), (case["says"], case["verdict"], text))


def message(case):
    entity = {"type": "text-url", "offset": 0, "length": 5}
    return {"text": case["text"], "entities": [{**entity, "url": url} for url in case.get("hidden", [])]}


def unique(values):
    found = []
    for value in values:
        if value not in found:
            found.append(value)
    return found


def call_exporter(host):
    lines = host.plugins("call", "--text", "one\n two", "--text", "цена 🎵").decode().splitlines()
    expect(lines[0][:2], "# ")
    expect([line.split("\t")[-1] for line in lines[1:]], ["one two", "цена 🎵"])


def call_backend(host):
    with Recordings() as address:
        settings = {"address": address + "/{isrc}.mp3"}
        track = {"title": "Blue Train", "artists": ["John Coltrane"], "ids": [{"scheme": "isrc", "value": "usbn29900123"}]}
        output = host.component.with_suffix(".mp3")
        fetch = ["--track", json.dumps(track), "--output", output, "--grant", f"http={address},private"]
        host.plugins("call", *fetch, settings=settings)
        expect(output.read_bytes() == RECORDING, True)


class Recordings:
    """A server that has one recording."""

    def __enter__(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}"

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        is_there = self.path == "/USBN29900123.mp3"
        self.send_response(200 if is_there else 404)
        self.end_headers()
        self.wfile.write(RECORDING if is_there else b"<!doctype html>")

    def log_message(self, *_):
        pass


def test_all(tapedeck, projects):
    """Fails with the first that fails, and goes on with the others."""
    failed = done = 0
    for project in projects:
        try:
            done += project.test(tapedeck)
        except Failed as failure:
            failed += 1
            print(f"FAILED {project.id} {failure}", file=sys.stderr, flush=True)
    return failed, done


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    tapedeck, wanted = Path(sys.argv[1]).resolve(), sys.argv[2:]
    all_projects = [Project(language, kind) for kind in KINDS for language in (RUST, *SCRIPTS)]
    all_projects += [Project(language, "chat-filter", is_example=True) for language in (RUST, *SCRIPTS)]
    projects = [project for project in all_projects if not wanted or project.id in wanted]
    unknown = set(wanted) - {project.id for project in projects}
    if unknown or not tapedeck.is_file():
        ids = " ".join(project.id for project in all_projects)
        sys.exit(f"there is no {' '.join(unknown) or tapedeck}; choose from {ids}")
    began = time.monotonic()
    WORK.mkdir(parents=True, exist_ok=True)
    # As rustfmt does it by default, and not as it does here.
    (WORK / "rustfmt.toml").write_text('edition = "2024"\n')
    python_tools()
    node_tools()
    # cargo does one thing at a time in one folder, so all of Rust is one group.
    groups = [[project for project in projects if project.language == RUST]]
    groups += [[project] for project in projects if project.language != RUST]
    with ThreadPoolExecutor(2) as two:
        results = list(two.map(lambda group: test_all(tapedeck, group), groups))
    failed, done = (sum(numbers) for numbers in zip(*results))
    print(f"plugins of authors: {len(projects)}, {done} tested anew, {failed} failed, {time.monotonic() - began:.0f} s")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
