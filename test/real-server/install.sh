#!/usr/bin/env bash
# Installs a real inference server for the tests: llama.cpp's own HTTP server, which the wheel carries compiled in.
# Into node_modules, so that nothing outside the checkout changes and `npm ci` removes it.
set -euo pipefail
cd "$(dirname "$0")/../.."
target=node_modules/.cache/inferbench-real-server
cmp -s test/real-server/requirements.txt "$target/requirements.txt" && exit 0
rm -rf "$target"
python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target "$target" -r test/real-server/requirements.txt
cp test/real-server/requirements.txt "$target/"
