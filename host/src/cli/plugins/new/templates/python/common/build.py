"""Builds {{name}}.wasm: `python3 build.py`. The first time it installs componentize-py into .venv."""

import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
INSTALLED = VENV / "requirements.txt"


def install() -> None:
    wanted = (HERE / "requirements.txt").read_text()
    if INSTALLED.exists() and INSTALLED.read_text() == wanted:
        return
    venv.create(VENV, with_pip=True)
    pip = [BIN / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-r", HERE / "requirements.txt"], check=True)
    INSTALLED.write_text(wanted)


def build() -> None:
    # `--stub-wasi` leaves out the clock, real chance and `print`: a plugin without them is shown as pure. Take it
    # away if yours needs the time now, `uuid` or `secrets`.
    subprocess.run(
        [
            BIN / "componentize-py",
            *["--quiet", "--wit-path", HERE / "wit", "--world", "plugin"],
            *["componentize", "--stub-wasi", "--python-path", HERE / "src"],
            *["--output", HERE / "{{name}}.wasm", "plugin"],
        ],
        check=True,
    )


if __name__ == "__main__":
    try:
        install()
        build()
    except subprocess.CalledProcessError as failure:
        sys.exit(f"failed: {' '.join(str(part) for part in failure.cmd)}")
    print("built {{name}}.wasm")
