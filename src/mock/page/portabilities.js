// Portabilities of an org, each as a line of what has happened and what is due.

import {call, here, look, path, Refused} from './api.js';
import {dueOf, now, reach} from './clock.js';
import {$, ask, facts, field, fill, h, reconcile, select, toast} from './dom.js';
import {distance, long, short} from './time.js';
import {CANCEL_CAUSES, DENY_CAUSES, EVENTS, NEXT, STATES} from './vocabulary.js';

const PAGE = 25;
const ACTIVE = 'state in ("AENV","ASOL","ACON")';
const SHOWN = [
  ['', 'all'], [ACTIVE, 'active'], ['recipient_rol eq true', 'port-ins'], ['recipient_rol eq false', 'port-outs'],
  ['recipient_rol eq false and state eq "ASOL"', 'waiting for this org'], [`not (${ACTIVE})`, 'ended'], ['custom', 'by filter'],
];

let limit = PAGE;
let listed = [];
const details = new Map();

export function setUp(refresh) {
  fill($('show'), SHOWN.map(([value, text]) => h('option', {value}, text)));
  $('show').addEventListener('change', () => {
    if ($('show').value === 'custom') return $('filter').focus();
    $('filter').value = $('show').value;
    limit = PAGE;
    return refresh();
  });
  $('portabilities-filter').addEventListener('submit', (event) => {
    event.preventDefault();
    $('show').value = SHOWN.some(([value]) => value === $('filter').value) ? $('filter').value : 'custom';
    limit = PAGE;
    refresh();
  });
  $('cards').addEventListener('click', (event) => {
    const button = event.target.closest('button[data-action]');
    const portability = listed.find(({id}) => id === button?.closest('article')?.dataset.key);
    if (portability) act(button.dataset.action, portability, refresh);
  });
}

// Reads the list, and of each portability that has changed its history.
export async function readPortabilities() {
  const org = here.org;
  const query = new URLSearchParams({limit: String(limit + 1)});
  if ($('filter').value.trim()) query.set('filter', $('filter').value);
  try {
    listed = await look(`${path`/v1/orgs/${org}/portabilities`}?${query}`);
    fill($('filter-error'));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    listed = [];
    fill($('filter-error'), error.message);
  }
  const more = listed.length > limit;
  listed = listed.slice(0, limit);
  const unanswered = new Set((await look(path`/v1/orgs/${org}/portabilities/pendingDonor`)).map(({id}) => id));
  await Promise.all(listed.map((portability) => readDetail(org, portability)));
  const items = listed.map((portability) => ({
    portability, due: dueOf(portability), detail: details.get(portability.id)?.detail,
    // The donor alone knows of an answer that is sent when its period begins.
    answered: portability.state === 'ASOL' && !portability.recipient_rol && !unanswered.has(portability.id),
  }));
  reconcile($('cards'), items, ({portability}) => portability.id, card);
  fill($('cards-more'), items.length === 0 && !$('filter-error').textContent
    ? 'No portabilities here. Make one with Port-in or Port-out.'
    : more && h('button', {type: 'button', onclick: () => { limit += PAGE; readPortabilities(); }}, 'Show more'));
}

async function readDetail(org, portability) {
  const signature = JSON.stringify([here.sandbox, portability, dueOf(portability)]);
  if (details.get(portability.id)?.signature === signature) return;
  try {
    details.set(portability.id, {signature, detail: await look(path`/v1/orgs/${org}/portabilities/id/${portability.id}`)});
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
  }
}

// Forgets what was read, for the sandbox is another.
export function forget() {
  details.clear();
  limit = PAGE;
}

function card({portability, due, detail, answered}) {
  const {msisdn, state, recipient_rol: incoming, donor_operator: donor, recipient_operator: recipient, cause_status: cause} = portability;
  return h('article', {class: 'card', 'data-state': state, tabindex: '-1', 'aria-label': `${msisdn}, ${state}`},
    h('header', {},
      h('h2', {class: 'number'}, msisdn),
      h('p', {class: 'way'}, incoming ? 'port-in' : 'port-out', ' ', h('span', {class: 'mono'}, `${donor ?? '?'} → ${recipient}`)),
      h('p', {class: 'pill'}, h('b', {}, state), ` ${answered ? 'answered, not sent yet' : STATES[state] ?? ''}`),
      cause && h('p', {class: 'cause mono'}, cause)),
    timeline(portability, detail?.portability_events.history ?? [], due, answered),
    h('footer', {},
      h('details', {'data-part': 'details'}, h('summary', {}, 'Details'), more(portability, detail)),
      h('div', {class: 'buttons'}, buttons(portability, due))));
}

function timeline({state, window_date: window}, history, due, answered) {
  const events = history.map((event) => h('li', {class: 'done', 'data-event': event.message_type},
    h('b', {}, EVENTS[event.message_type] ?? event.message_type),
    h('time', {datetime: event.event_date, title: long(event.event_date)}, short(event.event_date)),
    h('small', {class: 'mono'}, event.cause_status ?? event.message_type)));
  const next = due && h('li', {class: 'next'}, h('b', {}, answered ? 'The answer is sent' : NEXT[state] ?? 'Due'), h('time', {datetime: due, title: long(due)}, short(due)),
    h('small', {'data-until': due}, distance(now(), due)));
  const later = due && window && window !== due && h('li', {class: 'later'}, h('b', {}, 'Window'),
    h('time', {datetime: window, title: long(window)}, short(window)), h('small', {'data-until': window}, distance(now(), window)));
  return h('ol', {class: 'timeline'}, events, next, later);
}

function more(portability, detail) {
  const person = detail?.subscriber?.account;
  const names = person && [person.name, person.surname, person.second_name].filter(Boolean).join(' ');
  return facts([
    ['process', portability.process_id && h('span', {class: 'mono'}, portability.process_id)],
    ['contract', h('span', {class: 'mono'}, portability.contract_code)],
    ['reference', portability.external_reference],
    ['access', portability.access_type],
    ['NRN', h('span', {class: 'mono'}, portability.nrn_receptor)],
    ['ICC-ID', portability.icc_id && h('span', {class: 'mono'}, portability.icc_id)],
    ['registered', portability.create_date_nc && long(portability.create_date_nc)],
    ['window', portability.window_date && long(portability.window_date)],
    ['subscriber', person && [names, person.document && `${person.document_type} ${person.document}`].filter(Boolean).join(' · ')],
    ['id', h('span', {class: 'mono'}, portability.id)],
  ]);
}

function buttons({state, recipient_rol: incoming, cause_status: cause}, due) {
  const button = (action, text, kind = '') => h('button', {type: 'button', class: kind, 'data-action': action}, text);
  const active = ['AENV', 'ASOL', 'ACON'].includes(state);
  return [
    !incoming && state === 'ASOL' && button('accept', 'Accept'),
    !incoming && state === 'ASOL' && button('deny', 'Deny…'),
    !incoming && ['ASOL', 'ACON', 'AREC'].includes(state) && cause !== 'RECH_NORES' && button('restartReply', 'Restart reply'),
    incoming && active && button('cancel', 'Cancel…'),
    due && button('step', 'Step', 'step'),
  ];
}

async function act(action, portability, refresh) {
  const {msisdn, process_id: process} = portability;
  const org = here.org;
  const command = (last, body) => call('POST', `${path`/v1/orgs/${org}/portabilities/${last === 'cancel' ? msisdn : process}`}/${last}`, body);
  const because = (title, lead, causes, verb) => ask({
    title, lead, fields: field('Cause', select('cause', causes)), action: title.split(' ')[0], danger: true,
    submit: ({elements}) => command(verb, {cause: elements.cause.value}),
  });
  const actions = {
    accept: () => command('accept').then((changed) => toast(changed ? `${msisdn}: accepted` : `${msisdn}: was accepted before`)),
    restartReply: () => command('restartReply').then((changed) => toast(changed ? `${msisdn}: the answer is taken back` : `${msisdn}: there was no answer`)),
    deny: () => because(`Deny ${msisdn}`, 'The donor refuses to let the number go.', DENY_CAUSES, 'deny'),
    cancel: () => because(`Cancel ${msisdn}`, 'The recipient withdraws its request.', CANCEL_CAUSES, 'cancel'),
    step: () => process ? call('POST', path`/_mock/portabilities/${process}/step`) : reach(dueOf(portability)),
  };
  try {
    await actions[action]();
  } catch (error) {
    toast(error.message, 'bad');
  }
  await refresh();
}
