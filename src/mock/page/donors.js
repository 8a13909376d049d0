// How outside donors answer, and the numbers that decide for themselves.

import {call, here, look, path} from './api.js';
import {$, field, fill, h, select, table, toast} from './dom.js';
import {DENY_CAUSES} from './vocabulary.js';

const ANSWERS = [['accept', 'accepts'], ['deny', 'denies'], ['silent', 'says nothing']];

let operators = null;

export async function readDonors() {
  const [told, all] = await Promise.all([look('/_mock/donors'), look(path`/v1/orgs/${here.org}/operator`).catch(() => [])]);
  const signature = JSON.stringify(all);
  if (signature !== operators) {
    operators = signature;
    buildForm(all);
  }
  const name = (code) => all.find(({operator_code: other}) => other === code)?.operator ?? (code === '*' ? 'all others' : '');
  fill($('donors-told'), table(['Operator', 'Answer', 'Cause', 'After Tv has begun'], told.map(({operator_code: code, answer, cause, after}) => [
    [h('span', {class: 'mono'}, code), ' ', name(code)], Object.fromEntries(ANSWERS)[answer] ?? answer, cause ?? '', after ?? ''])));
}

function buildForm(all) {
  const form = $('donor-form');
  const cause = field('Cause', select('cause', DENY_CAUSES));
  const after = field('After', h('input', {name: 'after', placeholder: 'PT30M', autocomplete: 'off', spellcheck: 'false'}), 'from the beginning of Tv, ISO 8601');
  const fit = () => {
    cause.hidden = form.elements.answer.value !== 'deny';
    after.hidden = form.elements.answer.value === 'silent';
  };
  const failure = h('p', {class: 'error', role: 'alert'});
  fill(form, h('h2', {}, 'Tell a donor'),
    h('div', {class: 'grid'},
      field('Operator', select('operator', [['*', '* all others'], ...all.map(({operator_code: code, operator}) => [code, `${code} ${operator}`])])),
      field('It', select('answer', ANSWERS, {onchange: fit})), cause, after),
    failure, h('div', {class: 'buttons'}, h('button', {class: 'primary'}, 'Tell')));
  fit();
  form.onsubmit = async (event) => {
    event.preventDefault();
    const {operator, answer, cause: why, after: when} = form.elements;
    try {
      await call('PUT', path`/_mock/donors/${operator.value}`, {
        answer: answer.value,
        ...(answer.value === 'deny' ? {cause: why.value} : {}),
        ...(answer.value !== 'silent' && when.value ? {after: when.value} : {}),
      });
      fill(failure);
      toast('It will answer so from now on');
      await readDonors();
    } catch (error) {
      fill(failure, error.message);
    }
  };
}

export async function showMagicNumbers(portIn) {
  const numbers = await (await fetch('/console/magic-numbers.json')).json();
  fill($('magic-numbers'), table(['Number', 'What becomes of the request', ''], numbers.map(({msisdn, outcome}) => [
    h('span', {class: 'mono'}, msisdn), words(outcome),
    h('button', {type: 'button', 'aria-label': `Port in ${msisdn}`, onclick: () => portIn(msisdn)}, 'Port-in…')])));
}

// `code` in a sentence is shown as code.
function words(sentence) {
  return sentence.split('`').map((part, place) => (place % 2 ? h('code', {}, part) : part));
}
