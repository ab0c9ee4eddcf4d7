"use strict";
// Sorts, filters and expands the table of sightings. Text of the page is only compared and copied as text.
(() => {
  const table = document.getElementById("rows");
  const tools = document.getElementById("tools");
  const filter = document.getElementById("filter");
  const outcome = document.getElementById("outcome");
  const period = document.getElementById("period");
  const expand = document.getElementById("expand");
  const status = document.getElementById("status");
  const rows = Array.from(table.tBodies, (body) => ({ body, cells: body.rows[0].cells, text: null }));
  let start = "";
  const number = new Intl.NumberFormat("en-US");

  const text = (row) => {
    if (row.text === null) row.text = row.body.textContent.toLowerCase();
    return row.text;
  };

  const apply = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter((word) => word !== "");
    let shown = 0;
    for (const row of rows) {
      const matches = (outcome.value === "" || row.body.className === outcome.value)
        && (start === "" || row.cells[1].textContent.startsWith(start))
        && words.every((word) => text(row).includes(word));
      row.body.hidden = !matches;
      if (matches) shown += 1;
    }
    status.textContent = number.format(shown) + " of " + number.format(rows.length) + " rows";
    period.hidden = start === "";
    period.textContent = start + " \u00d7";
    period.setAttribute("aria-label", "Remove the filter by time " + start);
  };

  const show = (element) => {
    element.scrollIntoView({ block: "start" });
    filter.focus({ preventScroll: true });
  };

  const sort = (column, header) => {
    const descends = header.getAttribute("aria-sort") === "ascending";
    for (const other of header.parentNode.cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", descends ? "descending" : "ascending");
    const key = (row) => row.cells[column].textContent.trim();
    const compare = new Intl.Collator("en", { numeric: true }).compare;
    const keyed = rows.map((row) => ({ row, key: key(row) }));
    keyed.sort((one, other) => (descends ? compare(other.key, one.key) : compare(one.key, other.key)));
    const sorted = document.createDocumentFragment();
    for (const { row } of keyed) sorted.append(row.body);
    table.append(sorted);
  };

  const wrap = (element, act) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...element.childNodes);
    button.addEventListener("click", act);
    element.append(button);
  };

  Array.from(table.tHead.rows[0].cells, (header, column) => wrap(header, () => sort(column, header)));

  for (const element of document.querySelectorAll(".pick")) {
    if (element.parentNode.tagName === "SUMMARY") continue;
    const value = element.textContent;
    wrap(element, () => {
      filter.value = value;
      apply();
      show(tools);
    });
  }

  for (const link of document.querySelectorAll("a[href^='#bar-']")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      start = link.dataset.start;
      apply();
      show(tools);
    });
  }

  let timer = 0;
  filter.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(apply, 120);
  });
  outcome.addEventListener("change", apply);
  period.addEventListener("click", () => {
    start = "";
    apply();
    filter.focus();
  });
  expand.addEventListener("click", () => {
    const opens = expand.textContent === "Expand records";
    for (const row of rows) {
      const details = row.body.hidden ? null : row.body.querySelector("details");
      if (details !== null) details.open = opens;
    }
    expand.textContent = opens ? "Collapse records" : "Expand records";
  });
  for (const row of rows) {
    const details = row.body.querySelector("details");
    if (details === null) break;
    details.firstElementChild.title = "Show or hide the record";
  }

  tools.hidden = rows.length === 0;
  apply();
})();
