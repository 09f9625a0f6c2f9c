// The official OpenAI client for JavaScript against a running cluster, with nothing changed but its address.
// node clients.mjs BASE_URL MODEL DATASET  ->  one JSON object
import fs from 'node:fs';
import OpenAI from 'openai';

const [baseURL, model, dataset] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey: 'none', maxRetries: 2, timeout: 120_000 });
const messages = [{ role: 'user', content: 'What is 1?' }];
const out = {};

out.models = [];
for await (const one of client.models.list()) out.models.push(one.id);
out.model = (await client.models.retrieve(model)).id;

const chat = await client.chat.completions.create({ model, messages, max_tokens: 16, seed: 5, temperature: 0 });
out.chat = chat.choices[0].message.content;
out.finish = chat.choices[0].finish_reason;
out.digest = chat.unmask.model_digest;

const stream = await client.chat.completions.create({
  model, messages, max_tokens: 16, seed: 5, temperature: 0, stream: true, stream_options: { include_usage: true },
});
out.streamed = '';
for await (const chunk of stream) {
  out.streamed += chunk.choices[0]?.delta?.content ?? '';
  if (chunk.usage) out.usage = chunk.usage;
}

const text = await client.completions.create({ model, prompt: 'What is', max_tokens: 8, n: 2, seed: 1, temperature: 1 });
out.texts = text.choices.map((choice) => choice.text);

try {
  await client.chat.completions.create({ model, messages, top_p: 0.5 });
} catch (error) {
  out.refused = { status: error.status, param: error.param, code: error.code, name: error.constructor.name };
}

const schema = {
  type: 'object',
  properties: { city: { type: 'string', maxLength: 8 }, days: { type: 'integer', minimum: 1, maximum: 9 } },
  required: ['city', 'days'],
  additionalProperties: false,
};
const formed = await client.chat.completions.create({
  model, messages, response_format: { type: 'json_schema', json_schema: { name: 'trip', strict: true, schema } },
});
out.formed = JSON.parse(formed.choices[0].message.content);

const tools = [{ type: 'function', function: { name: 'weather', description: 'How it is.', parameters: schema } }];
const called = (await client.chat.completions.create({ model, messages, tools, tool_choice: 'required' })).choices[0];
const call = called.message.tool_calls[0];
out.called = { finish: called.finish_reason, name: call.function.name, arguments: JSON.parse(call.function.arguments) };
const told = [...messages, called.message, { role: 'tool', tool_call_id: call.id, content: 'Rain.' }];
out.told = (await client.chat.completions.create({ model, messages: told, tools })).choices[0].finish_reason;
out.pieces = '';
const calling = await client.chat.completions.create({ model, messages, tools, tool_choice: 'required', stream: true });
for await (const chunk of calling) {
  for (const delta of chunk.choices[0].delta.tool_calls ?? []) out.pieces += delta.function.arguments;
}
out.pieces = JSON.parse(out.pieces);

const file = await client.files.create({ file: fs.createReadStream(dataset), purpose: 'fine-tune' });
out.file = { id: file.id, bytes: file.bytes };
out.content = (await (await client.files.content(file.id)).text()).length;
out.listed = [];
for await (const one of client.files.list()) out.listed.push(one.id);

let job = await client.fineTuning.jobs.create({
  model,
  training_file: file.id,
  suffix: 'js',
  seed: 7,
  method: { type: 'supervised', supervised: { hyperparameters: { n_epochs: 1, batch_size: 4 } } },
});
out.created = job.status;
const ended = ['succeeded', 'failed', 'cancelled'];
while (!ended.includes(job.status)) {
  await new Promise((resolve) => setTimeout(resolve, 500));
  job = await client.fineTuning.jobs.retrieve(job.id);
}
out.job = { status: job.status, model: job.fine_tuned_model, error: job.error };
out.events = [];
for await (const event of client.fineTuning.jobs.listEvents(job.id, { limit: 3 })) out.events.push(event.message);
out.checkpoints = [];
for await (const one of client.fineTuning.jobs.checkpoints.list(job.id)) out.checkpoints.push(one.step_number);
out.jobs = [];
for await (const one of client.fineTuning.jobs.list()) out.jobs.push(one.id === job.id);
out.deleted = (await client.files.delete(file.id)).deleted;
console.log(JSON.stringify(out));
