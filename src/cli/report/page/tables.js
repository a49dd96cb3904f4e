
const mostRows = 200;  // of a table shown at once

/// Fills an element with a table that sorts, filters and turns pages.
class TableView {
  constructor(place, table, pictures) {
    this.table = table;
    this.pictures = pictures;
    this.sort = null;  // {column, descending}
    this.first = 0;
    this.order = table.rows.map((_, i) => i);
    this.texts = null;  // of rows, in small letters, made when first searched
    this.words = [];  // of the search, in small letters
    this.build(place);
    this.fill();
  }

  build(place) {
    const heads = this.table.columns.map((column, i) => this.head(column, i));
    this.body = make("tbody");
    const grid = make("table", {className: "data"}, make("caption", {className: "hidden"}, shown(this.table.title)),
      make("thead", {}, make("tr", {}, ...heads)), this.body);
    this.scroller = make("div", {className: "scroller", tabIndex: 0, role: "region", "aria-label": `Table: ${shown(this.table.title)}`}, grid);
    this.status = make("p", {className: "status", role: "status"});
    this.previous = make("button", {type: "button", className: "quiet", onclick: () => this.turn(-mostRows)}, "Previous");
    this.next = make("button", {type: "button", className: "quiet", onclick: () => this.turn(mostRows)}, "Next");
    this.pager = make("div", {className: "pager", hidden: true}, this.previous, this.next);
    const foot = make("div", {className: "foot"}, this.status, this.pager, make("div", {className: "downloads"}, ...downloadButtons(this.table)));
    place.append(this.scroller, foot);
    this.heads = heads;
  }

  head(column, i) {
    const button = make("button", {type: "button", onclick: () => this.sortBy(i)}, shown(column.title), make("span", {className: "arrow", "aria-hidden": "true"}));
    return make("th", {scope: "col", "aria-sort": "none", className: isNumber(column) ? "number" : ""}, button);
  }

  sortBy(i) {
    const column = this.table.columns[i];
    const again = this.sort?.column === i;
    // Largest first where amounts are sorted: that is what is looked for.
    const descending = again ? !this.sort.descending : isNumber(column);
    this.sort = {column: i, descending};
    this.heads.forEach((head, k) => head.setAttribute("aria-sort", k !== i ? "none" : descending ? "descending" : "ascending"));
    this.first = 0;
    this.arrange();
  }

  /// Rows in which each of these words stands.
  filter(words) {
    this.words = words;
    this.first = 0;
    this.arrange();
    return this.order.length;
  }

  arrange() {
    const rows = this.table.rows;
    if (this.words.length > 0) {
      this.texts ??= rows.map((row) => row.map((cell, i) => cellText(cell, this.table.columns[i])).join("\n").toLowerCase());
    }
    this.order = rows.map((_, i) => i).filter((i) => this.words.every((word) => this.texts[i].includes(word)));
    if (this.sort) {
      const {column, descending} = this.sort;
      this.order.sort((a, b) => compareCells(rows[a][column], rows[b][column], descending) || a - b);
    }
    this.fill();
  }

  turn(by) {
    this.first += by;
    this.fill();
    this.scroller.scrollTop = 0;
    this.scroller.focus({preventScroll: true});
  }

  fill() {
    const last = Math.min(this.first + mostRows, this.order.length);
    this.body.replaceChildren(...this.order.slice(this.first, last).map((i) => this.row(this.table.rows[i])));
    if (this.order.length === 0) {
      const nothing = this.table.rows.length === 0 ? "No rows." : "No row matches the search.";
      this.body.append(make("tr", {}, make("td", {colSpan: this.table.columns.length, className: "none"}, nothing)));
    }
    this.pager.hidden = this.order.length <= mostRows;
    this.previous.disabled = this.first === 0;
    this.next.disabled = last >= this.order.length;
    this.status.textContent = this.statusText(last);
  }

  statusText(last) {
    const all = this.table.rows.length;
    const cut = this.table.total > all ? `; the table has ${this.table.total.toLocaleString("en-US")}, of which this page holds the first ${all.toLocaleString("en-US")}` : "";
    const found = this.order.length < all ? ` of ${counted(all, "row")}` : "";
    const part = this.order.length > mostRows ? `Rows ${(this.first + 1).toLocaleString("en-US")}–${last.toLocaleString("en-US")} of ` : "";
    return `${part}${found ? this.order.length.toLocaleString("en-US") + found : counted(all, "row")}${cut}`;
  }

  row(cells) {
    return make("tr", {}, ...cells.map((cell, i) => this.cell(cell, this.table.columns[i], i)));
  }

  cell(cell, column, i) {
    const kind = isNumber(column) ? "number" : column.kind === "picture" ? "thumbnail" : "";
    // The first column of text names its row.
    const element = i === 0 && !isNumber(column) ? make("th", {scope: "row", className: kind}) : make("td", {className: kind});
    if (column.kind === "picture" && cell !== null) element.append(...this.picture(cell));
    else element.textContent = cellText(cell, column);
    return element;
  }

  picture(path) {
    const name = shown(fileName(path));
    const data = Object.hasOwn(this.pictures, path) ? this.pictures[path] : null;
    if (data?.uri) return [make("img", {src: data.uri, alt: name, title: name, loading: "lazy"})];
    return [name, make("span", {className: "absent"}, data ? ` (${shown(data.missing)})` : " (not shown: --report-limit)")];
  }
}
