#!/bin/sh
# ask.sh HTTP-ADDRESS MODEL QUESTION (without quotes in it): OpenAI's protocol with curl.
# With UNMASK_API_KEY the key is sent; curl reads it from its standard input, not from its arguments.
set -eu
ask() {
  printf 'header = "Authorization: Bearer %s"\n' "${UNMASK_API_KEY:-none}" |
    curl --silent --show-error --fail-with-body --no-buffer --config - \
      --header 'content-type: application/json' "$@"
}

echo "whole:"
ask "$1/v1/chat/completions" --data \
  "{\"model\": \"$2\", \"messages\": [{\"role\": \"user\", \"content\": \"$3\"}], \"max_tokens\": 32, \"seed\": 7}"
echo
echo "stream:"
ask "$1/v1/chat/completions" --data \
  "{\"model\": \"$2\", \"messages\": [{\"role\": \"user\", \"content\": \"$3\"}], \"max_tokens\": 32, \"seed\": 7, \"stream\": true}"
echo "filled:"
ask "$1/v1/infill" --data "{\"model\": \"$2\", \"text\": \"The capital of France[[1]] Paris.\"}"
echo
