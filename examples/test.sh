#!/bin/sh
# Runs the examples and the code printed in README and docs. Needs Node 20, Python 3.10 and a built binary
# (target/debug/torana, target/release/torana, or TORANA_BIN).
set -eu
cd "$(dirname "$0")/.."
node --test examples/tests/*.test.mjs
PYTHONDONTWRITEBYTECODE=1 python3 -m unittest discover -s examples/tests
