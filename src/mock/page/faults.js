// What goes wrong on purpose.

import {call, look} from './api.js';
import {$, field, fill, h, select, table, toast} from './dom.js';

const STATUSES = [400, 401, 403, 404, 408, 409, 413, 415, 500, 502, 503];
const EFFECTS = [
  ...STATUSES.map((status) => [`status ${status}`, `is answered ${status}`]),
  ['drop before', 'finds the connection closed before it is carried out'],
  ['drop after', 'is carried out, but not answered'],
  ['drop midway', 'gets half of its answer'],
  ['delay', 'is only delayed'],
];

let rules = [];

export async function readFaults() {
  ({rules} = await look('/_mock/faults'));
  showRules();
}

export async function setUp() {
  $('faults-clear').addEventListener('click', () => put([], 'No faults any more'));
  buildForm(await operations());
}

async function operations() {
  const documents = await Promise.all(['discovery-v2', 'portability-v1'].map(async (name) => (await fetch(`/openapi/${name}.json`)).json()));
  return documents.flatMap(({paths}) => Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods)
    .filter(([, operation]) => operation.operationId)
    .map(([method, {operationId}]) => [operationId, `${operationId} · ${method.toUpperCase()} ${path.replace('/v1/orgs/{orgs}', '…')}`])));
}

async function put(wanted, said) {
  try {
    ({rules} = await call('PUT', '/_mock/faults', {rules: wanted}));
    showRules();
    toast(said);
    return true;
  } catch (error) {
    toast(error.message, 'bad');
    return false;
  }
}

function delayInWords(delay) {
  if (delay === undefined) return '';
  if (typeof delay === 'number') return `${delay} ms`;
  return 'min' in delay ? `${delay.min} to ${delay.max} ms` : `about ${delay.median} ms, 99 % below ${delay.p99} ms`;
}

function showRules() {
  $('faults-clear').disabled = rules.length === 0;
  fill($('faults-rules'), table(['Operation', 'Effect', 'Delay', 'Chance', 'Left', 'Applied', ''], rules.map((rule, place) => [
    h('span', {class: 'mono'}, rule.operation),
    rule.status ? `is answered ${rule.status}` : rule.drop ? `connection closed ${rule.drop}` : 'delayed',
    delayInWords(rule.delay),
    `${Math.round(rule.probability * 1000) / 10} %`,
    rule.count === undefined ? '∞' : String(rule.count),
    String(rule.applied),
    h('button', {type: 'button', 'aria-label': `Remove rule ${place + 1}`, onclick: () => put(rules.filter((other) => other !== rule), 'The rule is gone')}, 'Remove'),
  ]), 'Nothing goes wrong.'));
}

function buildForm(known) {
  const form = $('fault-form');
  const number = (name, attributes) => h('input', {name, type: 'number', ...attributes});
  fill(form, h('h2', {}, 'Add a rule'), h('div', {class: 'grid'},
    field('A request to', select('operation', [['*', 'any operation'], ...known])),
    field('which', select('effect', EFFECTS, {value: 'status 503'})),
    field('Delay in ms', number('delay', {min: 0, max: 60000, placeholder: 'none'})),
    field('How often, in %', number('chance', {min: 0, max: 100, step: 'any', value: 100})),
    field('How many times', number('count', {min: 1, placeholder: 'without end'})),
    field('Seed of chance', number('seed', {min: 0, value: 0}))),
  h('div', {class: 'buttons'}, h('button', {class: 'primary'}, 'Add')));
  form.onsubmit = async (event) => {
    event.preventDefault();
    const {operation, effect, delay, chance, count, seed} = form.elements;
    const [kind, what] = effect.value.split(' ');
    await put([...rules, {
      operation: operation.value,
      ...(kind === 'status' ? {status: Number(what)} : kind === 'drop' ? {drop: what} : {}),
      ...(delay.value || kind === 'delay' ? {delay: Number(delay.value)} : {}),
      probability: Number(chance.value) / 100,
      seed: Number(seed.value),
      ...(count.value ? {count: Number(count.value)} : {}),
    }], 'It goes wrong from now on');
  };
}
