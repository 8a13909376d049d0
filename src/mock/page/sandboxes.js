// Worlds of their own, and the orgs in them.

import {call, here, look, path} from './api.js';
import {$, ask, field, fill, h, select, toast} from './dom.js';
import {fromLocal} from './time.js';

const SEEDS = [['demo', 'demo data'], ['empty', 'nothing at all']];

let orgs = [];

export const currentOrg = () => orgs.find(({name}) => name === here.org) ?? orgs[0] ?? null;
export const allOrgs = () => orgs;

// Reads which sandboxes there are. One that has gone is left, for naming it would make it again.
export async function readSandboxes() {
  const names = (await look('/_mock/sandboxes', {sandbox: 'default'})).map(({name}) => name);
  if (!names.includes(here.sandbox)) {
    toast(`The sandbox ${here.sandbox} is gone`, 'bad');
    here.sandbox = 'default';
  }
  choose($('sandbox'), names.map((name) => [name, name]), here.sandbox);
  $('sandbox-delete').disabled = here.sandbox === 'default';
}

export async function readOrgs() {
  orgs = await look('/_mock/orgs');
  here.org = currentOrg()?.name ?? here.org;
  choose($('org'), orgs.map(({name, operator_code}) => [name, `${name} · ${operator_code}`]), here.org);
}

function choose(element, options, value) {
  const signature = JSON.stringify(options);
  if (element.signature !== signature) {
    fill(element, options.map(([name, text]) => h('option', {value: name}, text)));
    element.signature = signature;
  }
  element.value = value;
}

function beginning({elements}) {
  const clock = {...(elements.now.value ? {now: fromLocal(elements.now.value)} : {}), ...(elements.frozen.checked ? {frozen: true} : {})};
  return {seed: elements.seed.value, ...(Object.keys(clock).length ? {clock} : {})};
}

const beginningFields = () => [
  field('It begins with', select('seed', SEEDS)),
  field('at this time in Madrid', h('input', {type: 'datetime-local', name: 'now', step: '1'}), 'Empty: the present.'),
  h('label', {class: 'check'}, h('input', {type: 'checkbox', name: 'frozen'}), 'The clock stands still'),
];

export const sandboxActions = {
  'sandbox-new': () => ask({
    title: 'New sandbox',
    lead: ['A world of its own: data, clock, donors, faults, journal. Requests are in it that name it in the header ', h('code', {}, 'X-Sandbox'), '.'],
    fields: [field('Name', h('input', {name: 'name', required: true, pattern: '[a-z0-9\\-]{1,63}', autocomplete: 'off', spellcheck: 'false'}),
      '1 to 63 of a–z, 0–9 and -'), beginningFields()],
    action: 'Make it',
    submit: async (form) => {
      const name = form.elements.name.value;
      await call('POST', '/_mock/sandboxes', {name, ...beginning(form)}, {sandbox: 'default'});
      here.sandbox = name;
      toast(`This is ${name}`);
    },
  }),
  'sandbox-reset': () => ask({
    title: `Begin ${here.sandbox} again`,
    lead: 'Everything in it is replaced: numbers, portabilities, clock and donors.',
    fields: beginningFields(),
    action: 'Begin again',
    danger: true,
    submit: async (form) => {
      await call('POST', '/_mock/reset', beginning(form));
      here.beginnings += 1;
      toast(`${here.sandbox} has begun again`);
    },
  }),
  'sandbox-delete': () => ask({
    title: `Delete ${here.sandbox}?`,
    lead: 'The sandbox and everything in it will be gone.',
    action: 'Delete',
    danger: true,
    submit: async () => {
      const gone = here.sandbox;
      await call('DELETE', path`/_mock/sandboxes/${gone}`, undefined, {sandbox: 'default'});
      here.sandbox = 'default';
      toast(`${gone} is gone`);
    },
  }),
};
