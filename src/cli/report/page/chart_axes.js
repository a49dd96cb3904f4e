
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

/// A scale that reaches to infinity, or a logarithmic one to zero, draws nothing: the ends stay numbers.
const finite = (value) => Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value));
const logDomain = (low, high) => [Math.max(Number.MIN_VALUE, low), finite(high)];

/// Where amounts lie, error bars included, over all panels: those can be compared.
function amounts(data) {
  const values = [];
  for (const panel of data.panels) {
    for (const p of panel.points) {
      if (p.y === null) continue;
      values.push(p.y);
      if (p.e !== null) values.push(finite(p.y - p.e), finite(p.y + p.e));
    }
  }
  return values;
}

/// Scale of amounts. `zero`: bars begin there; `room`: share of the range left free behind the largest, for numbers.
function amountScale(data, range, {zero, room = 0}) {
  const values = amounts(data);
  if (data.chart.y_log) {
    const [low, high] = extent(values.filter((value) => value > 0)) ?? [1, 10];
    const domain = logDomain(low * (zero ? 0.5 : 0.8), high * (1.25 + 4 * room));
    return {scale: {name: "amount", type: "log", domain, range, clamp: true}, base: domain[0], axis: {values: logTicks(domain), format: tickFormat(domain)}};
  }
  let [low, high] = extent(values) ?? [0, 1];
  if (zero || (low > 0 && low < 0.25 * high)) [low, high] = [Math.min(0, low), Math.max(0, high)];
  if (low === high) [low, high] = low === 0 ? [0, 1] : [low - 0.1 * Math.abs(low), high + 0.1 * Math.abs(high)];
  const more = room * high - room * low;
  const domain = [finite(low < 0 ? low - more : low), finite(high > 0 ? high + more : high)];
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
  const decades = Math.log10(high) - Math.log10(low);
  if (!Number.isFinite(decades)) return [];
  if (decades > 2) return ticks([1], Math.ceil(decades / 7));
  return ticks(decades > 1.2 ? [1, 3] : [1, 2, 5], 1);
}

/// Commas, or powers of ten where numbers would be long.
const tickFormat = ([low, high]) => (Math.max(-low, high) >= 1e7 ? ".3~g" : ",~g");

function wholeTicks(column, domain) {
  if (Math.max(-domain[0], domain[1]) >= 1e7) return {format: tickFormat(domain)};
  if (column?.kind !== "integer") return {};
  return {tickMinStep: 1, ...(isYear(domain[0], column) && isYear(domain[1], column) ? {format: "d"} : {})};
}

/// Numbers of several orders of magnitude, such as 3 to 512 concepts, lie too close to one another on a linear axis.
function isGeometric(values) {
  const sorted = [...new Set(values)].sort((a, b) => a - b);
  const count = sorted.length;
  return count >= 5 && sorted[0] > 0 && sorted[count - 1] >= 30 * sorted[0] && sorted[Math.floor(count / 2)] < 0.3 * sorted[count - 1];
}

/// Scale of numbers along x, and its axis. @param part  "bins", "lines" or "dots"
function numberScale(data, width, part) {
  const column = data.columns.x;
  const values = data.panels.flatMap((panel) => panel.points.flatMap((p) => (part === "bins" ? [p.x, p.x2] : [p.x])));
  let [low, high] = extent(values) ?? [0, 1];
  const axis = {orient: "bottom", scale: "x", title: shown(column.title).replace(/,? from$/i, ""), domain: true, ticks: true};
  if (part === "lines" && isGeometric(values)) {
    const domain = logDomain(low * 0.9, high * 1.1);
    return {scale: {name: "x", type: "log", domain, range: "width"},
      axis: {...axis, title: `${axis.title} (logarithmic)`, values: logTicks(domain), format: tickFormat(domain)}};
  }
  if (low === high) [low, high] = column.kind === "integer" ? [low - 1, high + 1] : [low - 0.1 * Math.abs(low) - 1e-9, high + 0.1 * Math.abs(high) + 1e-9];
  const edge = part === "bins" ? 0 : 0.02 * high - 0.02 * low;
  const whole = column.kind !== "integer" ? {} : isYear(low, column) && isYear(high, column) ? {format: "d", tickMinStep: 1} : {tickMinStep: 1};
  return {scale: {name: "x", type: "linear", domain: [finite(low - edge), finite(high + edge)], range: "width", zero: false},
    axis: {...axis, tickCount: Math.max(2, Math.floor(width / 90)), ...whole}};
}

/// Places points among the categories of a side ("x" or "y"): sets their `xAt` or `yAt`, and returns the names. With `apart` a name that comes twice
/// in a series is two categories. Vega is told places: some names, "constructor" for one, mislead its look-ups.
function placed(points, side, apart) {
  const places = new Map(), names = [], counts = new Map();
  for (const p of points) {
    const name = p[side];
    const count = apart ? counts.get(`${p.i}\n${name}`) ?? 0 : 0;
    if (apart) counts.set(`${p.i}\n${name}`, count + 1);
    const key = `${count}\n${name}`;
    if (!places.has(key)) places.set(key, names.push(name) - 1);
    p[`${side}At`] = places.get(key);
  }
  return names;
}

/// A side's scale over places, and the one that names them.
function categoryScales(side, names, more) {
  const domain = names.map((_, i) => i);
  return [{name: side, domain, ...more}, {name: `${side}Name`, type: "ordinal", domain, range: names}];
}

const namedLabels = (side) => ({scale: side, labelOverlap: false, encode: {labels: {update: {text: {scale: `${side}Name`, field: "value"}}}}});

/// Labels of categories along x: level where they fit, else turned, else only some of them.
function categoryAxis(names, step, title) {
  const widest = names.reduce((most, name) => Math.max(most, textWidth(name)), 0);
  const axis = {...namedLabels("x"), orient: "bottom", title, domain: true};
  if (widest + 8 <= step) return {...axis, labelLimit: 0};
  // Turned labels need 20 pixels each; where most are left out, fewer are as good.
  const every = Math.max(1, Math.ceil((step < 8 ? 80 : 20) / step));
  return {...axis, labelAngle: -40, labelAlign: "right", labelBaseline: "top", labelLimit: 120, labelPadding: 3,
    values: names.map((_, i) => i).filter((i) => i % every === 0)};
}

/// Names down the left side. Panels side by side leave the same room, so that their amounts can be compared.
function nameAxis(data, side, width, share) {
  const labelLimit = Math.max(70, Math.min(300, share * width));
  const widest = data.panels.reduce((most, panel) => panel.points.reduce((m, p) => Math.max(m, textWidth(p[side])), most), 0);
  const room = Math.min(labelLimit, Math.ceil(widest)) + 8;
  return {...namedLabels("y"), orient: "left", labelLimit, minExtent: room, labelColor: "var(--ink)", labelPadding: 8};
}
