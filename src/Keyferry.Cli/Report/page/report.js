'use strict';
(() => {
  const file = JSON.parse(document.getElementById('data').textContent);
  const { report, history } = file;
  const all = Math.max(report.counters.elapsedSeconds, 0.001);
  const at = id => document.getElementById(id);
  const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const group = new Intl.NumberFormat('en-US');
  const make = (tag, text, className) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (className) element.className = className;
    return element;
  };

  const bytes = count => {
    const units = ['B', 'kB', 'MB', 'GB', 'TB'];
    let unit = 0;
    while (count >= 999.5 && unit < units.length - 1) { count /= 1000; unit++; }
    return `${count.toFixed(unit > 0 && count < 9.95 ? 1 : 0)} ${units[unit]}`;
  };
  const duration = seconds => {
    if (seconds < 0.0995) return `${Math.round(seconds * 1000)} ms`;
    if (seconds < 59.5) return `${seconds.toFixed(seconds < 9.95 ? 1 : 0)} s`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
    return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds % 3600 / 60)} min`;
  };
  const clock = seconds => {
    if (all < 10) return `${+seconds.toFixed(1)} s`;
    const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds % 3600 / 60), Math.floor(seconds % 60)];
    const two = number => String(number).padStart(2, '0');
    return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
  };
  const most = values => values.reduce((a, b) => Math.max(a, b), 0);

  // The verdict, and what it rests on.
  const verdict = at('verdict');
  verdict.textContent = report.verdict.replace('-', ' ').toUpperCase();
  verdict.classList.add(report.verdict);
  at('sides').textContent = `${report.source} → ${report.target}${report.selection ? `, only ${report.selection}` : ''}`;
  at('means').textContent = file.means.charAt(0).toUpperCase() + file.means.slice(1);
  if (report.cutover) {
    const when = moment => `${moment.slice(0, 10)} ${moment.slice(11, 19)} UTC`;
    at('handover').hidden = false;
    at('handover').textContent = report.rollback
      ? `The clients were switched to ${report.target} at ${when(report.cutover.at)}, and brought back to ${report.source} at ${when(report.rollback.at)}.`
      : `The clients were switched to ${report.target} at ${when(report.cutover.at)}.`;
  }
  for (const reason of report.reasons) at('reasons').append(make('li', reason));
  for (const premise of report.premises ?? []) at('reasons').append(make('li', `provided that ${premise}`));

  const counters = report.counters;
  const fenced = ms => ms < 999.5 ? `${Math.round(ms)} ms` : duration(ms / 1000);
  const tile = (value, label) => {
    const box = make('div', undefined, 'tile');
    box.append(make('b', value), make('span', label));
    at('tiles').append(box);
  };
  tile(duration(counters.elapsedSeconds), 'in all');
  tile(group.format(counters.written), 'keys written');
  tile(group.format(counters.deleted), 'keys deleted');
  tile(bytes(counters.payloadBytes), 'of values');
  tile(group.format(counters.changes), 'changes heard of');
  if (counters.changesMoved > 0) tile(duration(most(history.lagP99Ms) / 1000), 'worst lag (p99)');
  tile(group.format(counters.gaps), counters.openGaps > 0 ? `gaps, ${counters.openGaps} open` : 'gaps');
  if (report.verify) tile(group.format(report.verify.compared), 'keys compared');
  if (report.cutover) tile(fenced(report.cutover.fencedMs), 'writes held back by the cutover');
  if (report.rollback) tile(fenced(report.rollback.fencedMs), 'writes held back by the rollback');
  if (report.wayBack) tile(group.format(report.wayBack.written + report.wayBack.deleted), 'keys moved back');
  if (report.wayBack?.putRight > 0) tile(group.format(report.wayBack.putRight), 'keys of strays put right on the old side');

  // The course: phases, gaps, and times of waiting on one axis.
  const palette = { arming: '--quiet', copying: '--blue', following: '--teal', draining: '--amber', proving: '--green',
    fencing: '--red', switching: '--red', 'ownership-unknown': '--ink', reversible: '--violet', planned: '--quiet', completed: '--line', aborted: '--line' };
  const course = at('course');
  const legend = make('div', undefined, 'legend');
  const explain = (color, text) => {
    const entry = make('span');
    const mark = make('i');
    mark.style.background = `var(${color})`;
    entry.append(mark, text);
    legend.append(entry);
  };
  const row = (label, spans) => {
    if (spans.length === 0) return;
    const line = make('div', undefined, 'row');
    const bar = make('div', undefined, 'bar');
    for (const span of spans) {
      const piece = make('i');
      piece.style.left = `${100 * Math.min(span.from, all) / all}%`;
      piece.style.width = `${100 * Math.max(0, Math.min(span.until, all) - Math.min(span.from, all)) / all}%`;
      piece.style.background = `var(${span.color})`;
      piece.title = `${span.text}: ${duration(Math.max(0, span.until - span.from))}`;
      bar.append(piece);
    }
    line.append(make('span', label), bar);
    course.append(line);
  };
  // Before the first phase both servers are examined.
  const entered = [{ phase: 'planned', atSeconds: 0 }, ...file.events.filter(event => event.type === 'phase')];
  const phases = entered
    .map((event, i) => ({ from: event.atSeconds, until: entered[i + 1]?.atSeconds ?? all, text: event.phase, color: palette[event.phase] }))
    .filter(span => span.color);
  const gaps = file.events.map((event, i) => ({ event, i })).filter(({ event }) => event.type === 'gap').map(({ event, i }) => ({
    from: event.atSeconds, text: event.text, color: '--amber',
    until: file.events.slice(i).find(other => other.type === 'gap-closed' && other.gap === event.gap)?.atSeconds ?? all,
  }));
  const held = file.held.map(one => ({ from: one.fromSeconds, until: Math.max(one.untilSeconds, one.fromSeconds + 1), text: one.why, color: '--red' }));
  row('phase', phases);
  row('gaps', gaps);
  row('held', held);
  const axis = make('div', undefined, 'axis');
  for (let i = 0; i <= 4; i++) axis.append(make('span', clock(all * i / 4)));
  course.append(axis);
  for (const phase of report.phases ?? []) {
    if (palette[phase.phase]) explain(palette[phase.phase], `${phase.phase} ${duration(phase.seconds)}`);
  }
  const last = phases.at(-1);
  if (report.cutover && last?.text === 'completed' && last.until - last.from >= 1) {
    explain(palette.completed, `watching the side that the clients have left ${duration(last.until - last.from)}`);
  }
  if (gaps.length > 0) explain('--amber', `${gaps.length} gap${gaps.length === 1 ? '' : 's'}, in the second row`);
  if (held.length > 0) explain('--red', 'held');
  course.append(legend);

  // The charts. Drawn anew when the width or the colour scheme changes.
  const short = value => value >= 1e6 ? `${+(value / 1e6).toFixed(1)}M` : value >= 1e3 ? `${+(value / 1e3).toFixed(1)}k` : `${+value.toFixed(1)}`;
  const charts = [
    { id: 'chart-rates', format: short, lines: [['moved', history.movedPerSecond, '--blue'], ['changes', history.changesPerSecond, '--amber']] },
    { id: 'chart-lag', format: short, lines: [['p50', history.lagP50Ms, '--teal'], ['p99', history.lagP99Ms, '--blue'], ['oldest waiting', history.oldestWaitingMs, '--red']] },
    { id: 'chart-bytes', format: bytes, lines: [['bytes', history.bytesPerSecond, '--violet']] },
    { id: 'chart-waiting', format: short, lines: [['waiting', history.waiting, '--amber']], percent: ['compared', history.verifiedPercent, '--green'] },
  ];
  const drawn = new Map();
  const draw = chart => {
    const place = at(chart.id);
    drawn.get(chart.id)?.destroy();
    const [ink, line] = [css('--quiet'), css('--line')];
    const axisOf = (scale, format, more) => ({
      scale, stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, size: 62,
      values: (_, splits) => splits.map(value => value === null ? '' : format(value)), ...more,
    });
    const series = chart.lines.map(([label, , color]) => ({
      label, stroke: css(color), width: 1.5, points: { show: history.elapsedSeconds.length < 3 }, value: (_, value) => value === null ? '–' : chart.format(value),
    }));
    const columns = chart.lines.map(([, values]) => values);
    const axes = [axisOf('x', clock, { size: 34, space: 70 }), axisOf('y', chart.format)];
    const scales = { x: { time: false }, y: { range: (_, low, high) => [0, high > 0 ? high * 1.05 : 1] } };
    if (chart.percent && chart.percent[1].some(value => value !== null)) {
      series.push({ label: chart.percent[0], stroke: css(chart.percent[2]), width: 1.5, scale: '%', value: (_, value) => value === null ? '–' : `${value} %` });
      columns.push(chart.percent[1]);
      axes.push(axisOf('%', value => `${value} %`, { side: 1, grid: { show: false }, size: 60 }));
      scales['%'] = { range: [0, 100] };
    }
    drawn.set(chart.id, new uPlot(
      { width: Math.max(240, place.clientWidth), height: 220, scales, axes, series: [{ label: 'after', value: (_, value) => value === null ? '–' : duration(value) }, ...series] },
      [history.elapsedSeconds, ...columns], place));
  };
  const drawAll = () => charts.forEach(draw);
  if (history.elapsedSeconds.length > 0) {
    drawAll();
    let width = document.body.clientWidth;
    new ResizeObserver(() => {
      if (document.body.clientWidth !== width) { width = document.body.clientWidth; drawAll(); }
    }).observe(document.body);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);
  } else {
    for (const chart of charts) at(chart.id).textContent = 'The run was over before anything was measured.';
  }

  // The comparison.
  const numbers = (place, rows, total) => {
    const table = make('table');
    for (const [label, count] of rows) {
      const line = table.insertRow();
      line.append(make('td', label), make('td', group.format(count), 'number'));
      const share = make('td', undefined, 'share');
      const bar = make('i');
      bar.style.width = `${total > 0 ? 100 * count / total : 0}%`;
      share.append(bar);
      line.append(share);
    }
    place.append(table);
  };
  const written = Object.entries(report.writtenByType ?? {}).sort((a, b) => b[1] - a[1]);
  if (written.length > 0) numbers(at('types'), written, most(written.map(pair => pair[1])));
  at('types-section').hidden = written.length === 0;
  const comparison = at('comparison');
  if (report.verify) {
    const verify = report.verify;
    comparison.append(make('p', `${group.format(verify.compared)} keys of the source were compared, and ${group.format(verify.lookedUp)} keys of the target looked up on the source${verify.comparedAgain === undefined ? '' : `, by the last whole walk; since it began, ${group.format(verify.comparedAgain)} keys were compared again, which were touched meanwhile`}.`));
    const differences = Object.entries(verify.differences);
    comparison.append(make('p', differences.length === 0 ? 'No differences.' : 'Differences that lasted:'));
    if (differences.length > 0) numbers(comparison, differences, verify.differenceCount);
    if (verify.inFlight > 0) comparison.append(make('p', `${group.format(verify.inFlight)} keys kept changing while they were compared: neither equal nor different.`));
    for (const doubt of verify.doubts) comparison.append(make('p', doubt));
    const types = Object.entries(verify.byType).sort((a, b) => b[1] - a[1]);
    if (types.length > 0) {
      comparison.append(make('p', 'Looked at one by one, by type; the others are the same bytes on both sides:'));
      numbers(comparison, types, most(types.map(pair => pair[1])));
    }
  } else {
    comparison.append(make('p', 'Both sides were not compared.'));
  }

  const keyTable = (title, keys, value) => {
    if (!keys || keys.length === 0) return;
    const box = make('div');
    box.append(make('p', title));
    const table = make('table');
    for (const key of keys) table.insertRow().append(make('td', `db${key.database} ${key.key ?? `(${key.type})`}`), make('td', value(key), 'number'));
    box.append(table);
    at('keys').append(box);
    at('keys-section').hidden = false;
  };
  keyTable('Biggest payloads', report.biggestKeys, key => bytes(key.bytes));
  keyTable('Slowest to arrive', report.slowestKeys, key => duration(key.seconds));

  if (report.functions) at('comparison').append(make('p', `Functions: ${report.functions}.`));
  for (const left of report.notMoved ?? []) at('stays').append(make('li', left));
  at('stays-section').hidden = !(report.notMoved?.length > 0);

  // What happened.
  const rows = at('events').tBodies[0];
  for (const event of file.events) {
    const line = rows.insertRow();
    line.className = event.level === 'error' ? 'error' : event.type.startsWith('gap') || event.level === 'warning' ? 'gap' : '';
    line.append(make('td', duration(event.atSeconds), 'number'), make('td', event.text));
  }
  for (const lease of report.leases ?? []) rows.insertRow().append(make('td', 'end', 'number'), make('td', lease));
  if (file.eventsLeftOut > 0) {
    at('events-left-out').hidden = false;
    at('events-left-out').textContent = `${group.format(file.eventsLeftOut)} later events are not shown.`;
  }
  const day = text => text.replace('T', ' ').replace(/\.\d+Z$|Z$/, ' UTC');
  at('footer').textContent = `Run ${report.run}, ${day(file.began)} to ${day(file.ended)}. Keyferry ${file.keyferry}. Charts: uPlot.`;
  document.documentElement.dataset.ready = String(drawn.size);
})();
