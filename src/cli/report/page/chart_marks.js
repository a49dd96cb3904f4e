
const scaled = (scale, field, more = {}) => ({scale, field, ...more});
const withTip = (encode) => ({enter: {tooltip: {field: "tip"}, ...encode}});
const mark = (type, data, encode) => ({type, aria: false, from: {data}, encode: withTip(encode)});

function emptySpec(data, width, height) {
  return {width, height, padding: {left: 1, right: 8, top: 2, bottom: 2}, autosize: {type: "fit-x", contains: "padding"}, config: chartConfig,
    description: shown(data.chart.description || data.chart.title), data: [], scales: [], axes: [], marks: []};
}

/// The title of the axis of amounts stands level above it.
const amountTitle = (data) => ({text: shown(data.columns.y.title) + (data.chart.y_log ? " (logarithmic)" : "")});

function drawnPoints(points, base) {
  return points.filter((p) => p.y !== null).map((p) => ({...p, low: p.e === null ? null : Math.max(p.y - p.e, base), high: p.e === null ? null : p.y + p.e}));
}

const lowest = (data, amount) => (data.chart.y_log ? amount.base : -Infinity);

/// Bars: `along` is the side their lengths run.
function barSpec(data, panel, width, along) {
  const level = along === "x";
  const {points} = panel;
  const names = placed(points, "x", true);
  const groups = data.series.length;
  const barStep = groups > 1 ? Math.max(24, 9 * groups + 8) : names.length > 100 ? 16 : 23;
  const labels = level && groups === 1 && !data.columns.error && width >= 420 && names.length <= 60;
  const height = level ? Math.max(1, names.length) * barStep : width < 500 ? 220 : 280;
  const spec = emptySpec(data, width, height);
  const amount = amountScale(data, level ? "width" : "height", {zero: true, room: labels ? 0.09 : 0});
  const crowded = !level && names.length > width / 5;
  const category = level ? "y" : "x";
  spec.scales = [amount.scale, ...categoryScales(category, names, {type: "band", range: level ? [0, height] : "width",
    paddingInner: crowded ? 0 : 0.28, paddingOuter: crowded ? 0 : 0.14}),
    {name: "sub", type: "band", domain: data.series.map((_, i) => i), range: {signal: `[0, bandwidth('${category}')]`}, paddingInner: groups > 1 ? 0.08 : 0}];
  const drawn = drawnPoints(points, lowest(data, amount));
  spec.data = [{name: "points", values: drawn}, {name: "absent", values: points.filter((p) => p.y === null)},
    {name: "errors", values: drawn.filter((p) => p.e !== null)}];
  const [side, side2, across, size] = level ? ["x", "x2", "y", "height"] : ["y", "y2", "x", "width"];
  const place = (band) => scaled(category, "xAt", {offset: {scale: "sub", field: "i", band}});
  spec.marks = [
    mark("rect", "points", {[side]: scaled("amount", "y"), [side2]: {scale: "amount", value: amount.base}, [across]: place(0),
      [size]: {scale: "sub", band: 1}, fill: {field: "fill"}}),
    mark("rule", "errors", {[side]: scaled("amount", "low"), [side2]: scaled("amount", "high"), [across]: place(0.5),
      stroke: {value: "var(--ink)"}, strokeWidth: {value: 1.5}}),
    mark("text", "absent", {[side]: {scale: "amount", value: amount.base, offset: level ? 5 : -3}, [across]: place(0.5), text: {value: "–"},
      baseline: {value: level ? "middle" : "bottom"}, align: {value: level ? "left" : "center"}, fill: {value: "var(--soft)"}})];
  if (labels) {
    for (const p of drawn) Object.assign(p, {label: numberText(p.y, data.columns.y), side: p.y < 0 ? "right" : "left", shift: p.y < 0 ? -5 : 5});
    spec.marks.push(mark("text", "points", {x: scaled("amount", "y", {offset: {field: "shift"}}), y: place(0.5), text: {field: "label"},
      align: {field: "side"}, baseline: {value: "middle"}, fill: {value: "var(--soft)"}}));
  }
  if (level) {
    spec.axes = [{orient: "bottom", scale: "amount", grid: true, title: amountTitle(data).text, tickCount: Math.max(2, Math.floor(width / 130)), ...amount.axis},
      nameAxis(data, "x", width, 0.38)];
  } else {
    spec.title = amountTitle(data);
    spec.axes = [{orient: "left", scale: "amount", grid: true, tickCount: 5, ...amount.axis},
      categoryAxis(names, (width - 60) / Math.max(1, names.length), shown(data.columns.x.title))];
  }
  if (!data.chart.y_log && amount.scale.domain[0] < 0) spec.marks.push(zeroRule(level));
  return spec;
}

function zeroRule(level) {
  const length = level ? {y: {value: 0}, y2: {field: {group: "height"}}} : {x: {value: 0}, x2: {field: {group: "width"}}};
  return {type: "rule", aria: false, encode: {enter: {[level ? "x" : "y"]: {scale: "amount", value: 0}, ...length, stroke: {value: "var(--axis)"}}}};
}

function lineSpec(data, panel, width) {
  const spec = emptySpec(data, width, width < 500 ? 220 : 290);
  const amount = amountScale(data, "height", {zero: false});
  const names = data.numericX ? [] : placed(panel.points, "x", false);
  const along = data.numericX ? numberScale(data, width, "lines")
    : {axis: categoryAxis(names, (width - 60) / Math.max(1, names.length), shown(data.columns.x.title))};
  const points = data.numericX ? [...panel.points].sort((a, b) => a.x - b.x) : panel.points;
  const several = data.series.length > mostSeries;
  // Behind one another: what has no colour is drawn first.
  const values = points.map((p) => ({...p, whole: p.y !== null, layer: -p.i})).sort((a, b) => a.layer - b.layer);
  const drawn = drawnPoints(values, lowest(data, amount));
  const perLine = drawn.length / data.series.length;
  spec.scales = [amount.scale, ...(data.numericX ? [along.scale] : categoryScales("x", names, {type: "point", range: "width", padding: 0.3}))];
  spec.data = [{name: "lines", values}, {name: "points", values: several ? drawn.filter((p) => p.i < mostSeries) : drawn},
    {name: "errors", values: drawn.filter((p) => p.e !== null)}];
  spec.title = amountTitle(data);
  spec.axes = [{orient: "left", scale: "amount", grid: true, tickCount: 5, ...amount.axis}, along.axis];
  const at = {x: scaled("x", data.numericX ? "x" : "xAt"), y: scaled("amount", "y")};
  spec.marks = [
    {type: "group", aria: false, from: {facet: {name: "line", data: "lines", groupby: "i"}}, marks: [{type: "line", aria: false, from: {data: "line"}, interactive: false,
      encode: {enter: {...at, stroke: {field: "fill"}, defined: {field: "whole"}, strokeWidth: several ? {signal: `datum.i < ${mostSeries} ? 2 : 1`} : {value: 2},
        strokeJoin: {value: "round"}}}}]},
    mark("rule", "errors", {x: at.x, y: scaled("amount", "low"), y2: scaled("amount", "high"), stroke: {field: "fill"}, strokeWidth: {value: 1.25}}),
    mark("symbol", "points", {...at, fill: {field: "fill"}, size: {value: perLine > 60 ? 60 : 42}, opacity: {value: perLine > 60 ? 0 : 1}})];
  return spec;
}

function histogramSpec(data, panel, width) {
  const spec = emptySpec(data, width, width < 500 ? 200 : 260);
  const amount = amountScale(data, "height", {zero: true});
  const along = numberScale(data, width, "bins");
  const base = {scale: "amount", value: amount.base};
  spec.scales = [amount.scale, along.scale];
  spec.title = amountTitle(data);
  spec.axes = [{orient: "left", scale: "amount", grid: true, tickCount: 5, ...amount.axis}, along.axis];
  if (data.series.length === 1) {
    spec.data = [{name: "points", values: panel.points}];
    const thin = panel.points.length > width / 4 ? 0 : 1;  // a gap between bars that have the room
    spec.marks = [mark("rect", "points", {x: scaled("x", "x"), x2: scaled("x", "x2", {offset: -thin}), y: scaled("amount", "y"), y2: base, fill: {field: "fill"}})];
    return spec;
  }
  // Several series: their outlines, over one another.
  const outline = [];
  data.series.forEach((_, i) => {
    const bins = panel.points.filter((p) => p.i === i).sort((a, b) => a.x - b.x);
    bins.forEach((p, k) => {
      const joined = k > 0 && bins[k - 1].x2 === p.x;
      if (!joined) outline.push({i, fill: p.fill, x: p.x, y: amount.base});
      outline.push({i, fill: p.fill, x: p.x, y: p.y}, {i, fill: p.fill, x: p.x2, y: p.y});
      if (bins[k + 1]?.x !== p.x2) outline.push({i, fill: p.fill, x: p.x2, y: amount.base});
    });
  });
  spec.data = [{name: "outline", values: outline}, {name: "points", values: panel.points}];
  const at = {x: scaled("x", "x"), y: scaled("amount", "y")};
  const inner = [{type: "line", aria: false, interactive: false, from: {data: "series"}, encode: {enter: {...at, stroke: {field: "fill"}, strokeWidth: {value: 1.75}}}}];
  if (data.series.length <= 3) {
    inner.unshift({type: "area", aria: false, interactive: false, from: {data: "series"}, encode: {enter: {...at, y2: base, fill: {field: "fill"}, fillOpacity: {value: 0.2}}}});
  }
  spec.marks = [{type: "group", aria: false, from: {facet: {name: "series", data: "outline", groupby: "i"}}, marks: inner},
    mark("rect", "points", {x: scaled("x", "x"), x2: scaled("x", "x2"), y: scaled("amount", "y"), y2: base, fill: {value: "transparent"}})];
  return spec;
}

/// Largest amount of colour of all panels, and whether some are below 0.
function heatRange(data) {
  const [low, high] = extent(data.panels.flatMap((panel) => panel.points.map((p) => p.c))) ?? [0, 1];
  return {low: Math.min(0, low), high: Math.max(0, high), most: Math.max(Math.abs(low), Math.abs(high)) || 1};
}

/// In a cell there is no room for powers of ten.
function cellNumber(value, column) {
  const text = numberText(value, column);
  return text.includes("e-") ? (0).toFixed(column.digits) : text;
}

function heatSpec(data, panel, width) {
  const columns = placed(panel.points, "x", false);
  const rows = placed(panel.points, "y", false);
  const {most} = heatRange(data);
  const step = rows.length > 40 ? 17 : 24;
  const spec = emptySpec(data, width, Math.max(1, rows.length) * step);
  const names = nameAxis(data, "y", width, 0.32);
  const cell = (width - names.minExtent) / Math.max(1, columns.length);
  const values = panel.points.map((p) => {
    const share = Math.abs(p.c) / most;
    return {...p, share: share === 0 ? 0 : 0.06 + 0.94 * share, fill: p.c < 0 ? "var(--cold)" : "var(--heat)", label: cellNumber(p.c, data.columns.color)};
  });
  spec.scales = [...categoryScales("x", columns, {type: "band", range: "width"}), ...categoryScales("y", rows, {type: "band", range: "height"})];
  spec.data = [{name: "points", values}];
  const axis = categoryAxis(columns, cell, "");
  const top = axis.labelAngle ? {labelAlign: "left", labelBaseline: "bottom"} : {};
  spec.axes = [{...axis, ...top, orient: "top", domain: false, labelColor: "var(--ink)"}, names];
  const place = {x: scaled("x", "xAt"), y: scaled("y", "yAt"), width: {scale: "x", band: 1}, height: {scale: "y", band: 1}};
  spec.marks = [mark("rect", "points", {...place, fill: {field: "fill"}, fillOpacity: {field: "share"}, stroke: {value: "var(--page)"}, strokeWidth: {value: 1}})];
  if (cell >= 1.2 * values.reduce((m, p) => Math.max(m, textWidth(p.label)), 0) && values.length <= 600) {
    spec.marks.push({...mark("text", "points", {x: scaled("x", "xAt", {band: 0.5}), y: scaled("y", "yAt", {band: 0.5}), text: {field: "label"},
      align: {value: "center"}, baseline: {value: "middle"}, fill: {value: "var(--ink)"}}), interactive: false});
  }
  return spec;
}

function pointSpec(data, panel, width) {
  const spec = emptySpec(data, width, width < 500 ? 260 : 360);
  const amount = amountScale(data, "height", {zero: false});
  const along = numberScale(data, width, "dots");
  const drawn = drawnPoints(panel.points, lowest(data, amount));
  drawn.sort((a, b) => b.i - a.i);
  spec.scales = [amount.scale, along.scale];
  spec.title = amountTitle(data);
  spec.data = [{name: "points", values: drawn}, {name: "errors", values: drawn.filter((p) => p.e !== null)}];
  spec.axes = [{orient: "left", scale: "amount", grid: true, tickCount: 6, ...amount.axis}, {...along.axis, grid: true}];
  const many = drawn.length > 500;
  spec.marks = [
    mark("rule", "errors", {x: scaled("x", "x"), y: scaled("amount", "low"), y2: scaled("amount", "high"), stroke: {field: "fill"}}),
    mark("symbol", "points", {x: scaled("x", "x"), y: scaled("amount", "y"), fill: {field: "fill"}, size: {value: many ? 16 : 45}, opacity: {value: many ? 0.55 : 0.85}})];
  return spec;
}

const specOf = {bars: (d, p, w) => barSpec(d, p, w, "x"), columns: (d, p, w) => barSpec(d, p, w, "y"), lines: lineSpec, histogram: histogramSpec, heat_map: heatSpec,
  points: pointSpec};
