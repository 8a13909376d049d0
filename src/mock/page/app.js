// The console: puts the parts together, keeps them up to date, and listens to the keyboard.

import {here, onTokenNeeded} from './api.js';
import * as clock from './clock.js';
import {$, ask, field, h, show, toast} from './dom.js';
import * as donors from './donors.js';
import * as faults from './faults.js';
import * as journal from './journal.js';
import * as numbers from './numbers.js';
import * as portabilities from './portabilities.js';
import {portIn, portOut} from './requests.js';
import {readOrgs, readSandboxes, sandboxActions} from './sandboxes.js';

const POLL = 3000;
const VIEWS = ['portabilities', 'numbers', 'donors', 'faults', 'magic', 'journal'];
const KEYS = [
  ['1 … 6', 'the views'], ['i', 'port-in'], ['o', 'port-out'], ['h', 'an hour passes'], ['d', 'until the next due time'],
  ['w', 'until the next opening of the Central Node'], ['m', 'a working day passes'], ['f', 'freeze or unfreeze the clock'], ['t', 'set the clock'],
  ['s', 'choose a sandbox'], ['g', 'choose an org'], ['/', 'look up a number'], ['j k', 'next, previous portability or journal entry'], ['?', 'this help'], ['Esc', 'closes a dialog'],
];

let busy = null;
let again = false;
let unreachable = false;

// Reads again what may have changed. One at a time; what is asked for meanwhile is done once more at the end.
async function refresh() {
  again = true;
  busy ??= (async () => {
    $('main').setAttribute('aria-busy', 'true');
    try {
      while (again) {
        again = false;
        await readSandboxes();
        if (await enterSandbox()) await readOrgs();
        await clock.readAgenda();
        await portabilities.readPortabilities();
        await readView();
      }
      offline(false);
    } catch (error) {
      offline(error);
    } finally {
      busy = null;
      $('main').removeAttribute('aria-busy');
    }
  })();
  return busy;
}

function offline(error) {
  document.body.classList.toggle('offline', Boolean(error));
  if (error && !unreachable) toast(error.message, 'bad');
  unreachable = Boolean(error);
}

let entered = null;

async function enterSandbox() {
  remember();
  const world = `${here.sandbox} ${here.beginnings}`;
  if (entered === world) return false;
  entered = world;
  portabilities.forget();
  await journal.restart(heard);
  return true;
}

// What others do shows here at once.
function heard({method}) {
  if (method !== 'GET') refresh();
}

function readView() {
  const view = document.body.dataset.view;
  return view === 'donors' ? donors.readDonors() : view === 'faults' ? faults.readFaults() : null;
}

// Time that passes by itself, and other people's changes of the clock.
async function watch() {
  if (document.hidden || busy) return;
  try {
    if (await clock.readAgenda()) await refresh();
    offline(false);
  } catch (error) {
    offline(error);
  }
}

async function perform(action) {
  try {
    await action();
  } catch (error) {
    toast(error.message, 'bad');
  }
  // At once: whoever chooses a view next takes along what was chosen.
  remember();
  await refresh();
}

let address = null;

// The address says what is looked at, so that it can be bookmarked and shared: #donors?sandbox=ci-7&org=yoigo
function readAddress() {
  address = location.hash;
  const [view, query] = location.hash.slice(1).split('?');
  const chosen = new URLSearchParams(query);
  here.sandbox = chosen.get('sandbox') || here.sandbox;
  here.org = chosen.get('org') || here.org;
  document.body.dataset.view = VIEWS.includes(view) ? view : 'portabilities';
  for (const link of document.querySelectorAll('nav a')) {
    const target = link.hash.slice(1).split('?')[0];
    if (target === document.body.dataset.view) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
}

function remember() {
  // Somebody has just gone elsewhere, and `hashchange` is about to say so.
  if (location.hash !== address) return;
  const query = new URLSearchParams({sandbox: here.sandbox, org: here.org});
  history.replaceState(null, '', `#${document.body.dataset.view}?${query}`);
  address = location.hash;
  for (const link of document.querySelectorAll('nav a')) link.hash = `${link.hash.slice(1).split('?')[0]}?${query}`;
}

function help() {
  return show(h('div', {}, h('h2', {id: 'dialog-title'}, 'Keyboard'),
    h('dl', {class: 'keys'}, KEYS.map(([keys, text]) => h('div', {}, h('dt', {}, keys.split(' ').map((key) => (key === '…' ? ' … ' : h('kbd', {}, key)))), h('dd', {}, text)))),
    h('div', {class: 'buttons end'}, h('button', {type: 'button', class: 'primary', onclick: () => $('dialog').close()}, 'Close'))));
}

function askForToken(refused) {
  let given = null;
  const asked = ask({
    title: refused ? 'This token does not hold' : 'A token, please',
    lead: 'This server has a key of its own. Make a token with: portero token --org \'*\' --scope api:everything',
    fields: field('Bearer token', h('input', {name: 'token', type: 'password', required: true, autocomplete: 'off', autofocus: true}), 'kept until this tab is closed'),
    action: 'Use it',
    submit: async ({elements}) => { given = elements.token.value.trim(); },
  });
  return asked.then(() => given ?? Promise.reject(new Error('Without a token there is nothing to see: reload to be asked again')));
}

function move(step) {
  const journaled = $('journal').contains(document.activeElement) || document.body.dataset.view === 'journal';
  const stops = [...document.querySelectorAll(journaled ? '#entries > details:not([hidden]) > summary' : '#cards > article')];
  const place = stops.findIndex((stop) => stop.contains(document.activeElement));
  stops[Math.max(0, Math.min(stops.length - 1, place + step))]?.focus();
}

const press = (id) => () => $(id).disabled || $(id).click();
const shortcuts = {
  i: press('port-in'), o: press('port-out'), h: press('clock-hour'), d: press('clock-due'), w: press('clock-opening'), m: press('clock-day'),
  f: press('clock-freeze'), t: press('clock-set'), '?': press('help'), j: () => move(1), k: () => move(-1),
  s: () => $('sandbox').focus(), g: () => $('org').focus(),
  '/': () => { location.hash = document.querySelectorAll('nav a')[1].hash; setTimeout(() => $('number').focus()); },
};
VIEWS.forEach((view, place) => { shortcuts[place + 1] = () => document.querySelectorAll('nav a')[place].click(); });

function listen() {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || $('dialog').open) return;
    if (event.target.closest('input:not([type=checkbox]), select, textarea')) return;
    const shortcut = shortcuts[event.key];
    if (!shortcut) return;
    event.preventDefault();
    shortcut();
  });
  addEventListener('hashchange', () => { readAddress(); refresh(); });
  document.addEventListener('visibilitychange', () => document.hidden || refresh());
  const actions = {...clock.clockActions, ...sandboxActions, help, 'port-in': () => portIn(), 'port-out': portOut};
  for (const [id, action] of Object.entries(actions)) $(id).addEventListener('click', () => (id === 'help' ? action() : perform(action)));
  $('sandbox').addEventListener('change', () => perform(() => { here.sandbox = $('sandbox').value; }));
  $('org').addEventListener('change', () => perform(() => { here.org = $('org').value; }));
}

async function start() {
  onTokenNeeded(askForToken);
  readAddress();
  portabilities.setUp(refresh);
  numbers.setUp();
  journal.setUp();
  listen();
  await refresh();
  await Promise.all([faults.setUp(), donors.showMagicNumbers((number) => perform(() => portIn(number)))]);
  setInterval(() => clock.tick() && watch(), 1000);
  setInterval(watch, POLL);
  document.body.dataset.ready = 'true';
}

start();
