
/// Light, dark, or what the reader's system has.
function themeSwitch(button) {
  const names = ["system", "light", "dark"];
  let at = 0;
  const apply = () => {
    if (at === 0) delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = names[at];
    button.textContent = `Theme: ${names[at]}`;
  };
  button.addEventListener("click", () => {
    at = (at + 1) % names.length;
    apply();
  });
  apply();
  button.hidden = false;
}

/// One search for all tables and cards.
function search(field, status, tables) {
  const cards = [...document.querySelectorAll(".rows > li")].map((card) => ({card, text: card.textContent.toLowerCase()}));
  let timer = 0;
  const run = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let rows = 0;
    for (const table of tables) rows += table.filter(words);
    let found = 0;
    for (const {card, text} of cards) {
      card.hidden = !words.every((word) => text.includes(word));
      found += card.hidden ? 0 : 1;
    }
    const cardsFound = cards.length > 0 ? ` and ${counted(found, "card")}` : "";
    status.textContent = words.length > 0 ? `${counted(rows, "row")}${cardsFound} found` : "";
  };
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(run, 120);
  });
  // The same field, from anywhere: "/".
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      field.focus();
    }
    if (event.key === "Escape") tip.hidden = true;
  });
}

async function start() {
  const content = JSON.parse(byId("content").textContent);
  themeSwitch(byId("theme"));
  const tables = [];
  content.documents.forEach((doc, d) => {
    doc.tables.forEach((table, t) => {
      table.id = `d${d + 1}-t${t + 1}`;
      tables.push(new TableView(byId(table.id).querySelector(".body"), table, content.pictures));
    });
  });
  search(byId("search"), byId("found"), tables);
  byId("tools").hidden = false;
  document.body.append(tip);
  window.addEventListener("scroll", () => { tip.hidden = true; }, {passive: true});
  if (typeof vega === "undefined") return;
  for (const [d, doc] of content.documents.entries()) {
    for (const [c, chart] of doc.charts.entries()) {
      const view = new ChartView(byId(`d${d + 1}-c${c + 1}`).querySelector(".body"), chart, doc.tables.find((table) => table.key === chart.table));
      await view.drawn;
    }
  }
}

start().then(() => { document.documentElement.dataset.ready = "true"; });
})();
