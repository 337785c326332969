#!/usr/bin/env bash
# Installs what the tests with real models need, into node_modules, so that nothing outside the checkout changes and `npm ci` removes it:
# llama.cpp's own HTTP server, which a Python wheel carries compiled in, lm-eval, and node-llama-cpp with its prebuilt library for a CPU.
set -euo pipefail
cd "$(dirname "$0")/../.."

target=node_modules/.cache/inferbench-real-server
if ! cmp -s test/real-server/requirements.txt "$target/requirements.txt"; then
  rm -rf "$target"
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target "$target" -r test/real-server/requirements.txt
  cp test/real-server/requirements.txt "$target/"
fi

# lm-eval, for the tests of `bench eval`. Without the pip of the environment, which some systems keep in a package of its own.
version=0.4.13
target=node_modules/.cache/inferbench-lm-eval
if [ "$(cat "$target/version" 2> /dev/null)" != "$version" ]; then
  rm -rf "$target"
  python3 -m venv --without-pip "$target"
  python3 -m pip --python "$target/bin/python" install --quiet --disable-pip-version-check "lm-eval[api]==$version"
  echo "$version" > "$target/version"
fi

version=3.22.1
target=node_modules/.cache/inferbench-cpu
# Elsewhere its name has more parts, and the tests skip it with a line.
platform=$(node -p '`${process.platform}-${process.arch}`')
case "$platform" in linux-x64 | linux-arm64) ;; *) exit 0 ;; esac
if [ "$(cat "$target/version" 2> /dev/null)" != "$version" ]; then
  rm -rf "$target"
  mkdir -p "$target"
  echo '{"private":true}' > "$target/package.json"
  # Without the libraries for graphics cards, which are its optional dependencies, and without its search for a compiler.
  npm install --prefix "$target" --omit=optional --ignore-scripts --no-audit --no-fund --silent \
    "node-llama-cpp@$version" "@node-llama-cpp/$platform@$version"
  echo "$version" > "$target/version"
fi
