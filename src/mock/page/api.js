// Calls of the server. The token and the sandbox go with each of them.

const STORED = 'portero-token';

// What is looked at, and how often it was made to begin again from here.
export const here = {sandbox: 'default', org: 'masmovil', beginnings: 0};

let token = null;
let asking = null;
let askForToken = async () => { throw new Error('a token is needed'); };

// Who asks the user for a token where the server has none to give.
export function onTokenNeeded(ask) {
  askForToken = ask;
}

export class Refused extends Error {
  constructor(status, envelope) {
    super(envelope?.componentMsg ? `${status} ${envelope.msg}: ${envelope.componentMsg}` : `the server answered ${status}`);
    this.status = status;
    this.envelope = envelope;
  }
}

// A mock with the published development secret hands out tokens; with a key of its own it does not, and the user has to bring one.
async function obtainToken(refused) {
  const answer = await fetch('/console/token');
  if (answer.status === 200) return (await answer.json()).token;
  const kept = sessionStorage.getItem(STORED);
  if (kept && kept !== refused) return kept;
  const given = await askForToken(refused !== null);
  sessionStorage.setItem(STORED, given);
  return given;
}

async function authorized(refused = null) {
  if (token && token !== refused) return token;
  asking ??= obtainToken(refused).then((obtained) => { token = obtained; }).finally(() => { asking = null; });
  await asking;
  return token;
}

async function send(path, {method = 'GET', body, sandbox = here.sandbox, headers = {}, signal} = {}) {
  const attempt = (bearer) => fetch(path, {
    method, signal, cache: 'no-store',
    headers: {Authorization: `Bearer ${bearer}`, 'X-Sandbox': sandbox, ...(body === undefined ? {} : {'Content-Type': 'application/json'}), ...headers},
    body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
  });
  const bearer = await authorized();
  const answer = await attempt(bearer);
  return answer.status === 401 ? attempt(await authorized(bearer)) : answer;
}

// A call; its answer as JSON, or nothing where there is none. Throws `Refused` for a refusal.
export async function call(method, path, body, options = {}) {
  let answer;
  try {
    answer = await send(path, {method, body, ...options});
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Error(error instanceof TypeError ? 'the connection was closed without an answer' : error.message);
  }
  const text = await answer.text();
  const json = text ? parse(text) : null;
  if (!answer.ok) throw new Refused(answer.status, json);
  return json;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

// Reads for this page alone: they leave no trace in the journal and meet no faults.
export const look = (path, options = {}) => call('GET', path, undefined, {...options, headers: {'X-Bystander': 'true'}});

// A path of which the variable parts are data: path`/v2/msisdns/${number}`.
export function path(texts, ...values) {
  return texts.reduce((whole, text, place) => whole + encodeURIComponent(values[place - 1]) + text);
}

// Follows a stream of server-sent events until `signal`, which EventSource cannot: it sends no Authorization.
export async function follow(path, signal, opened, heard) {
  const answer = await send(path, {signal, headers: {Accept: 'text/event-stream'}});
  if (!answer.ok) throw new Refused(answer.status, parse(await answer.text()));
  opened();
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = '';;) {
    const {done, value} = await reader.read();
    if (done) return;
    const events = (rest + value).split('\n\n');
    rest = events.pop();
    for (const event of events) {
      const data = event.split('\n').filter((line) => line.startsWith('data:')).map((line) => line.slice(5).trimStart()).join('\n');
      if (data) heard(JSON.parse(data));
    }
  }
}
