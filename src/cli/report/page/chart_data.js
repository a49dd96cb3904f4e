
const mostBars = 50;      // drawn unless all are asked for
const mostCells = 60;     // of a heat map, along each side, likewise
const mostSeries = 8;     // with a colour of their own
const mostFacets = 24;
const mostPoints = 5000;  // of a chart

const grey = "var(--faint)";
const seriesColor = (i) => (i < mostSeries ? `var(--s${i + 1})` : grey);

/// Distinct values in the order in which they come.
const distinct = (values) => [...new Set(values)];

/// What a chart draws of its table: points, panels (one a facet), series, and notes about what it leaves out.
class ChartData {
  constructor(chart, table, full) {
    this.chart = chart;
    this.notes = [];
    this.columns = {};
    for (const part of ["x", "x_end", "y", "series", "facet", "color", "error"]) {
      this.columns[part] = chart[part] ? table.columns.find((column) => column.key === chart[part]) : null;
    }
    const at = Object.fromEntries(Object.entries(this.columns).map(([part, column]) => [part, table.columns.indexOf(column)]));
    const category = (row, part) => (this.columns[part] ? cellText(row[at[part]], this.columns[part]) : "");
    const value = (row, part) => (this.columns[part] ? row[at[part]] : null);
    this.numericX = ["lines", "histogram", "points"].includes(chart.kind) && isNumber(this.columns.x);
    this.points = table.rows.map((row) => ({
      x: this.numericX ? value(row, "x") : category(row, "x"), x2: value(row, "x_end"),
      y: chart.kind === "heat_map" ? category(row, "y") : value(row, "y"),
      c: value(row, "color"), e: value(row, "error"), series: category(row, "series"), facet: category(row, "facet"),
      tip: table.columns.filter((column) => column.kind !== "picture").slice(0, 12)
        .map((column) => [shown(column.title), cellText(row[table.columns.indexOf(column)], column)])}));
    if (table.total > table.rows.length) this.notes.push(`Drawn are the ${counted(table.rows.length, "row")} that this page holds.`);
    this.dropUndrawable();
    this.arrangeSeries();
    this.arrangeFacets();
    this.cut(full);
  }

  dropUndrawable() {
    const {kind, y_log: log} = this.chart;
    const amount = kind === "heat_map" ? "c" : "y";
    const whole = (p) => !this.numericX || (p.x !== null && (kind !== "histogram" || p.x2 !== null));
    const keepsPlace = kind === "bars" || kind === "columns";  // a bar without a value still has its name
    const before = this.points.length;
    this.points = this.points.filter((p) => whole(p) && (keepsPlace || p[amount] !== null || kind === "lines"));
    const absent = before - this.points.length + this.points.filter((p) => p[amount] === null).length;
    if (absent > 0) this.notes.push(`${counted(absent, "row")} without a value ${absent === 1 ? "is" : "are"} not drawn.`);
    if (!log) return;
    const low = this.points.filter((p) => p.y !== null && p.y <= 0);
    for (const p of low) p.y = null;
    if (low.length > 0 && kind !== "histogram") this.notes.push(`${counted(low.length, "value")} of 0 or below can't be shown on a logarithmic axis.`);
    if (kind !== "bars" && kind !== "columns" && kind !== "lines") this.points = this.points.filter((p) => p.y !== null);
  }

  arrangeSeries() {
    this.series = this.columns.series ? distinct(this.points.map((p) => p.series)) : [""];
    const rank = new Map(this.series.map((name, i) => [name, i]));
    if (this.series.length > mostSeries && (this.chart.kind === "lines" || this.chart.kind === "points")) {
      // The largest get the colours; the rest stay as a background.
      const largest = new Map(this.series.map((name) => [name, -Infinity]));
      for (const p of this.points) if (p.y !== null) largest.set(p.series, Math.max(largest.get(p.series), p.y));
      this.series.sort((a, b) => largest.get(b) - largest.get(a) || rank.get(a) - rank.get(b));
      this.series.forEach((name, i) => rank.set(name, i));
      this.notes.push(`${mostSeries} of ${this.series.length} series, those of the largest values, have a colour; the others are grey.`);
    } else if (this.series.length > mostSeries) {
      this.notes.push(`The first ${mostSeries} of ${this.series.length} series are drawn.`);
      this.series = this.series.slice(0, mostSeries);
      this.points = this.points.filter((p) => rank.get(p.series) < mostSeries);
    }
    // One colour above 0 and another below, where bars have no other meaning of colour.
    const signed = !this.columns.series && (this.chart.kind === "bars" || this.chart.kind === "columns");
    for (const p of this.points) {
      p.i = rank.get(p.series);
      p.fill = signed && p.y < 0 ? "var(--s2)" : seriesColor(p.i);
    }
  }

  arrangeFacets() {
    let facets = this.columns.facet ? distinct(this.points.map((p) => p.facet)) : [""];
    if (facets.length > mostFacets) {
      this.notes.push(`The first ${mostFacets} of ${facets.length} charts are drawn.`);
      facets = facets.slice(0, mostFacets);
    }
    const groups = new Map(facets.map((name) => [name, []]));
    for (const p of this.points) groups.get(p.facet)?.push(p);
    this.panels = [...groups].map(([name, points]) => ({name, points}));
    if (this.panels.length === 0) this.panels = [{name: "", points: []}];
  }

  /// What would not fit on a screen is drawn when asked for.
  cut(full) {
    const {kind} = this.chart;
    this.canGrow = false;
    const limit = (part, most, noun) => {
      for (const panel of this.panels) {
        const names = distinct(panel.points.map((p) => p[part]));
        if (names.length <= most) continue;
        this.canGrow = true;
        if (full) continue;
        const kept = new Set(names.slice(0, most));
        panel.points = panel.points.filter((p) => kept.has(p[part]));
        this.notes.push(`The first ${most} of ${names.length.toLocaleString("en-US")} ${noun} are drawn${panel.name ? ` of ${panel.name}` : ""}.`);
      }
    };
    if (kind === "bars") limit("x", mostBars, "bars");
    if (kind === "heat_map") {
      limit("x", mostCells, "columns");
      limit("y", mostCells, "rows");
    }
    if (kind !== "points") return;
    for (const panel of this.panels) {
      if (panel.points.length <= mostPoints) continue;
      const step = panel.points.length / mostPoints;
      this.notes.push(`${mostPoints.toLocaleString("en-US")} of ${panel.points.length.toLocaleString("en-US")} points, chosen evenly, are drawn.`);
      panel.points = Array.from({length: mostPoints}, (_, i) => panel.points[Math.floor(i * step)]);
    }
  }
}
