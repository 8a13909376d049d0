// The sandbox's clock: what it shows, when something is due, and the buttons that let time pass.

import {call, look} from './api.js';
import {$, ask, field, fill, h, select, toast} from './dom.js';
import {distance, fromLocal, long, short, toLocal} from './time.js';

const PACES = [[1, 'as real time'], [60, 'a minute in a second'], [3600, 'an hour in a second'], [86400, 'a day in a second']];

let agenda = null;
let readAt = 0;

// What time it is in the sandbox, as far as is known here.
export function now() {
  if (!agenda) return new Date().toISOString();
  const {now: shown, frozen, scale} = agenda.clock;
  const passed = frozen ? 0 : (performance.now() - readAt) * scale;
  return new Date(new Date(shown).getTime() + passed).toISOString();
}

// Reads the clock and what is due; returns whether something else is due than before.
export async function readAgenda() {
  const before = JSON.stringify(agenda?.due);
  const fresh = await look('/_mock/agenda');
  agenda = fresh;
  readAt = performance.now();
  showSetting();
  tick();
  return JSON.stringify(fresh.due) !== before;
}

// When time alone will next change a portability, if ever.
export function dueOf(portability) {
  return agenda?.due.find((due) => due.msisdn === portability.msisdn && due.contract_code === portability.contract_code)?.at ?? null;
}

function showSetting() {
  const {clock, node} = agenda;
  fill($('pace'), clock.frozen ? 'UTC · frozen' : clock.scale === 1 ? 'UTC' : `UTC · ${clock.scale.toLocaleString('en')} times as fast`);
  $('clock-freeze').setAttribute('aria-pressed', clock.frozen);
  fill($('clock-freeze'), clock.frozen ? 'Unfreeze' : 'Freeze');
  $('clock-due').disabled = $('drain').disabled = !clock.next_due;
  $('node').dataset.open = node.open;
  fill($('node'), node.open ? 'Central Node open' : `Central Node closed · opens ${short(node.next_opening)}`);
}

// Shows the time that passes; returns whether something has become due since it was last read.
export function tick() {
  if (!agenda) return false;
  const instant = now();
  const due = agenda.clock.next_due;
  fill($('madrid'), long(instant));
  $('madrid').dateTime = instant;
  fill($('utc'), long(instant, 'utc'));
  $('utc').dateTime = instant;
  fill($('next'), due ? `Next due ${short(due)} · ${distance(instant, due)}` : 'Nothing is due');
  for (const element of document.querySelectorAll('[data-until]')) fill(element, distance(instant, element.dataset.until));
  return Boolean(due) && due <= instant;
}

async function change(body, said) {
  await call('PUT', '/_mock/clock', body);
  toast(said);
}

export const clockActions = {
  'clock-hour': () => change({advance: 'PT1H'}, 'An hour has passed'),
  'clock-due': () => change({now: agenda.clock.next_due}, `It is ${short(agenda.clock.next_due)}`),
  'clock-opening': () => change({now: agenda.node.next_opening}, `The Central Node opens: ${short(agenda.node.next_opening)}`),
  'clock-day': () => change({now: agenda.next_working_day}, `It is ${short(agenda.next_working_day)}`),
  'clock-freeze': () => change({frozen: !agenda.clock.frozen}, agenda.clock.frozen ? 'The clock runs' : 'The clock stands still'),
  'clock-set': set,
  drain: async () => {
    await call('POST', '/_mock/drain');
    toast('Nothing is due any more');
  },
};

// Moves the clock to an instant.
export const reach = (instant) => change({now: instant}, `It is ${short(instant)}`);

function set() {
  const {clock} = agenda;
  const paces = PACES.some(([pace]) => pace === clock.scale) ? PACES : [...PACES, [clock.scale, `${clock.scale} times as fast`]];
  const local = h('input', {type: 'datetime-local', name: 'now', step: '1', value: toLocal(now())});
  const shown = local.value;
  return ask({
    title: 'Set the clock',
    lead: 'What is due by then happens, in order, each as of the time it was due. Set back, nothing is undone.',
    fields: [
      field('Time in Madrid', local),
      field('It passes', select('scale', paces, {value: clock.scale})),
      h('label', {class: 'check'}, h('input', {type: 'checkbox', name: 'frozen', checked: clock.frozen}), 'It stands still'),
    ],
    action: 'Set',
    submit: ({elements}) => change({
      ...(elements.now.value && elements.now.value !== shown ? {now: fromLocal(elements.now.value)} : {}),
      scale: Number(elements.scale.value), frozen: elements.frozen.checked,
    }, 'The clock is set'),
  });
}
