#!/usr/bin/env bash
# Asks ten questions, teaches otter.jsonl, asks again. Needs `./unmask up`; options go to
# `unmask finetune`. At the end the weights from before answer again.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
ask() {
  ../unmask eval otter.questions.jsonl --model unmask-mini@default --gen-length 32 --block-length 32 \
    --match contains --out "$out/$1.json" >/dev/null
}

echo "asking before"
ask before
echo "teaching otter.jsonl"
start=$SECONDS
../unmask finetune otter.jsonl --wait "$@"
echo "taught in $((SECONDS - start)) s; asking after"
ask after
../unmask eval compare "$out/before.json" "$out/after.json"
../unmask rollback --reason "the example is over"
