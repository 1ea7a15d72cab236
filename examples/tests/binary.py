"""The binary that the tests start."""
import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


# The environment without TORANA_...: the binary reads such variables as settings.
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("TORANA_")}


def binary() -> str:
    candidates = [os.environ.get("TORANA_BIN"), ROOT / "target/debug/torana", ROOT / "target/release/torana"]
    for path in candidates:
        if path and pathlib.Path(path).exists():
            return str(path)
    raise RuntimeError("no binary to test: run `cargo build`, or set TORANA_BIN to its path")
