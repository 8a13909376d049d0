// The journal, as it is written.

import {call, follow, look} from './api.js';
import {$, facts, fill, h, toast} from './dom.js';
import {long, timeOfDay} from './time.js';

const MOST_SHOWN = 250;

let following = null;
let last = 0;

// Follows the sandbox's journal anew. `heard(entry)` is told of each new entry.
export async function restart(heard) {
  following?.abort();
  following = new AbortController();
  const {signal} = following;
  last = 0;
  fill($('entries'), h('p', {class: 'empty'}, 'Nothing was asked yet.'));
  const {requests} = await look(`/_mock/requests?limit=${MOST_SHOWN}`, {signal});
  requests.forEach(add);
  stay(signal, heard);
}

// Comes again whenever the stream ends, as it does when the server restarts or this page falls behind.
async function stay(signal, heard) {
  for (let wait = 500; !signal.aborted; wait = Math.min(wait * 2, 15000)) {
    try {
      await follow(`/_mock/requests/stream?since=${last}`, signal, () => { wait = 500; live(true); }, (entry) => {
        add(entry);
        heard(entry);
      });
    } catch (error) {
      if (error.name === 'AbortError') return;
    }
    live(false);
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

function live(on) {
  $('live').dataset.on = on;
  fill($('live'), on ? 'live' : 'not connected');
}

export function setUp() {
  $('journal-clear').addEventListener('click', async () => {
    try {
      await call('DELETE', '/_mock/requests');
      fill($('entries'), h('p', {class: 'empty'}, 'Nothing was asked since.'));
    } catch (error) {
      toast(error.message, 'bad');
    }
  });
  $('journal-filter').addEventListener('input', () => [...$('entries').children].forEach(sift));
}

function sift(element) {
  const wanted = $('journal-filter').value.trim().toLowerCase();
  element.hidden = Boolean(wanted) && !(element.dataset.text ?? '').includes(wanted);
}

function add(entry) {
  if (entry.id <= last) return;
  last = entry.id;
  const list = $('entries');
  list.querySelector('.empty')?.remove();
  const element = row(entry);
  sift(element);
  list.prepend(element);
  while (list.children.length > MOST_SHOWN) list.lastElementChild.remove();
}

function row(entry) {
  const {method, path, query, status, operation, refusal, fault, at} = entry;
  const details = h('details', {class: 'entry', 'data-text': [method, path, query, status, operation, refusal?.component_msg].join(' ').toLowerCase()},
    h('summary', {},
      h('span', {class: 'status', 'data-kind': status ? String(status)[0] : 'none'}, status ?? '–'),
      h('span', {class: 'method'}, method),
      h('span', {class: 'path mono'}, path, query && h('span', {class: 'query'}, `?${query}`)),
      h('time', {datetime: at, title: long(at)}, timeOfDay(at)),
      refusal && h('span', {class: 'why'}, refusal.component_msg),
      fault && h('span', {class: 'why'}, `met fault ${fault.rule + 1}`)));
  // Bodies are long and most are never looked at.
  details.addEventListener('toggle', () => details.children.length === 1 && details.append(body(entry)));
  return details;
}

function body(entry) {
  const {refusal, fault} = entry;
  return h('div', {class: 'body'},
    facts([
      ['operation', entry.operation ?? 'none has this path and method'],
      ['refused with', refusal && `${refusal.id} · ${refusal.component_msg}`],
      ['sentryCode', refusal && h('span', {class: 'mono'}, refusal.sentry_code)],
      ['fault', fault && [`rule ${fault.rule + 1}`, fault.delay && `${fault.delay} ms`, fault.status, fault.drop && `closed ${fault.drop}`].filter(Boolean).join(', ')],
      ['sandbox time', long(entry.at)], ['real time', long(entry.real_at)],
      ['took', `${(entry.micros / 1000).toLocaleString('en', {maximumFractionDigits: 1})} ms`],
      ['request id', entry.request_id && h('span', {class: 'mono'}, entry.request_id)],
    ]),
    message('Request', entry.request), message(entry.status ? `Answer ${entry.status}` : 'Answer, not received', entry.response));
}

function message(title, part) {
  if (!part) return null;
  const {headers, body: content, length, truncated} = part;
  const text = content === undefined ? '' : typeof content === 'string' ? content : JSON.stringify(content, null, 2);
  return h('section', {},
    h('h3', {}, title, length ? h('small', {}, ` ${length.toLocaleString('en')} bytes${truncated ? ', cut off here' : ''}`) : null),
    text && h('pre', {tabindex: '0'}, text),
    h('details', {}, h('summary', {}, 'Headers'), h('pre', {tabindex: '0'}, Object.entries(headers).map(([name, value]) => `${name}: ${value}`).join('\n'))));
}
