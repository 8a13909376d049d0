// A number: its inventory entry, its SIMs, its operator.

import {call, here, look, path, Refused} from './api.js';
import {$, facts, fill, h, table, toast} from './dom.js';
import {long} from './time.js';

// What a read gives, or nothing where there is none.
async function maybe(read) {
  try {
    return await read;
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return null;
    throw error;
  }
}

export function setUp() {
  $('number-search').addEventListener('submit', (event) => {
    event.preventDefault();
    find($('number').value.trim());
  });
}

export async function find(number) {
  $('number').value = number;
  try {
    const [entry, owner, operators] = await Promise.all([
      maybe(look(`${path`/v2/msisdns/${number}`}?embed=tenant,imsis`)),
      maybe(look(path`/v1/orgs/${here.org}/ownerOperator/${number}`)),
      maybe(look(path`/v1/orgs/${here.org}/operator`)),
    ]);
    const name = (code) => operators?.find(({operator_code: other}) => other === code)?.operator;
    fill($('number-result'), h('div', {class: 'halves'}, inventory(entry), ownership(owner, name)), entry && token(entry.msisdn));
  } catch (error) {
    fill($('number-result'), h('p', {class: 'error'}, error.message));
  }
}

function inventory(entry) {
  if (!entry) return h('section', {class: 'panel'}, h('h2', {}, 'Inventory'), h('p', {class: 'empty'}, 'The number is not in the inventory of this sandbox.'));
  const sims = (entry.imsis ?? []).map(({imsi, created_at: since, segment}) =>
    [h('span', {class: 'mono'}, imsi), imsi === entry.imsi.imsi ? 'current' : 'earlier', segment, long(since)]);
  return h('section', {class: 'panel'}, h('h2', {}, 'Inventory'),
    facts([
      ['number', h('b', {class: 'mono'}, entry.msisdn)], ['org', entry.org], ['served by', entry.belongs_to], ['status', entry.status],
      ['confirmed', long(entry.checked_at)],
      ['came from', entry.internal_portability && `${entry.internal_portability.org} (${entry.internal_portability.belongs_to})`],
      ['tenant', entry.tenant && `${entry.tenant.name}, id ${entry.tenant.tenant_id}, tier ${entry.tenant.tier}`],
    ]),
    table(['SIM (IMSI)', '', 'Segment', 'Since'], sims, 'No SIMs.'));
}

function ownership(owner, name) {
  if (!owner) return h('section', {class: 'panel'}, h('h2', {}, 'Operator'), h('p', {class: 'empty'}, 'The number is in no operator’s range.'));
  const operator = (code) => [h('span', {class: 'mono'}, code), ' ', name(code) ?? ''];
  return h('section', {class: 'panel'}, h('h2', {}, 'Operator'), facts([
    ['now', operator(owner.codigoOperadorActual)],
    ['of the range', operator(owner.codigoOperadorPropietarioRango)],
    ['ported', owner.portada ? 'yes' : 'no'],
    ['being ported', owner.involucradaProcesoPortabilidad ? 'yes' : 'no'],
    ['process', owner.codigoReferenciaSolicitudPortabilidadMovil && h('span', {class: 'mono'}, owner.codigoReferenciaSolicitudPortabilidadMovil)],
    ['NRN', owner.nrn && h('span', {class: 'mono'}, owner.nrn)],
  ]));
}

function token(number) {
  const result = h('span', {class: 'mono'});
  const issue = async () => {
    try {
      const issued = await call('POST', '/_mock/operator-tokens', {msisdn: number});
      fill(result, issued.operator_token);
      toast(`Good until ${long(issued.expires_at)}`);
    } catch (error) {
      toast(error.message, 'bad');
    }
  };
  return h('p', {class: 'aside'}, h('button', {type: 'button', onclick: issue}, 'Issue an operator token'), ' ', result);
}
