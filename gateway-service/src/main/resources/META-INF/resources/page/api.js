// The gateway's own HTTP API, the one every other client uses. Nothing here is for this page alone.

const KEY = 'unmask.key';

export class ApiError extends Error {
  /** @param {string|null} field the request's field at fault, when one is */
  constructor(message, status, field, retryAfter) {
    super(message);
    this.status = status;
    this.field = field;
    this.retryAfter = retryAfter;
  }
}

export function apiKey() {
  return sessionStorage.getItem(KEY) || '';
}

/** Kept for this tab only. */
export function setApiKey(key) {
  if (key) sessionStorage.setItem(KEY, key);
  else sessionStorage.removeItem(KEY);
}

function headers(extra = {}) {
  const key = apiKey();
  return key ? { ...extra, authorization: `Bearer ${key}` } : extra;
}

async function failure(response) {
  let message = `The gateway answered ${response.status}.`;
  let field = null;
  try {
    const { error } = await response.json();
    if (error) {
      message = error.message || message;
      field = error.param || null;
    }
  } catch {
    // No JSON: the status has to do.
  }
  return new ApiError(message, response.status, field, Number(response.headers.get('retry-after')) || null);
}

async function reach(path, options) {
  try {
    return await fetch(path, options);
  } catch (e) {
    if (e.name === 'AbortError') throw e;
    throw new ApiError('The gateway cannot be reached. Is `unmask up` still running?', 0, null, null);
  }
}

export async function get(path) {
  const response = await reach(path, { headers: headers() });
  if (!response.ok) throw await failure(response);
  return response.json();
}

export async function getText(path) {
  const response = await reach(path, { headers: headers() });
  if (!response.ok) throw await failure(response);
  return response.text();
}

export async function post(path, body, signal) {
  const response = await reach(path, {
    method: 'POST',
    headers: headers({ 'content-type': 'application/json' }),
    body: JSON.stringify(body ?? {}),
    signal,
  });
  if (!response.ok) throw await failure(response);
  return response.json();
}

/** Uploads a dataset. */
export async function upload(file) {
  const form = new FormData();
  form.append('purpose', 'fine-tune');
  form.append('file', file, file.name);
  const response = await reach('/v1/files', { method: 'POST', headers: headers(), body: form });
  if (!response.ok) throw await failure(response);
  return response.json();
}

/**
 * Posts, and hands over the server-sent events of the answer one by one.
 *
 * @param {(name: string, data: object) => void} onEvent `message` where the event has no name
 */
export async function stream(path, body, onEvent, signal) {
  const response = await reach(path, {
    method: 'POST',
    headers: headers({ 'content-type': 'application/json', accept: 'text/event-stream' }),
    body: JSON.stringify(body),
    signal,
  });
  if (!response.ok) throw await failure(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    rest += value.replace(/\r\n?/g, '\n');
    let end;
    while ((end = rest.indexOf('\n\n')) >= 0) {
      const finished = deliver(rest.slice(0, end), onEvent);
      rest = rest.slice(end + 2);
      if (finished) return;
    }
  }
  throw new ApiError('The answer broke off: the connection ended before it was complete.', 0, null, null);
}

/** Whether the stream has said that it is done. */
function deliver(block, onEvent) {
  let name = 'message';
  const data = [];
  for (const line of block.split('\n')) {
    if (line.startsWith('event:')) name = line.slice(6).trim();
    else if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''));
  }
  if (data.length === 0) return false;
  const text = data.join('\n');
  if (text === '[DONE]') return true;
  // A seed has 63 bits; as a number it would lose its last digits.
  const json = JSON.parse(text.replace(/"seed":(-?\d{16,})/g, '"seed":"$1"'));
  if (json.error) throw new ApiError(json.error.message, 0, json.error.param || null, null);
  onEvent(name, json);
  return false;
}

/** The models that requests may name, newest last. */
export async function models() {
  return (await get('/v1/models')).data;
}
