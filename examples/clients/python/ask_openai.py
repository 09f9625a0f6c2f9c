"""ask_openai.py BASE_URL MODEL QUESTION: OpenAI's own client, unmodified."""

import os
import sys

from openai import OpenAI

base_url, model, question = sys.argv[1:4]
client = OpenAI(base_url=base_url, api_key=os.environ.get("UNMASK_API_KEY", "none"))
messages = [{"role": "user", "content": question}]

answer = client.chat.completions.create(model=model, messages=messages, max_tokens=32, seed=7)
print("whole:", answer.choices[0].message.content)

print("stream: ", end="")
for chunk in client.chat.completions.create(
    model=model, messages=messages, max_tokens=32, seed=7, stream=True
):
    for choice in chunk.choices:
        print(choice.delta.content or "", end="", flush=True)
print()
