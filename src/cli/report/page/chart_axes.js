
const chartFont = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
const fontSize = 12;
const pen = document.createElement("canvas").getContext("2d");

function textWidth(text) {
  pen.font = `${fontSize}px ${chartFont}`;
  return pen.measureText(text).width;
}

// Colours are variables of the style sheet: light, dark and print need no second drawing.
const chartConfig = {
  axis: {labelColor: "var(--soft)", titleColor: "var(--soft)", gridColor: "var(--grid)", domainColor: "var(--axis)", tickColor: "var(--axis)",
    labelFont: chartFont, titleFont: chartFont, labelFontSize: fontSize, titleFontSize: fontSize, titleFontWeight: "normal", tickSize: 4,
    labelPadding: 5, titlePadding: 8, domain: false, ticks: false},
  title: {color: "var(--soft)", font: chartFont, fontSize, fontWeight: "normal", anchor: "start", frame: "bounds", offset: 8},
  text: {font: chartFont, fontSize: 11},
};

function extent(values) {
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    if (value === null) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low <= high ? [low, high] : null;
}

/// Where amounts lie, error bars included, over all panels: those can be compared.
function amounts(data) {
  const values = [];
  for (const panel of data.panels) {
    for (const p of panel.points) {
      if (p.y === null) continue;
      values.push(p.y);
      if (p.e !== null) values.push(p.y - p.e, p.y + p.e);
    }
  }
  return values;
}

/// Scale of amounts. `zero`: bars begin there; `room`: share of the range left free behind the largest, for numbers.
function amountScale(data, range, {zero, room = 0}) {
  const values = amounts(data);
  if (data.chart.y_log) {
    const [low, high] = extent(values.filter((value) => value > 0)) ?? [1, 10];
    const domain = [low * (zero ? 0.5 : 0.8), high * (1.25 + 4 * room)];
    return {scale: {name: "amount", type: "log", domain, range, clamp: true}, base: domain[0], axis: {values: logTicks(domain), format: "~g"}};
  }
  let [low, high] = extent(values) ?? [0, 1];
  if (zero || (low > 0 && low < 0.25 * high)) [low, high] = [Math.min(0, low), Math.max(0, high)];
  if (low === high) [low, high] = low === 0 ? [0, 1] : [low - 0.1 * Math.abs(low), high + 0.1 * Math.abs(high)];
  const more = room * (high - low);
  const domain = [low < 0 ? low - more : low, high > 0 ? high + more : high];
  return {scale: {name: "amount", type: "linear", domain, range, nice: room === 0, zero: false}, base: 0, axis: wholeTicks(data.columns.y, domain)};
}

function logTicks([low, high]) {
  const ticks = (steps, every) => {
    const found = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += every) {
      for (const step of steps) {
        const value = Number(`${step}e${power}`);
        if (value >= low && value <= high) found.push(value);
      }
    }
    return found;
  };
  const decades = Math.log10(high / low);
  if (decades > 2) return ticks([1], Math.ceil(decades / 7));
  return ticks(decades > 1.2 ? [1, 3] : [1, 2, 5], 1);
}

function wholeTicks(column, domain) {
  if (column?.kind !== "integer") return {};
  return {tickMinStep: 1, ...(isYear(domain[0], column) && isYear(domain[1], column) ? {format: "d"} : {})};
}

/// Scale of numbers along x.
function numberScale(data, width, part) {
  const all = data.panels.flatMap((panel) => panel.points);
  let [low, high] = extent(all.flatMap((p) => (part === "bins" ? [p.x, p.x2] : [p.x]))) ?? [0, 1];
  if (low === high) [low, high] = data.columns.x.kind === "integer" ? [low - 1, high + 1] : [low - 0.1 * Math.abs(low) - 1e-9, high + 0.1 * Math.abs(high) + 1e-9];
  const year = data.columns.x.kind === "integer" && isYear(low, data.columns.x);
  const edges = part === "dots" ? [low - 0.02 * (high - low), high + 0.02 * (high - low)] : [low, high];
  return {scale: {name: "x", type: "linear", domain: edges, range: "width", zero: false},
    axis: {orient: "bottom", scale: "x", title: shown(data.columns.x.title), tickCount: Math.max(2, Math.floor(width / 90)), domain: true, ticks: true,
      ...(year ? {format: "d", tickMinStep: 1} : data.columns.x.kind === "integer" ? {tickMinStep: 1} : {})}};
}

/// Labels of categories along x: level where they fit, else turned, else only some of them.
function categoryAxis(names, step, title) {
  const widest = names.reduce((most, name) => Math.max(most, textWidth(name)), 0);
  const axis = {orient: "bottom", scale: "x", title, domain: true};
  if (widest + 8 <= step) return {...axis, labelLimit: 0, labelOverlap: false};
  const every = Math.max(1, Math.ceil(15 / step));
  return {...axis, labelAngle: -40, labelAlign: "right", labelBaseline: "top", labelLimit: 120, labelOverlap: false, labelPadding: 3,
    values: names.filter((_, i) => i % every === 0)};
}

/// Two equal names are two categories.
function separated(points) {
  const seen = new Map();
  return points.map((p) => {
    const key = `${p.i}\n${p.x}`;
    const count = seen.get(key) ?? 0;
    seen.set(key, count + 1);
    return count === 0 ? p : {...p, x: p.x + "\u200b".repeat(count)};
  });
}
