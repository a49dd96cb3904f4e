
/// A chart's figure: panels, legend, notes, buttons. Drawn again where its width changes.
class ChartView {
  constructor(place, chart, table) {
    this.chart = chart;
    this.table = table;
    this.views = [];
    this.width = 0;
    this.full = false;
    this.legend = make("div", {className: "legend"});
    this.panels = make("div", {className: "panels"});
    this.notes = make("p", {className: "notes"});
    this.more = make("button", {type: "button", className: "quiet", hidden: true, onclick: () => this.grow()});
    const data = make("a", {href: `#${table.id}`, "aria-label": `Data of ${shown(chart.title)}: table ${shown(table.title)}`}, "data");
    const foot = make("div", {className: "foot"}, this.notes, make("div", {className: "downloads"}, this.more, data, ...downloadButtons(table)));
    place.append(this.legend, this.panels, foot);
    this.drawn = this.draw();
    new ResizeObserver(() => {
      if (Math.abs(this.panels.clientWidth - this.width) > 4) this.drawn = this.drawn.then(() => this.draw());
    }).observe(this.panels);
  }

  grow() {
    this.full = !this.full;
    this.drawn = this.drawn.then(() => this.draw());
  }

  async draw() {
    this.width = this.panels.clientWidth;
    for (const view of this.views) view.finalize();
    this.views = [];
    const data = new ChartData(this.chart, this.table, this.full);
    this.notes.textContent = shown(data.notes.join(" "));
    this.more.hidden = !data.canGrow;
    this.more.textContent = this.full ? "Draw fewer" : "Draw all";
    this.legend.replaceChildren(...legendOf(data));
    const several = data.panels.length > 1 || Boolean(this.chart.facet);
    this.panels.classList.toggle("several", several);
    this.panels.replaceChildren();
    if (data.points.length === 0) {
      this.panels.append(make("p", {className: "none"}, "Nothing to draw: the table has no row with a value."));
      return;
    }
    const width = several && this.width >= 640 ? Math.floor((this.width - 24) / 2) : this.width;
    for (const panel of data.panels) {
      const plot = make("div", {className: "plot"});
      this.panels.append(make("div", {className: "panel"}, ...(several ? [make("h4", {title: panel.name}, shortened(panel.name))] : []), plot));
      try {
        await this.plot(plot, data, panel, width, several);
      } catch (error) {
        // One chart that fails takes no other with it.
        plot.replaceChildren(make("p", {className: "none"}, `This chart could not be drawn (${shown(String(error.message))}); its table has the figures.`));
      }
    }
  }

  async plot(place, data, panel, width, several) {
    const spec = specOf[this.chart.kind](data, panel, width);
    if (several) spec.description = `${panel.name}. ${spec.description}`;
    // No part of a chart is compiled: expressions are interpreted, as the page's policy wants it.
    const view = new vega.View(vega.parse(spec, null, {ast: true}), {expr: vega.expressionInterpreter, renderer: "svg", container: place, hover: false, tooltip: showTip});
    this.views.push(view);
    await view.runAsync();
  }
}

function legendOf(data) {
  if (data.chart.kind === "heat_map") return heatLegend(data);
  if (!data.columns.series) return [];
  const named = data.series.slice(0, mostSeries);
  const entry = (color, name) => make("li", {title: name}, swatch(color), shortened(name));
  const items = named.map((name, i) => entry(seriesColor(i), name));
  if (data.series.length > mostSeries) items.push(entry(grey, `${data.series.length - mostSeries} others`));
  return [make("ul", {"aria-label": shown(data.columns.series.title)}, ...items)];
}

const shortened = (name) => (name.length > 60 ? `${name.slice(0, 59)}…` : name);

function swatch(color) {
  const mark = make("span", {className: "swatch", "aria-hidden": "true"});
  mark.style.background = color;
  return mark;
}

function heatLegend(data) {
  const {low, high, most} = heatRange(data);
  const ramp = make("span", {className: "ramp", "aria-hidden": "true"});
  const tone = (color, share) => `color-mix(in srgb, ${color} ${Math.round(100 * share)}%, var(--page))`;
  const stops = low < 0 ? [tone("var(--cold)", -low / most), `var(--page) ${Math.round((100 * -low) / (high - low))}%`] : ["var(--page)"];
  ramp.style.background = `linear-gradient(to right, ${[...stops, tone("var(--heat)", high / most)].join(", ")})`;
  const column = data.columns.color;
  return [make("p", {}, `${shown(column.title)}  ${numberText(low, column)} `, ramp, ` ${numberText(high, column)}`)];
}

const tip = make("div", {className: "tip", hidden: true, "aria-hidden": "true"});

/// Vega's hook: `value` is the list of a row's columns and cells, or nothing.
function showTip(handler, event, item, value) {
  tip.hidden = !value;
  if (!value) return;
  tip.replaceChildren(make("dl", {}, ...value.flatMap(([name, cell]) => [make("dt", {}, name), make("dd", {}, cell)])));
  const left = Math.min(event.clientX + 14, window.innerWidth - tip.offsetWidth - 8);
  const below = event.clientY + 16;
  const top = below + tip.offsetHeight > window.innerHeight ? event.clientY - tip.offsetHeight - 12 : below;
  tip.style.left = `${Math.max(4, left)}px`;
  tip.style.top = `${Math.max(4, top)}px`;
}
