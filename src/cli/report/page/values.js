"use strict";
// The parts of this script stand behind one another in one function: see assets.cmake.
(() => {
const byId = (id) => document.getElementById(id);

/// An element with properties, attributes (names with "-" or "role") and children (elements or text, which is never markup).
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role" || name === "scope") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

/// As html_text of the command: what drives a terminal or turns the writing direction is not shown.
function shown(text) {
  return text.replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "").replace(/[\t\n]/g, " ").replace(/[\u0000-\u001f\u007f-\u009f]/g, "\ufffd");
}

const isNumber = (column) => column.kind === "integer" || column.kind === "number";

function numberText(value, column) {
  if (column.kind === "integer") return isYear(value, column) ? String(value) : value.toLocaleString("en-US");
  const visible = value === 0 || Math.abs(value) >= 0.5 * 10 ** -column.digits;
  if (!visible || Math.abs(value) >= 1e9) return value.toExponential(1);
  return value.toLocaleString("en-US", {minimumFractionDigits: column.digits, maximumFractionDigits: column.digits});
}

/// Years are not amounts: 2010 is not "2,010".
function isYear(value, column) {
  return /year/i.test(column.key) && value >= 1000 && value < 3000;
}

function fileName(path) {
  return path.split("/").pop() || path;
}

/// A cell as people read it.
function cellText(cell, column) {
  if (cell === null) return "–";
  if (column.kind === "picture") return shown(fileName(cell));
  return typeof cell === "string" ? shown(cell) : numberText(cell, column);
}

const collator = new Intl.Collator("en", {numeric: true, sensitivity: "base"});

/// Order of two cells of one column; null is behind all.
function compareCells(a, b, descending) {
  if (a === null || b === null) return (a === null) - (b === null);
  const order = typeof a === "string" ? collator.compare(a, b) : a - b;
  return descending ? -order : order;
}

/// RFC 4180, as `splice report --tables-out` writes it.
function csvText(table) {
  const field = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const cell = (value) => (value === null ? "" : field(String(value)));
  const lines = [table.columns.map((column) => field(column.key)), ...table.rows.map((row) => row.map(cell))];
  // An empty field alone would be a blank line, which readers skip.
  return lines.map((line) => (line.join(",") || '""') + "\n").join("");
}

function jsonText(table) {
  const record = (row) => Object.fromEntries(table.columns.map((column, i) => [column.key, row[i]]));
  return JSON.stringify({key: table.key, title: table.title, columns: table.columns, rows: table.rows.map(record)}, null, 1) + "\n";
}

function download(name, type, text) {
  const address = URL.createObjectURL(new Blob([text], {type}));
  const link = make("a", {href: address, download: name, hidden: true});
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

/// "CSV" and "JSON" buttons for a table.
function downloadButtons(table) {
  const button = (kind, type, text) => make("button", {type: "button", className: "quiet", "aria-label": `Download ${shown(table.title)} as ${kind}`,
    onclick: () => download(`${table.key}.${kind.toLowerCase()}`, type, text(table))}, kind);
  return [button("CSV", "text/csv;charset=utf-8", csvText), button("JSON", "application/json", jsonText)];
}

const counted = (count, noun) => `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;
