// The forms that ask for a number: port-ins through the published operation, port-outs through the control plane.

import {call, here, look, path} from './api.js';
import {$, ask, field, h, select, toast} from './dom.js';
import {allOrgs, currentOrg} from './sandboxes.js';

// The published sample, but for what differs from request to request.
const SAMPLE = 634443633;
const SIM = '8934221507160508791';
const subscriber = (number) => ({
  addresses: [{address: 'Calle Leonardo Prieto, 8', city: 'Madrid', country: 'Spain', postal_code: '28040', province: 'Madrid', type: 'CONTACT'}],
  document: '09288205T', document_type: 'NIF', id: null, email: null, msisdn: {country_code: '34', number},
  name: 'Martina', nationality: 'España', second_name: null, surname: 'Fraile Méndez',
});

function freshContract(operator) {
  const [random] = crypto.getRandomValues(new Uint32Array(1));
  return operator + String(random % 100000000).padStart(8, '0');
}

// The sample's number, or the next one that has not been asked for.
async function freeNumber() {
  const query = new URLSearchParams({filter: `msisdn sw "${String(SAMPLE).slice(0, 6)}"`});
  const asked = await look(`${path`/v1/orgs/${here.org}/portabilities`}?${query}`);
  const taken = new Set(asked.map(({msisdn}) => msisdn));
  let number = SAMPLE;
  while (taken.has(String(number))) number += 1;
  return String(number);
}

function portInBody({elements}, contract) {
  const number = elements.number.value.trim();
  const sim = elements.icc.value.trim();
  const end = {msisdn: {country_code: '34', number}, ...(sim ? {icc_id: sim} : {})};
  return {
    access_type: elements.access.value,
    contract_code: contract,
    external_reference: `PORTIN_${contract.slice(-6)}_${number}`,
    msisdn_ranges: [{initial_range: end, end_range: end}],
    nrn_receptor: currentOrg()?.nrn ?? '',
    recipient_operator: null,
    subscriber: elements.subscriber.checked ? subscriber(number) : null,
    subscriber_request_date: '2022-02-24T13:45:10Z',
    window_date: null,
  };
}

export async function portIn(number) {
  const wanted = number ?? await freeNumber();
  const contract = freshContract(currentOrg()?.operator_code ?? '005');
  const body = h('textarea', {name: 'body', rows: '12', spellcheck: 'false', class: 'mono', required: true});
  const write = (form) => { body.value = JSON.stringify(portInBody(form, contract), null, 2); };
  const fields = h('div', {class: 'grid', oninput: (event) => write(event.target.form)},
    field('Number', h('input', {name: 'number', value: wanted, inputmode: 'numeric', required: true, pattern: '[0-9]{9}', autocomplete: 'off', autofocus: true}),
      'nine digits; a magic number decides the outcome'),
    field('Access', select('access', ['INDIVIDUAL', 'MULTIPLE', 'MIXED'])),
    field('SIM (ICC-ID)', h('input', {name: 'icc', value: SIM, autocomplete: 'off'}), 'may be empty'),
    h('label', {class: 'check'}, h('input', {type: 'checkbox', name: 'subscriber', checked: true}), 'with the sample subscriber'));
  const done = ask({
    title: `Port-in to ${here.org}`,
    lead: 'The published sample with a contract code of its own. The body below is what is sent: change it as you like.',
    fields: [fields, field(`POST /v1/orgs/${here.org}/portabilities`, body)],
    action: 'Request',
    wide: true,
    submit: async ({elements}) => {
      const made = await call('POST', path`/v1/orgs/${here.org}/portabilities`, elements.body.value);
      toast(made ? made.map(({msisdn, state, cause_status: cause}) => `${msisdn}: ${cause ?? state}`).join(', ') : 'The same was requested before');
    },
  });
  const form = $('dialog').querySelector('form');
  if (form.contains(body)) write(form);
  return done;
}

export async function portOut() {
  const own = new Set(allOrgs().map(({operator_code: code}) => code));
  const operators = (await look(path`/v1/orgs/${here.org}/operator`)).filter(({operator_code: code, status}) => !own.has(code) && status !== 'DESHABILITADO');
  return ask({
    title: 'Port-out',
    lead: 'An operator outside asks for a number of an org of this server. The org has then to answer.',
    fields: [
      field('Number', h('input', {name: 'number', value: '666777888', inputmode: 'tel', required: true, autocomplete: 'off', autofocus: true}), 'of an org of this server'),
      field('Operator', select('operator', operators.map(({operator_code: code, operator}) => [code, `${code} ${operator}`]), {value: '003'})),
    ],
    action: 'Request',
    submit: async ({elements}) => {
      const made = await call('POST', '/_mock/port-outs', {msisdn: elements.number.value, recipient_operator: elements.operator.value});
      here.org = made.tenant;
      toast(`${made.msisdn}: ${made.tenant} has to answer`);
    },
  });
}
