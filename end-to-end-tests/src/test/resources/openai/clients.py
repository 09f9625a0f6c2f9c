"""The official OpenAI client for Python against a running cluster, with nothing changed but its address.

clients.py BASE_URL MODEL DATASET  ->  one JSON object
"""

import json
import sys
import time

import openai

base_url, model, dataset = sys.argv[1:]
client = openai.OpenAI(base_url=base_url, api_key="none", max_retries=2, timeout=120)
messages = [{"role": "user", "content": "What is 1?"}]
out = {}

out["models"] = [one.id for one in client.models.list()]
out["model"] = client.models.retrieve(model).id

chat = client.chat.completions.create(model=model, messages=messages, max_tokens=16, seed=5, temperature=0)
out["chat"] = chat.choices[0].message.content
out["finish"] = chat.choices[0].finish_reason
out["digest"] = chat.model_extra["unmask"]["model_digest"]

out["streamed"] = ""
with client.chat.completions.create(
    model=model, messages=messages, max_tokens=16, seed=5, temperature=0, stream=True, stream_options={"include_usage": True}
) as stream:
    for chunk in stream:
        if chunk.choices:
            out["streamed"] += chunk.choices[0].delta.content or ""
        if chunk.usage:
            out["usage"] = chunk.usage.model_dump()

text = client.completions.create(
    model=model, prompt="What is", max_tokens=8, n=2, seed=1, temperature=1, extra_body={"diffusion": {"preset": "quality"}}
)
out["texts"] = [choice.text for choice in text.choices]

try:
    client.chat.completions.create(model=model, messages=messages, top_p=0.5)
except openai.APIStatusError as error:
    out["refused"] = {"status": error.status_code, "param": error.param, "code": error.code, "name": type(error).__name__}

schema = {
    "type": "object",
    "properties": {"city": {"type": "string", "maxLength": 8}, "days": {"type": "integer", "minimum": 1, "maximum": 9}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
formed = client.chat.completions.create(
    model=model,
    messages=messages,
    response_format={"type": "json_schema", "json_schema": {"name": "trip", "strict": True, "schema": schema}},
)
out["formed"] = json.loads(formed.choices[0].message.content)

tools = [{"type": "function", "function": {"name": "weather", "description": "How it is.", "parameters": schema}}]
called = client.chat.completions.create(model=model, messages=messages, tools=tools, tool_choice="required").choices[0]
call = called.message.tool_calls[0]
out["called"] = {"finish": called.finish_reason, "name": call.function.name, "arguments": json.loads(call.function.arguments)}
told = messages + [called.message, {"role": "tool", "tool_call_id": call.id, "content": "Rain."}]
out["told"] = client.chat.completions.create(model=model, messages=told, tools=tools).choices[0].finish_reason
out["pieces"] = ""
for chunk in client.chat.completions.create(model=model, messages=messages, tools=tools, tool_choice="required", stream=True):
    for delta in chunk.choices[0].delta.tool_calls or []:
        out["pieces"] += delta.function.arguments
out["pieces"] = json.loads(out["pieces"])

with open(dataset, "rb") as rows:
    file = client.files.create(file=rows, purpose="fine-tune")
out["file"] = {"id": file.id, "bytes": file.bytes}
out["content"] = len(client.files.content(file.id).text)
out["listed"] = [one.id for one in client.files.list()]

job = client.fine_tuning.jobs.create(
    model=model,
    training_file=file.id,
    suffix="py",
    seed=7,
    method={"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 1, "batch_size": 4}}},
)
out["created"] = job.status
while job.status not in ("succeeded", "failed", "cancelled"):
    time.sleep(0.5)
    job = client.fine_tuning.jobs.retrieve(job.id)
out["job"] = {"status": job.status, "model": job.fine_tuned_model, "error": job.error and job.error.message}
out["events"] = [event.message for event in client.fine_tuning.jobs.list_events(job.id, limit=3)]
out["checkpoints"] = [one.step_number for one in client.fine_tuning.jobs.checkpoints.list(job.id)]
out["jobs"] = [one.id == job.id for one in client.fine_tuning.jobs.list()]
out["deleted"] = client.files.delete(file.id).deleted
print(json.dumps(out))
