'use strict';
(() => {
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId('data').textContent);
  const items = [...document.querySelectorAll('#list li')];
  const links = items.map((item) => item.firstElementChild);
  const texts = items.map((item) => item.textContent.toLowerCase());
  const numbers = new Map(data.records.map((record, number) => [record.name, number]));
  const search = byId('search');
  const svg = document.querySelector('#canvas svg');
  const nodes = [...document.querySelectorAll('#nodes > a')];
  const notes = nodes.map((node) => node.querySelector('.note'));
  const edges = [...document.querySelectorAll('#edges > path')];
  const WIDE = 8;
  let chosen = -1;
  let start = 0;
  let client = 'curl';

  // All texts of specs come in as text: no HTML is ever made of them.
  const make = (name, attributes, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) element.setAttribute(key, value);
    element.append(...children.filter((child) => child !== null));
    return element;
  };
  const counted = (number, one, many) => `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
  const shown = () => items.map((_, number) => number).filter((number) => !items[number].hidden);

  const find = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    items.forEach((item, number) => {
      item.hidden = !words.every((word) => texts[number].includes(word));
      found += item.hidden ? 0 : 1;
    });
    const all = counted(items.length, 'sandbox', 'sandboxes');
    byId('count').textContent = words.length ? `${found.toLocaleString('en')} of ${all}` : all;
    start = 0;
    tabulate();
  };

  const mark = (record) => {
    svg.classList.toggle('chosen', Boolean(record));
    const way = new Set(record ? record.way : []);
    const clones = record ? record.clones : {};
    const met = new Set(record ? Object.keys(clones).map(Number) : []);
    edges.forEach((edge, number) => {
      edge.classList.toggle('way', way.has(number));
      if (way.has(number)) {
        met.add(data.arrows[number][0]);
        met.add(data.arrows[number][1]);
        edge.parentNode.append(edge);
      }
    });
    nodes.forEach((node, number) => {
      node.classList.toggle('way', met.has(number));
      node.classList.toggle('clone', number in clones);
      const note = number in clones ? fitted(clones[number], node) : notes[number].dataset.note;
      notes[number].textContent = note;
      const box = node.querySelector('rect');
      const middle = Number(box.getAttribute('y')) + (note ? 18.5 : 25.5);
      node.querySelector('text').setAttribute('y', String(middle));
    });
  };
  // The picture is made smaller to fit, down to what can still be read; what is chosen comes into view.
  const least = 0.78;
  const size = [svg.getAttribute('width'), svg.getAttribute('height')].map(Number);
  svg.removeAttribute('width');
  svg.removeAttribute('height');
  Object.assign(svg.style, { width: '100%', maxWidth: `${size[0]}px`, minWidth: `${size[0] * least}px` });
  const whole = byId('whole');
  const isWide = () => svg.getBoundingClientRect().width > byId('canvas').clientWidth + 1;
  whole.hidden = !isWide();
  whole.addEventListener('click', () => {
    const isWhole = whole.getAttribute('aria-pressed') !== 'true';
    whole.setAttribute('aria-pressed', String(isWhole));
    svg.style.minWidth = isWhole ? '0' : `${size[0] * least}px`;
    reveal();
  });
  addEventListener('resize', () => { whole.hidden = !isWide() && whole.getAttribute('aria-pressed') !== 'true'; });
  const reveal = () => {
    const canvas = byId('canvas');
    const met = [...canvas.querySelectorAll('.node.clone')].map((node) => node.getBoundingClientRect());
    if (!met.length) return;
    const first = met.reduce((one, other) => (other.left < one.left ? other : one));
    const frame = canvas.getBoundingClientRect();
    if (first.left < frame.left || first.right > frame.right) canvas.scrollLeft += (first.left + first.right - frame.left - frame.right) / 2;
  };
  const fitted = (text, node) => {
    const most = Math.floor((Number(node.querySelector('rect').getAttribute('width')) - 16) / 6);
    return text.length > most ? `${text.slice(0, Math.ceil((most - 1) / 2))}…${text.slice(text.length - Math.floor((most - 1) / 2))}` : text;
  };

  const copyable = (text, label) => {
    const button = make('button', { type: 'button', 'aria-label': `Copy ${label}` }, 'Copy');
    const place = make('pre', {}, text);
    button.addEventListener('click', async () => {
      try {
        await navigator.clipboard.writeText(text);
        button.textContent = 'Copied';
      } catch {
        getSelection().selectAllChildren(place);
        button.textContent = document.execCommand('copy') ? 'Copied' : 'Selected';
      }
      setTimeout(() => { button.textContent = 'Copy'; }, 2000);
    });
    return make('div', { class: 'copy' }, place, button);
  };

  const setUp = (record) => {
    const names = Object.keys(record.setups);
    if (!names.includes(client)) client = names[0];
    const area = make('div', {}, copyable(record.setups[client].trimEnd(), `the set-up of ${client}`));
    const buttons = names.map((name) => {
      const button = make('button', { type: 'button', 'aria-pressed': String(name === client) }, name);
      button.addEventListener('click', () => {
        client = name;
        buttons.forEach((other, number) => other.setAttribute('aria-pressed', String(names[number] === name)));
        area.replaceChildren(copyable(record.setups[name].trimEnd(), `the set-up of ${name}`));
      });
      return button;
    });
    return [make('h3', {}, 'Header'), copyable(record.header, 'the header'),
      make('div', { class: 'clients', role: 'group', 'aria-label': 'Client' }, ...buttons), area,
      make('p', { class: 'quiet' }, 'Other clients: ', make('code', {}, `sandlane connect ${record.name} --for …`))];
  };

  const table = (title, head, rows) => [make('h3', {}, title), make('table', {},
    make('thead', {}, make('tr', {}, ...head.map((name) => make('th', { scope: 'col' }, name)))),
    make('tbody', {}, ...rows.map(([first, ...rest]) => make('tr', {}, make('th', { scope: 'row' }, first),
      ...rest.map((cell) => make('td', {}, cell))))))];

  const answers = (record) => table('Who answers', ['Service and port', 'Answered by', 'By rule'],
    record.own.map(([row, answer, rule, place]) => [data.rows[row][0], make('b', {}, answer),
      make('span', {}, rule, make('span', { class: 'line quiet' }, place))]));

  const steps = (record) => {
    const found = new Map();
    for (const number of record.way) {
      const [from, to, by, place] = data.arrows[number];
      if (by && !found.has(from)) found.set(from, [data.nodes[to], by, place]);
    }
    if (!found.size) return [];
    const said = new Map();
    for (const [from, [to, by, place]] of [...found].sort((a, b) => (data.nodes[a[0]] < data.nodes[b[0]] ? -1 : 1))) {
      const [isShown, says] = data.passing[from] || [false, 'nothing in its manifest shows that it does'];
      const line = make('li', {}, make('b', {}, data.nodes[from]), ` calls ${to} `, make('span', { class: 'quiet' }, `${by}, ${place}`));
      const text = `${isShown ? '✓ ' : ''}${says}`;
      if (!said.has(text)) said.set(text, [isShown, []]);
      said.get(text)[1].push(line);
    }
    const groups = [...said].map(([text, [isShown, lines]]) => make('div', {},
      make('p', isShown ? { class: 'good' } : {}, text), make('ul', { class: 'steps' }, ...lines)));
    return [make('h3', {}, 'On the way these must pass the tenant on'), ...groups];
  };

  const tell = (record) => {
    const place = byId('chosen');
    place.hidden = !record;
    if (!record) {
      place.replaceChildren();
      return;
    }
    const close = make('button', { type: 'button' }, 'Clear');
    close.addEventListener('click', letGo);
    const facts = [['tenantID', record.tenantID], ['owner', record.owner], ['expires', record.expires], ['spec', record.file],
      ['preview', record.preview ? make('a', { href: record.preview, rel: 'noreferrer' }, record.preview) : null]]
      .filter(([, value]) => value)
      .map(([name, value]) => make('div', {}, make('dt', {}, name), make('dd', {}, value)));
    place.replaceChildren(
      make('h2', {}, make('span', {}, `${record.name} `, ...record.notes.map((note) => make('span', { class: 'mark bad' }, note))), close),
      make('dl', { class: 'facts' }, ...facts),
      ...record.accepted.map((text) => make('p', { class: 'loud' }, `Accepted risk: ${text}`)),
      ...(record.header ? [...setUp(record), ...(record.own.length ? answers(record) : []), ...steps(record)]
        : [make('p', {}, 'It has no clones and no routes now.')]));
  };

  const tabulate = () => {
    const tenants = shown().filter((number) => number !== chosen && data.records[number].own);
    const first = chosen >= 0 && data.records[chosen].own ? [chosen] : [];
    start = Math.max(0, Math.min(start, tenants.length - 1));
    const columns = [...first, ...tenants.slice(start, start + WIDE - first.length)];
    const cells = columns.map((number) => new Map(data.records[number].own));
    const rows = document.querySelectorAll('#matrix tr');
    rows.forEach((row, number) => {
      while (row.children.length > 2) row.lastElementChild.remove();
      columns.forEach((record, column) => {
        if (!number) row.append(make('th', { scope: 'col' }, make('a', { href: `#sandbox=${encodeURIComponent(data.records[record].name)}` }, data.records[record].name)));
        else if (cells[column].has(number - 1)) row.append(make('td', { class: 'own' }, cells[column].get(number - 1)));
        else row.append(make('td', {}));
      });
    });
    const pages = tenants.length > WIDE - first.length;
    byId('pager').hidden = !pages;
    const end = Math.min(tenants.length, start + WIDE - first.length);
    byId('window').textContent = `${(start + 1).toLocaleString('en')} to ${end.toLocaleString('en')} of ${counted(tenants.length, 'tenant', 'tenants')}`;
    byId('back').disabled = start === 0;
    byId('on').disabled = end >= tenants.length;
  };

  const choose = (number) => {
    chosen = number;
    const record = data.records[number];
    links.forEach((link, index) => (index === number ? link.setAttribute('aria-current', 'true') : link.removeAttribute('aria-current')));
    mark(record && record.header ? record : null);
    reveal();
    tell(record);
    tabulate();
    if (record) links[number].scrollIntoView({ block: 'nearest' });
  };

  const letGo = () => {
    history.replaceState(null, '', location.pathname + location.search);
    choose(-1);
  };

  const read = () => {
    const [, key, value] = /^#(sandbox|find)=(.*)$/.exec(location.hash) || [];
    let text = '';
    try { text = decodeURIComponent(value || ''); } catch { return; }
    if (key === 'find' && search) {
      search.value = text;
      find();
    }
    if (key === 'sandbox') choose(numbers.has(text) ? numbers.get(text) : -1);
  };

  const step = (by) => {
    const visible = shown();
    const at = visible.findIndex((number) => links[number] === document.activeElement);
    const next = visible[Math.max(0, Math.min(visible.length - 1, at < 0 ? 0 : at + by))];
    if (next !== undefined) links[next].focus();
  };

  document.addEventListener('keydown', (event) => {
    const isIn = document.activeElement === search || links.includes(document.activeElement);
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === '/' && search && document.activeElement !== search) {
      event.preventDefault();
      search.focus();
      search.select();
    } else if (isIn && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      event.preventDefault();
      if (event.key === 'ArrowUp' && links[shown()[0]] === document.activeElement) search.focus();
      else step(event.key === 'ArrowDown' ? 1 : -1);
    } else if (event.key === 'Escape') {
      if (search && search.value) {
        search.value = '';
        find();
      } else letGo();
    }
  });

  const THEMES = ['auto', 'light', 'dark'];
  const theme = byId('theme');
  theme.hidden = false;
  theme.addEventListener('click', () => {
    const now = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme || 'auto') + 1) % THEMES.length];
    document.documentElement.dataset.theme = now;
    theme.textContent = `Theme: ${now}`;
  });
  byId('back').addEventListener('click', () => { start -= WIDE - (chosen >= 0 ? 1 : 0); tabulate(); });
  byId('on').addEventListener('click', () => { start += WIDE - (chosen >= 0 ? 1 : 0); tabulate(); });
  if (search) search.addEventListener('input', find);
  addEventListener('hashchange', read);
  addEventListener('beforeprint', () => document.querySelectorAll('details').forEach((part) => { part.open = true; }));
  tabulate();
  read();
})();
