// Building the page. Whatever comes from a server becomes a text node: nothing here or elsewhere parses it as markup.

const PROPERTIES = new Set(['value', 'checked', 'disabled', 'open', 'selected', 'textContent', 'required', 'readOnly']);

// An element: `h('p', {class: 'lead'}, 'text', child)`. `on…` members are listeners; null, undefined and false are left out.
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (PROPERTIES.has(key)) element[key] = value;
    else element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const $ = (id) => document.getElementById(id);

export function fill(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
}

// Shows a list, touching only what has changed, so that focus and open details stay where they are.
export function reconcile(parent, items, key, build) {
  const present = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  const wanted = items.map((item) => {
    const id = String(key(item));
    const signature = JSON.stringify(item);
    const old = present.get(id);
    if (old?.signature === signature) return old;
    const fresh = build(item);
    fresh.dataset.key = id;
    fresh.signature = signature;
    if (old) replace(old, fresh);
    return fresh;
  });
  const keep = new Set(wanted);
  for (const child of [...parent.children]) if (!keep.has(child)) child.remove();
  wanted.forEach((child, place) => {
    if (parent.children[place] !== child) parent.insertBefore(child, parent.children[place] ?? null);
  });
}

function replace(old, fresh) {
  for (const details of fresh.querySelectorAll('details[data-part]')) {
    details.open = old.querySelector(`details[data-part="${details.dataset.part}"]`)?.open ?? false;
  }
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  old.replaceWith(fresh);
  if (!focused) return;
  const again = focused.dataset.action && fresh.querySelector(`[data-action="${focused.dataset.action}"]:not(:disabled)`);
  (again || fresh).focus({preventScroll: true});
}

export function toast(text, kind = 'good') {
  const note = h('p', {class: `toast ${kind}`}, text);
  $('toasts').append(note);
  setTimeout(() => note.remove(), kind === 'bad' ? 9000 : 4000);
}

// Asks by a form in a dialog. `submit(form)` may throw: the message stays in the dialog. Resolves once it is closed.
export function ask({title, lead, fields, action, danger, wide, submit}) {
  const dialog = $('dialog');
  const failure = h('p', {class: 'error', role: 'alert'});
  const go = h('button', {class: danger ? 'danger' : 'primary', 'data-action': 'go'}, action);
  const form = h('form', {novalidate: true},
    h('h2', {id: 'dialog-title'}, title), lead && h('p', {class: 'lead'}, lead), fields, failure,
    h('div', {class: 'buttons end'}, h('button', {type: 'button', onclick: () => dialog.close()}, 'Cancel'), go));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (!form.reportValidity()) return;
    go.disabled = true;
    try {
      await submit(form);
      dialog.close();
    } catch (error) {
      fill(failure, error.message);
    }
    go.disabled = false;
  });
  return show(form, wide);
}

// Shows a dialog; focus goes back to where it was.
export function show(content, wide) {
  const dialog = $('dialog');
  if (dialog.open) return Promise.resolve();
  const before = document.activeElement;
  dialog.classList.toggle('wide', Boolean(wide));
  fill(dialog, content);
  dialog.showModal();
  (dialog.querySelector('[autofocus]') ?? dialog.querySelector('input, select, button')).focus();
  return new Promise((resolve) => dialog.addEventListener('close', () => {
    if (document.contains(before)) before.focus({preventScroll: true});
    resolve();
  }, {once: true}));
}

// A labelled control: `field('Number', input(…), 'a hint')`.
export function field(label, control, hint) {
  return h('label', {class: 'field'}, h('span', {}, label), control, hint && h('small', {}, hint));
}

export function select(name, options, attributes = {}) {
  const element = h('select', {name, ...attributes}, options.map((option) => {
    const [value, text] = Array.isArray(option) ? option : [option, option];
    return h('option', {value}, text);
  }));
  if (attributes.value !== undefined) element.value = attributes.value;
  return element;
}

// Rows under a heading; a cell is a text or a node.
export function table(heads, rows, empty) {
  if (rows.length === 0) return h('p', {class: 'empty'}, empty);
  return h('div', {class: 'scroll', tabindex: '0', role: 'region', 'aria-label': heads.filter(Boolean).join(', ')}, h('table', {},
    h('thead', {}, h('tr', {}, heads.map((head) => h('th', {scope: 'col'}, head)))),
    h('tbody', {}, rows.map((row) => h('tr', {}, row.map((cell) => h('td', {}, cell)))))));
}

// Names and values; absent ones are left out.
export function facts(pairs) {
  return h('dl', {class: 'facts'}, pairs.filter(([, value]) => value !== null && value !== undefined && value !== '')
    .map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));
}
